/** Names that NetBox accepts: at most 64 or 100 characters, and unique. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cutName, MAX_LONG_NAME, MAX_NAME, NamePool } from "../../../src/netbox/names.ts";
import { codePoint } from "../../helpers/arbitraries.ts";

/** Characters as NetBox counts them. */
function lengthOf(name: string): number {
  return [...name].length;
}

const max = fc.constantFrom(MAX_NAME, MAX_LONG_NAME);
const vmid = fc.integer({ min: 100, max: 999_999_999 });
const longName = fc.string({ unit: codePoint, minLength: 40, maxLength: 160, size: "max" });
/** Nodes are marked with the name of their cluster, which may be long and contain any character. */
const anyMark = fc.oneof(
  vmid,
  fc.string({ unit: codePoint, minLength: 1, maxLength: 120, size: "max" }),
);

describe("cutName", () => {
  test("cuts to 64 characters, or to 100 where NetBox allows that", () => {
    expect([MAX_NAME, MAX_LONG_NAME]).toEqual([64, 100]);
  });

  test.each([
    ["web", "web"],
    ["", ""],
    ["x".repeat(64), "x".repeat(64)],
    ["😀".repeat(64), "😀".repeat(64)],
    ["x".repeat(65), `${"x".repeat(58)} (101)`],
    ["😀".repeat(65), `${"😀".repeat(58)} (101)`],
    [`${"x".repeat(57)} ${"y".repeat(20)}`, `${"x".repeat(57)} (101)`],
  ])("keeps a name that fits, or ends it with the mark: %s", (name, expected) => {
    expect(cutName(name, 64, 101)).toBe(expected);
  });

  test("never exceeds the limit, and never splits a character", () => {
    const mark = fc.option(anyMark, { nil: undefined });
    fc.assert(fc.property(longName, max, mark, (name, limit, end) => {
      const cut = cutName(name, limit, end);
      expect(lengthOf(cut)).toBeLessThanOrEqual(limit);
      expect(cut.isWellFormed()).toBe(true);
      expect(cut === name).toBe(lengthOf(name) <= limit);
    }));
  });

  test("keeps the start of the name and ends it with the VMID", () => {
    fc.assert(fc.property(longName, vmid, (name, mark) => {
      fc.pre(lengthOf(name) > MAX_NAME);
      const cut = cutName(name, MAX_NAME, mark);
      const end = ` (${mark})`;
      expect(cut.endsWith(end)).toBe(true);
      expect(name.startsWith(cut.slice(0, -end.length))).toBe(true);
    }));
  });

  test("uses all allowed characters", () => {
    const shortMark = fc.oneof(vmid, fc.string({ unit: codePoint, maxLength: 9 }));
    fc.assert(fc.property(fc.integer({ min: 65, max: 200 }), shortMark, (length, mark) => {
      expect(lengthOf(cutName("😀".repeat(length), 64, mark))).toBe(64);
    }));
  });

  test("keeps names distinct that differ only in the cut part, even without a mark", () => {
    const start = "x".repeat(100);
    fc.assert(fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 5 }), (ends) => {
      const cut = ends.map((end) => cutName(start + end, MAX_LONG_NAME));
      expect(new Set(cut).size).toBe(ends.length);
    }));
  });

  test("does not change a name that is already cut", () => {
    fc.assert(fc.property(longName, max, vmid, (name, limit, mark) => {
      const cut = cutName(name, limit, mark);
      expect(cutName(cut, limit, mark)).toBe(cut);
    }));
  });
});

describe("NamePool", () => {
  test("keeps the first of several equal names, and marks the others", () => {
    const pool = new NamePool();
    const names = ["web", "db", "web", "WEB", "Db"].map((name, i) => pool.take(name, 100 + i, 64));
    expect(names).toEqual(["web", "db", "web (102)", "WEB (103)", "Db (104)"]);
  });

  test("marks a long name that is taken", () => {
    const pool = new NamePool();
    pool.take("x".repeat(64), 100, 64);
    expect(pool.take("X".repeat(64), 101, 64)).toBe(`${"X".repeat(58)} (101)`);
  });

  test("counts characters like NetBox when it marks a name", () => {
    const pool = new NamePool();
    pool.take("😀".repeat(64), 100, 64);
    expect(pool.take("😀".repeat(64), 101, 64)).toBe(`${"😀".repeat(58)} (101)`);
  });

  test("marks a node with the name of its cluster", () => {
    const pool = new NamePool();
    expect(["east", "west"].map((cluster) => pool.take("pve1", cluster, 64)))
      .toEqual(["pve1", "pve1 (west)"]);
  });

  test("never generates a name that is taken", () => {
    const pool = new NamePool();
    const names = ["web (102)", "web", "web"].map((name, i) => pool.take(name, 100 + i, 64));
    expect(names.slice(0, 2)).toEqual(["web (102)", "web"]);
    expect(names[2]).toContain("102");
    expect(names[2]).not.toBe("web (102)");
  });

  test("is independent of other pools", () => {
    const [one, other] = [new NamePool(), new NamePool()];
    expect([one.take("pve1", "a", 64), other.take("pve1", "b", 64)]).toEqual(["pve1", "pve1"]);
  });

  const marks = [100, 101, 102, 103, 104, 105, 106, 107] as const;
  const mark = fc.constantFrom(...marks);
  const anyName = fc.oneof(
    fc.mixedCase(fc.constantFrom("web", "db", "ß", "é")),
    fc.tuple(fc.constantFrom("web", "WEB"), mark).map(([name, vmid]) => `${name} (${vmid})`),
    fc.tuple(fc.constantFrom("x", "😀"), fc.integer({ min: 55, max: 70 }), mark)
      .map(([letter, length, vmid]) => `${letter.repeat(length)} (${vmid})`),
    fc.mixedCase(fc.constant("x".repeat(64))),
  );
  const anyNames = fc.array(anyName, { minLength: 1, maxLength: marks.length });

  test("gives names that differ ignoring case and fit the limit", () => {
    fc.assert(
      fc.property(anyNames, (names) => {
        const pool = new NamePool();
        const given = names.map((name, i) => pool.take(name, marks[i] ?? 0, 64));
        expect(new Set(given.map((name) => name.toLowerCase())).size).toBe(given.length);
        for (const name of given) {
          expect(lengthOf(name)).toBeLessThanOrEqual(64);
          expect(name.isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("gives unique names with any marks, even if all are the same", () => {
    fc.assert(
      fc.property(anyName, anyMark, max, (name, sameMark, limit) => {
        const pool = new NamePool();
        const given = Array.from({ length: 70 }, () => pool.take(name, sameMark, limit));
        expect(new Set(given.map((one) => one.toLowerCase())).size).toBe(given.length);
        expect(Math.max(...given.map(lengthOf))).toBeLessThanOrEqual(limit);
      }),
      { numRuns: 50 },
    );
  });

  test("renames only if needed", () => {
    fc.assert(
      fc.property(anyNames, (names) => {
        const pool = new NamePool();
        const taken = new Set<string>();
        for (const [i, name] of names.entries()) {
          const given = pool.take(name, marks[i] ?? 0, 64);
          const mustChange = lengthOf(name) > 64 || taken.has(name.toLowerCase());
          expect(given !== name).toBe(mustChange);
          taken.add(given.toLowerCase());
        }
      }),
      { numRuns: 500 },
    );
  });
});
