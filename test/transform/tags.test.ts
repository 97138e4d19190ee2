/** Splits the tags of a guest into names. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitTags } from "../../src/transform/guest-answers.ts";
import { anyText, lookalike } from "../helpers/arbitraries.ts";

/** Proxmox's format: [a-z0-9_][a-z0-9_\-+.]*, in any case. */
const tagName = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9_\-+.]{0,11}$/);

describe("splitTags", () => {
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
  ])("splits %j into %j", (written, names) => {
    expect(splitTags(written)).toEqual(names);
  });

  test("gives the same names for all separators and orders", () => {
    const separator = fc.constantFrom(";", ",", " ", ", ", "; ", "\t", ";;");
    fc.assert(fc.property(fc.array(fc.tuple(tagName, separator)), (pairs) => {
      const names = [...new Set(pairs.map(([name]) => name))];
      const found = splitTags(pairs.flat().join(""));
      expect(found.toSorted()).toEqual(names.toSorted());
      expect(splitTags(pairs.toReversed().map(([name]) => name).join(";"))).toEqual(found);
    }));
  });

  test("gives names that are not empty, unique and without separators", () => {
    const text = fc.oneof(anyText(), lookalike(";", ",", " ", "web", "\0", "\n"));
    fc.assert(fc.property(text, (written) => {
      const names = splitTags(written);
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(name).toMatch(/^[^;,\s\0]+$/);
    }));
  });
});
