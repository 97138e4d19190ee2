/** Tokens of `receive` and their lifetime. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Tokens } from "../../src/rehearse/receive/tokens.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

test("a token of receive has its scope until it expires", () => {
  const tokens = new Tokens(5000);
  const token = tokens.issue("diode:ingest");
  vi.advanceTimersByTime(4999);
  expect(tokens.scopeOf(token)).toBe("diode:ingest");
  vi.advanceTimersByTime(1);
  expect(tokens.scopeOf(token)).toBeUndefined();
});

test("tokens of receive are unique and expire independently", () => {
  const tokens = new Tokens(5000);
  const first = tokens.issue("a");
  vi.advanceTimersByTime(3000);
  const second = tokens.issue("b");
  expect(first).not.toBe(second);
  vi.advanceTimersByTime(3000);
  const third = tokens.issue("c");
  expect([first, second, third].map((token) => tokens.scopeOf(token))).toEqual([
    undefined,
    "b",
    "c",
  ]);
  expect([tokens.count, tokens.scopeOf("made-up")]).toEqual([3, undefined]);
});
