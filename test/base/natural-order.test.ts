/** The sort order of all output: the same in each runtime and locale. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareCodeUnits, compareNatural } from "../../src/base/natural-order.ts";
import { anyText } from "../helpers/arbitraries.ts";

/** Few letters, so that texts often start alike. */
const close = fc.string({ unit: fc.constantFrom(..."019a.-Z") });
const name = fc.oneof(close, close, anyText());
const digits = fc.oneof(fc.nat({ max: 200 }).map(String), fc.bigInt({ min: 0n }).map(String));

describe("compareNatural", () => {
  test.each<[string, string[]]>([
    ["puts net2 before net10", ["net0", "net1", "net2", "net10", "net11"]],
    ["compares every run of digits", ["pve1.2.9", "pve1.2.10", "pve1.10.1", "pve2"]],
    ["puts a prefix before longer texts", ["", "net", "net0", "net0.5", "net0.50"]],
    ["puts the shorter of two equal numbers first", ["vm1", "vm01", "vm001", "vm2"]],
    ["counts beyond 2^53", ["n9007199254740992", "n9007199254740993", "n90071992547409930"]],
    ["puts upper case before lower case", ["PVE10", "PVe1", "pve1", "pve2"]],
    ["does not fold accents", ["eno1", "f", "é"]],
    ["compares by code unit, not by code point", ["😀", "\uff5e"]],
    ["puts digits before letters", ["1", "10", "a", "a1", "aa"]],
    ["orders networks", ["10.0.0.0/8", "10.0.0.0/24", "10.0.10.0/24", "192.168.1.0/24"]],
  ])("%s", (_what, sorted) => {
    expect(sorted.toReversed().sort(compareNatural)).toEqual(sorted);
  });

  test("treats only 0 to 9 as digits", () => {
    expect(["٢", "١٠"].sort(compareNatural)).toEqual(["١٠", "٢"]);
  });

  test("is total: only equal texts compare as equal", () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(compareNatural(a, a)).toBe(0);
        expect(compareNatural(a, b) === 0).toBe(a === b);
      }),
      { numRuns: 2000 },
    );
  });

  test("is antisymmetric", () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(Math.sign(compareNatural(a, b)) + Math.sign(compareNatural(b, a))).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  test("is transitive", () => {
    fc.assert(
      fc.property(name, name, name, (a, b, c) => {
        if (compareNatural(a, b) <= 0 && compareNatural(b, c) <= 0) {
          expect(compareNatural(a, c)).toBeLessThanOrEqual(0);
        }
      }),
      { numRuns: 5000 },
    );
  });

  test("does not depend on the initial order", () => {
    const shuffled = fc.uniqueArray(name, { maxLength: 12 })
      .chain((names) =>
        fc.tuple(
          fc.constant(names),
          fc.shuffledSubarray(names, {
            minLength: names.length,
          }),
        )
      );
    fc.assert(fc.property(shuffled, ([names, others]) => {
      expect(others.toSorted(compareNatural)).toEqual(names.toSorted(compareNatural));
    }));
  });

  test("is the order of the numbers after an equal start", () => {
    fc.assert(fc.property(digits, digits, (a, b) => {
      const order = BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0;
      expect(Math.sign(compareNatural(`net${a}`, `net${b}`))).toBe(order);
    }));
  });

  test("ignores leading zeros unless the numbers are equal", () => {
    fc.assert(fc.property(fc.nat(), fc.nat(), fc.nat({ max: 5 }), (a, b, zeros) => {
      const padded = `vm${"0".repeat(zeros)}${a}`;
      const expected = a === b ? zeros : a - b;
      expect(Math.sign(compareNatural(padded, `vm${b}`))).toBe(Math.sign(expected));
    }));
  });

  test("is the order of code units without digits", () => {
    const wordless = anyText().map((text) => text.replace(/[0-9]/g, ""));
    fc.assert(fc.property(wordless, wordless, (a, b) => {
      expect(Math.sign(compareNatural(a, b))).toBe(compareCodeUnits(a, b));
    }));
  });
});

describe("compareCodeUnits", () => {
  test("is the order of Array.sort", () => {
    fc.assert(fc.property(fc.array(name), (names) => {
      expect(names.toSorted(compareCodeUnits)).toEqual(names.toSorted());
    }));
  });

  test("is 0, -1 or 1", () => {
    expect([compareCodeUnits("a", "a"), compareCodeUnits("a", "b"), compareCodeUnits("b", "a")])
      .toEqual([0, -1, 1]);
  });
});
