/** Proxmox sends one key as a number, a number in a string, "", null or not at all. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cleanText, count, flag, number, record, records, text } from "../../src/proxmox/values.ts";
import { anyText, anyValue } from "../helpers/arbitraries.ts";

describe("text", () => {
  test.each<[unknown, string | undefined]>([
    ["web-01", "web-01"],
    ["  web 01\n", "web 01"],
    ["web\u0000-01", "web-01"],
    ["\u0000 web \u0000", "web"],
    [101, "101"],
    [0, "0"],
    ["0", "0"],
    ["", undefined],
    [" \t\n", undefined],
    ["\u0000", undefined],
    [null, undefined],
    [undefined, undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    [{}, undefined],
    [["web"], undefined],
  ])("reads %j as %j", (value, expected) => {
    expect(text(value)).toBe(expected);
  });

  test("is never empty, untrimmed, or of characters that protobuf and PostgreSQL refuse", () => {
    fc.assert(fc.property(anyValue(), (value) => {
      const read = text(value);
      if (read === undefined) return;
      expect(read).not.toBe("");
      expect(read.trim()).toBe(read);
      expect(read).not.toContain("\0");
      expect(read.isWellFormed()).toBe(true);
    }));
  });

  test("loses nothing else", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (written) => {
      expect(cleanText(written)).toBe(written.split("\0").join("").trim());
    }));
  });

  test("that is clean stays as it is", () => {
    fc.assert(fc.property(anyText(), (written) => {
      expect(cleanText(cleanText(written))).toBe(cleanText(written));
    }));
  });
});

describe("a number", () => {
  test.each<[unknown, number | undefined]>([
    [4, 4],
    ["4", 4],
    [" 4 ", 4],
    ["0.5", 0.5],
    [0.5, 0.5],
    ["5.6e-05", 5.6e-5],
    ["-1", -1],
    [0, 0],
    ["0", 0],
    ["", undefined],
    [" ", undefined],
    ["host", undefined],
    ["4 cores", undefined],
    ["1,5", undefined],
    ["0x10", undefined],
    ["NaN", undefined],
    ["Infinity", undefined],
    ["1e999", undefined],
    [Number.NaN, undefined],
    [null, undefined],
    [true, undefined],
    [[4], undefined],
    [{}, undefined],
  ])("is read from %j as %j", (value, expected) => {
    expect(number(value)).toBe(expected);
  });

  test("and its text are the same", () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => n !== 0);
    fc.assert(fc.property(finite, (value) => {
      expect(number(value)).toBe(value);
      expect(number(String(value))).toBe(value);
    }));
  });
});

describe("a count", () => {
  test.each<[unknown, number | undefined]>([
    [101, 101],
    ["101", 101],
    [0, 0],
    [-1, undefined],
    ["-1", undefined],
    [1.5, undefined],
    ["1.5", undefined],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    ["9007199254740993", undefined],
    ["", undefined],
    [null, undefined],
    [true, undefined],
  ])("is read from %j as %j", (value, expected) => {
    expect(count(value)).toBe(expected);
  });

  test("and its text are the same", () => {
    fc.assert(fc.property(fc.maxSafeNat(), (value) => {
      expect([count(value), count(String(value))]).toEqual([value, value]);
    }));
  });
});

describe("a flag", () => {
  const WORDS = { true: ["1", "on", "yes", "true"], false: ["0", "off", "no", "false"] } as const;

  test.each([true, false])("that is %s may be written in each of Proxmox's ways", (expected) => {
    const word = fc.constantFrom(...WORDS[`${expected}`]);
    fc.assert(fc.property(fc.mixedCase(word), (written) => {
      expect(flag(written)).toBe(expected);
    }));
    expect(flag(expected ? 1 : 0)).toBe(expected);
    expect(flag(expected)).toBe(expected);
  });

  test.each([2, -1, "2", "", "y", "ja", "enabled", "10", "01", null, undefined, {}, [], [1]])(
    "is not read from %j",
    (value) => {
      expect(flag(value)).toBeUndefined();
    },
  );
});

describe("rows", () => {
  test("are the objects of a list, in their order", () => {
    const rows = [{ a: 1 }, null, "x", 7, [1], {}, { b: 2 }];
    expect(records(rows)).toEqual([{ a: 1 }, {}, { b: 2 }]);
  });

  test.each([[null], [undefined], [{}], [{ 0: { a: 1 }, length: 1 }], ["[]"], [7]])(
    "are none in %j",
    (value) => {
      expect(records(value)).toEqual([]);
    },
  );

  test("are objects: no list, no scalar, no null", () => {
    const row = { vmid: 101 };
    expect(record(row)).toEqual(row);
    for (const value of [null, undefined, [], [row], "x", 7, true]) {
      expect(record(value)).toBeUndefined();
    }
  });
});

test("no value makes a reading throw", () => {
  fc.assert(fc.property(anyValue(), (value) => {
    for (const read of [text, number, count, flag, record, records]) {
      expect(() => read(value)).not.toThrow();
    }
  }));
});
