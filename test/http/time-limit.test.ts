/** A task that has so much time: it is told when that is over, and nothing is left of it afterwards. */
import { getEventListeners } from "node:events";
import { expect, test, vi } from "vitest";
import { withinTime } from "../../src/http/retry.ts";

/** Fails with what its signal is aborted with. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });
}

test("a task that takes too long is aborted as timed out", async () => {
  const { signal } = new AbortController();
  await expect(withinTime({ signal, ms: 5 }, untilAborted)).rejects.toMatchObject({
    name: "TimeoutError",
  });
});

test("a task that nobody wants any more is aborted with the reason, also before it begins", async () => {
  const stop = new AbortController();
  const running = withinTime({ signal: stop.signal, ms: 60_000 }, untilAborted);
  stop.abort(new Error("no longer wanted"));
  await expect(running).rejects.toThrow("no longer wanted");
  await expect(withinTime({ signal: stop.signal, ms: 60_000 }, untilAborted))
    .rejects.toThrow("no longer wanted");
});

test("a task that is done leaves no timer, and nothing that listens", async () => {
  vi.useFakeTimers();
  try {
    const { signal } = new AbortController();
    for (const outcome of ["done", "failed"]) {
      const task = async () => await (outcome === "done" ? outcome : Promise.reject(outcome));
      const result = await withinTime({ signal, ms: 60_000 }, task).catch((reason: unknown) =>
        reason
      );
      expect(result).toBe(outcome);
    }
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});
