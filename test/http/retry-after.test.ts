/** How long a server may make us wait. */
import { expect, test } from "vitest";
import { retryAfterMs } from "../../src/http/retry.ts";

test.each([
  [null, undefined],
  ["", undefined],
  ["2", 2000],
  ["0.5", 500],
  ["-3", 0],
  ["soon", undefined],
  ["86400", 60_000],
  ["Wed, 21 Oct 2015 07:28:00 GMT", 0],
])("Retry-After %j is a wait of %s ms", (header, ms) => {
  expect(retryAfterMs(header, 60_000)).toBe(ms);
});

test("Retry-After may be a date", () => {
  const inHalfAMinute = new Date(Date.now() + 30_000).toUTCString();
  expect(Math.abs((retryAfterMs(inHalfAMinute, 60_000) ?? 0) - 30_000)).toBeLessThan(2000);
});
