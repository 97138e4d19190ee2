/** Globs, compared with a naive reference. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileGlob } from "../../../src/transform/rules/glob.ts";

/** By definition, trying all that "*" could be. */
function matchesNaively(glob: readonly string[], text: readonly string[]): boolean {
  const [first, ...rest] = glob;
  if (first === undefined) return text.length === 0;
  if (first === "*") {
    return text.concat("").some((_, i) => matchesNaively(rest, text.slice(i)));
  }
  return text.length > 0 && (first === "?" || first === text[0]) &&
    matchesNaively(rest, text.slice(1));
}

const CHARACTER = fc.constantFrom("a", "b", "-", "😀");

test("matches what the definition of globs matches", () => {
  const glob = fc.array(fc.oneof(CHARACTER, fc.constantFrom("*", "?")), { maxLength: 7 });
  fc.assert(
    fc.property(glob, fc.array(CHARACTER, { maxLength: 7 }), (parts, text) => {
      expect(compileGlob(parts.join("")).matches(text.join("")))
        .toBe(matchesNaively(parts, text));
    }),
    { numRuns: 2000 },
  );
});

describe("a glob", () => {
  test.each([
    ["web-01", "web-01", true],
    ["web-01", "web-011", false],
    ["web-*", "web-", true],
    ["*-01", "web-01", true],
    ["*eb*", "web-01", true],
    ["w?b-*1", "web-01", true],
    ["Web-*", "web-01", false],
    ["a.b", "axb", false],
    ["[ab]*", "abc", false],
    ["*", "line 1\nline 2", true],
  ])("%s and %j: %s", (glob, text, expected) => {
    expect(compileGlob(glob).matches(text)).toBe(expected);
  });

  test("with many wildcards takes no more steps than the product of the lengths", () => {
    // A matcher that tries every combination would not end.
    const text = "a".repeat(20_000);
    expect(compileGlob(`${"*a".repeat(200)}b`).matches(text)).toBe(false);
    expect(compileGlob(`${"*a".repeat(200)}*`).matches(text)).toBe(true);
  });
});
