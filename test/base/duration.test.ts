/** Durations as text, parsed and formatted. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  durationMs,
  durationText,
  elapsedMs,
  periodMs,
  periodText,
} from "../../src/base/duration.ts";

test.each([["0", 0], ["20ms", 20], ["1.5s", 1500], ["2m", 120_000]])("%s is %i ms", (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test.each(["", "5", "-1s", "1h", "s", "1 s", "1.2345s", "1e3s", "9999999s"])(
  "%j is not a duration",
  (text) => {
    expect(durationMs(text)).toBeUndefined();
  },
);

test.each([["0", 0], ["30m", 1_800_000], ["12h", 43_200_000], ["7d", 604_800_000], [
  "2w",
  1_209_600_000,
]])(
  "%s is a period of %i ms",
  (text, ms) => expect(periodMs(text)).toBe(ms),
);

test.each(["", "7", "-1d", "7 d", "1y", "d", "1d12h", "123456d"])("%j is not a period", (text) => {
  expect(periodMs(text)).toBeUndefined();
});

test("a formatted duration is parsed to nearly the same value", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 10_000_000 }), (ms) => {
    const back = durationMs(durationText(ms)) ?? NaN;
    expect(Math.abs(back - ms)).toBeLessThanOrEqual(Math.max(ms * 0.051, 1));
  }));
});

test.each([[0, "0m"], [3_600_000, "1h"], [129_600_000, "1.5d"], [1_209_599_999, "13.9d"]])(
  "%i ms is shown as %s, rounded down",
  (ms, text) => {
    expect(periodText(ms)).toBe(text);
  },
);

test("the time between two times is negative if the second is earlier", () => {
  expect(elapsedMs("2026-01-01T23:00:00Z", "2026-01-02T00:00:00Z")).toBe(3_600_000);
  expect(elapsedMs("2026-01-02T00:00:00Z", "2026-01-01T23:00:00Z")).toBe(-3_600_000);
});
