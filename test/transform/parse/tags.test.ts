/** A guest's tags → names; a name → a slug that no other name has. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { slugOf, splitTags } from "../../../src/transform/parse/tags.ts";
import { anyText, lookalike } from "../../helpers/arbitraries.ts";

const VALID_SLUG_REGEXP = /^[a-z0-9_-]{1,100}$/;

/** As Proxmox takes them: [a-z0-9_][a-z0-9_\-+.]*, in any case. */
const tagName = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9_\-+.]{0,11}$/);
/** Few letters, so that names often differ in one mark or in case alone. */
const closeName = fc.string({ unit: fc.constantFrom(..."aAb.+-_ é"), minLength: 1, maxLength: 5 });

function hashOf(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 6);
}

describe("tags", () => {
  test.each<[string, string[]]>([
    ["web", ["web"]],
    ["prod;web", ["prod", "web"]],
    ["one, two, three", ["one", "three", "two"]],
    ["one two\tthree\nfour", ["four", "one", "three", "two"]],
    ["a;b,c d", ["a", "b", "c", "d"]],
    ["web;web;prod", ["prod", "web"]],
    ["Prod;prod", ["Prod", "prod"]],
    ["c++;a.b;x_y-z", ["a.b", "c++", "x_y-z"]],
    ["rack10;rack9", ["rack9", "rack10"]],
    [";;web; ;", ["web"]],
    ["", []],
    [" ", []],
    [";,", []],
  ])("of %j are %j", (written, names) => {
    expect(splitTags(written)).toEqual(names);
  });

  test("are the same ones, whatever stands between them and in whatever order", () => {
    const separator = fc.constantFrom(";", ",", " ", ", ", "; ", "\t", ";;");
    fc.assert(fc.property(fc.array(fc.tuple(tagName, separator)), (pairs) => {
      const names = [...new Set(pairs.map(([name]) => name))];
      const found = splitTags(pairs.flat().join(""));
      expect(found.toSorted()).toEqual(names.toSorted());
      expect(splitTags(pairs.toReversed().map(([name]) => name).join(";"))).toEqual(found);
    }));
  });

  test("are never empty, never twice, and hold no separator", () => {
    const text = fc.oneof(anyText(), lookalike(";", ",", " ", "web", "\0", "\n"));
    fc.assert(fc.property(text, (written) => {
      const names = splitTags(written);
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(name).toMatch(/^[^;,\s\0]+$/);
    }));
  });
});

describe("the slug of a tag", () => {
  test.each(["web", "proxmox-ve", "discovered", "x_y-z", "2024", "a".repeat(100)])(
    "is its name, if that is a slug: %s",
    (name) => {
      expect(slugOf(name)).toBe(name);
    },
  );

  test.each([
    ["a.b", "a"],
    ["c++", "c"],
    ["Prod", "p"],
    ["proxmox-pve1.example.net", "proxmox-pve1"],
    ["a".repeat(101), "a".repeat(90)],
    [`${"a".repeat(92)}.${"b".repeat(50)}`, "a".repeat(90)],
    ["on call", "on"],
  ])("is its name cleaned and six digits of its hash, if it is none: %s", (name, start) => {
    expect(slugOf(name)).toMatch(VALID_SLUG_REGEXP);
    expect(slugOf(name).startsWith(start)).toBe(true);
    expect(slugOf(name).endsWith(`-${hashOf(name)}`)).toBe(true);
  });

  test.each(["...", "+", "日本", "é", ".".repeat(200)])(
    "is made of the hash if nothing can be kept: %s",
    (name) => {
      expect(slugOf(name)).toMatch(VALID_SLUG_REGEXP);
      expect(slugOf(name).endsWith(hashOf(name))).toBe(true);
    },
  );

  test("is always one that NetBox takes", () => {
    const name = fc.oneof(
      tagName,
      closeName,
      anyText(),
      fc.string({ minLength: 90, maxLength: 120, size: "max" }),
    );
    fc.assert(fc.property(name, (written) => {
      expect(slugOf(written)).toMatch(VALID_SLUG_REGEXP);
    }));
  });

  test.each([["a.b", "ab"], ["A", "a"], ["a.b", "a-b"], ["a.b", "a+b"], ["x", "x."], ["..", "++"]])(
    "tells %s from %s",
    (one, other) => {
      expect(slugOf(one)).not.toBe(slugOf(other));
    },
  );

  test("is another one for every other name", () => {
    // Six digits: with so few names at a time, a chance meeting is out of sight.
    const names = fc.uniqueArray(fc.oneof(closeName, tagName), { minLength: 2, maxLength: 6 });
    fc.assert(fc.property(names, (written) => {
      expect(new Set(written.map(slugOf)).size).toBe(written.length);
    }));
  });
});
