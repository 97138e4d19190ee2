/** How long a call of the capture waits before it is made again. */
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { Passing, retrying } from "../../src/capture/failures.ts";

/** Milliseconds until the second attempt, whose own pause is `ownMs`. */
async function waited(ownMs: number, retryAfterMs: number): Promise<number> {
  let calls = 0;
  const start = performance.now();
  await retrying(() => {
    calls += 1;
    if (calls === 1) throw new Passing({ status: 503 }, retryAfterMs);
    return Promise.resolve({ status: 200, data: null });
  }, {
    attempts: 2,
    firstDelayMs: ownMs,
    longestDelayMs: 10_000,
    signal: new AbortController().signal,
  });
  return performance.now() - start;
}

describe("the pause before a call is repeated", () => {
  beforeEach(() => {
    // No jitter.
    const random = vi.spyOn(Math, "random").mockReturnValue(0);
    onTestFinished(() => random.mockRestore());
  });

  test.each([
    ["Retry-After, when it is longer", 300, 400],
    ["its own, when Retry-After is shorter", 400, 300],
    ["its own, without Retry-After", 400, 0],
  ])("is %s: never the sum of both", async (_, ownMs, retryAfterMs) => {
    const ms = await waited(ownMs, retryAfterMs);
    // Timers may fire a millisecond early.
    expect(ms).toBeGreaterThanOrEqual(398);
    expect(ms).toBeLessThan(650);
  });
});
