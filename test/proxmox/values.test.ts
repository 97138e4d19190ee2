/** Proxmox VE sends the same key as a number, a number in a string, "", null or not at all. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  cleanText,
  count,
  flag,
  integer,
  number,
  parsePropertyString,
  record,
  records,
  text,
} from "../../src/proxmox/values.ts";
import { anyText, anyValue, codePoint, lookalike } from "../helpers/arbitraries.ts";

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

  test("is never empty, untrimmed, or with characters that protobuf and PostgreSQL reject", () => {
    fc.assert(fc.property(anyValue(), (value) => {
      const read = text(value);
      if (read === undefined) return;
      expect(read).not.toBe("");
      expect(read.trim()).toBe(read);
      expect(read).not.toContain("\0");
      expect(read.isWellFormed()).toBe(true);
    }));
  });

  test("keeps all other characters", () => {
    fc.assert(fc.property(fc.string({ unit: codePoint }), (written) => {
      expect(cleanText(written)).toBe(written.split("\0").join("").trim());
    }));
  });

  test("does not change cleaned text", () => {
    fc.assert(fc.property(anyText(), (written) => {
      expect(cleanText(cleanText(written))).toBe(cleanText(written));
    }));
  });
});

describe("number", () => {
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
  ])("reads %j as %j", (value, expected) => {
    expect(number(value)).toBe(expected);
  });

  test("gives the same for a number and its text", () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => n !== 0);
    fc.assert(fc.property(finite, (value) => {
      expect(number(value)).toBe(value);
      expect(number(String(value))).toBe(value);
    }));
  });
});

describe("count", () => {
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
  ])("reads %j as %j", (value, expected) => {
    expect(count(value)).toBe(expected);
  });

  test("gives the same for a count and its text", () => {
    fc.assert(fc.property(fc.maxSafeNat(), (value) => {
      expect([count(value), count(String(value))]).toEqual([value, value]);
    }));
  });
});

describe("flag", () => {
  const WORDS = { true: ["1", "on", "yes", "true"], false: ["0", "off", "no", "false"] } as const;

  test.each([true, false])("reads %s in each spelling of Proxmox VE", (expected) => {
    const word = fc.constantFrom(...WORDS[`${expected}`]);
    fc.assert(fc.property(fc.mixedCase(word), (written) => {
      expect(flag(written)).toBe(expected);
    }));
    expect(flag(expected ? 1 : 0)).toBe(expected);
    expect(flag(expected)).toBe(expected);
  });

  test.each([2, -1, "2", "", "y", "ja", "enabled", "10", "01", null, undefined, {}, [], [1]])(
    "is undefined for %j",
    (value) => {
      expect(flag(value)).toBeUndefined();
    },
  );
});

describe("records and record", () => {
  test("records gives the objects of a list, in order", () => {
    const rows = [{ a: 1 }, null, "x", 7, [1], {}, { b: 2 }];
    expect(records(rows)).toEqual([{ a: 1 }, {}, { b: 2 }]);
  });

  test.each([[null], [undefined], [{}], [{ 0: { a: 1 }, length: 1 }], ["[]"], [7]])(
    "records gives none for %j",
    (value) => {
      expect(records(value)).toEqual([]);
    },
  );

  test("record gives an object, and undefined for lists, scalars and null", () => {
    const row = { vmid: 101 };
    expect(record(row)).toEqual(row);
    for (const value of [null, undefined, [], [row], "x", 7, true]) {
      expect(record(value)).toBeUndefined();
    }
  });
});

test("reading a value never throws", () => {
  fc.assert(fc.property(anyValue(), (value) => {
    for (const read of [text, number, count, flag, record, records]) {
      expect(() => read(value)).not.toThrow();
    }
  }));
});

/** Proxmox VE's property strings: split at commas and at the first "=", without quoting. */

type Pairs = readonly (readonly [string, string])[];

function parsed(text: string, defaultKey = "file"): [string, string][] | undefined {
  const pairs = parsePropertyString(text, defaultKey);
  return pairs === undefined ? undefined : [...pairs];
}

function print(pairs: Pairs): string {
  return pairs.map(([key, value]) => `${key}=${value}`).join(",");
}

const word = fc.string({ unit: "grapheme", minLength: 1 })
  .map((text) => text.replaceAll(",", "").trim())
  .filter((text) => text !== "");
const key = word.map((text) => text.replaceAll("=", "").trim()).filter((text) => text !== "");
const pairs = fc.uniqueArray(fc.tuple(key, word), {
  minLength: 1,
  maxLength: 8,
  selector: ([name]) => name,
});

describe("parsePropertyString", () => {
  test.each<[string, string, Pairs]>([
    ["virtio=BC:24:11:2E:C5:4A,bridge=vmbr0", "model", [
      ["virtio", "BC:24:11:2E:C5:4A"],
      ["bridge", "vmbr0"],
    ]],
    ["local-lvm:vm-100-disk-0,iothread=1,size=32G", "file", [
      ["file", "local-lvm:vm-100-disk-0"],
      ["iothread", "1"],
      ["size", "32G"],
    ]],
    ["size=32G,local-lvm:vm-100-disk-0", "file", [
      ["size", "32G"],
      ["file", "local-lvm:vm-100-disk-0"],
    ]],
    ["1", "enabled", [["enabled", "1"]]],
    ["1,freeze-fs-on-backup=0", "enabled", [["enabled", "1"], ["freeze-fs-on-backup", "0"]]],
    ["none,media=cdrom", "file", [["file", "none"], ["media", "cdrom"]]],
    ["nesting=1,mount=nfs;cifs", "x", [["nesting", "1"], ["mount", "nfs;cifs"]]],
    ["serial=QQ==,wwn=0x5=6", "file", [["serial", "QQ=="], ["wwn", "0x5=6"]]],
    [",,a=1,,b=2,", "file", [["a", "1"], ["b", "2"]]],
    ["__proto__=1,constructor=2", "file", [["__proto__", "1"], ["constructor", "2"]]],
  ])("parses %j", (text, defaultKey, expected) => {
    expect(parsed(text, defaultKey)).toEqual(expected);
  });

  test.each([
    ["two values without a key", "local:disk-0,local:disk-1"],
    ["a key twice", "size=1G,media=disk,size=2G"],
    ["a key twice with one value", "size=1G,size=1G"],
    ["a value without a key and the key that it goes to", "local:disk-0,file=local:disk-0"],
    ["a value with an empty key", "local:disk-0,=32G"],
  ])("rejects %s", (_what, text) => {
    expect(parsed(text)).toBeUndefined();
  });

  test("gives the pairs that were joined", () => {
    fc.assert(fc.property(pairs, (written) => {
      expect(parsed(print(written))).toEqual(written);
    }));
  });

  test("assigns a value without a key to the default key, in any position", () => {
    const bare = word.filter((text) => !text.includes("="));
    fc.assert(fc.property(pairs, bare, fc.nat(), (written, value, place) => {
      fc.pre(!written.some(([name]) => name === "default key"));
      const at = place % (written.length + 1);
      const parts = written.map(([name, text]) => `${name}=${text}`).toSpliced(at, 0, value);
      const expected = [...written].toSpliced(at, 0, ["default key", value]);
      expect(parsed(parts.join(","), "default key")).toEqual(expected);
    }));
  });

  test("ignores empty parts", () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 9, maxLength: 9 });
    fc.assert(fc.property(pairs, gaps, (written, commas) => {
      const text = written.map((pair, i) => ",".repeat(commas[i] ?? 1) + print([pair])).join("");
      expect(parsed(`${text},,`)).toEqual(written);
    }));
  });

  test("gives the same pairs in any order", () => {
    fc.assert(fc.property(pairs, (written) => {
      const forward = new Map(parsed(print(written)));
      const backward = new Map(parsed(print(written.toReversed())));
      expect(backward).toEqual(forward);
    }));
  });

  test("rejects a repeated key", () => {
    fc.assert(fc.property(pairs, word, fc.nat(), (written, value, place) => {
      const again = written[place % written.length];
      if (again !== undefined) {
        expect(parsed(print([...written, [again[0], value]]))).toBeUndefined();
      }
    }));
  });

  test("never throws, and never gives a value with a comma", () => {
    const text = fc.oneof(anyText(), lookalike(",", "=", " ", "size", "file", "32G"));
    fc.assert(fc.property(text, anyText(), (written, defaultKey) => {
      for (const part of (parsed(written, defaultKey || "key") ?? []).flat()) {
        if (part !== defaultKey) expect(part).not.toContain(",");
      }
    }));
  });
});

describe("integer", () => {
  test("reads digits with an optional sign", () => {
    const digits = fc.integer({ min: 0, max: 99_999 });
    const sign = fc.constantFrom("", "+", "-");
    fc.assert(fc.property(digits, sign, fc.nat({ max: 5 }), (value, before, zeros) => {
      const expected = before === "-" && value !== 0 ? -value : value;
      expect(integer(`${before}${"0".repeat(zeros)}${value}`)).toBe(expected);
    }));
  });

  test("is undefined for anything else", () => {
    const written = fc.oneof(anyText(), lookalike("+", "-", "5", "0x", ".", "e1", " "));
    fc.assert(fc.property(written, (text) => {
      if (!/^[+-]?[0-9]+$/.test(text)) expect(integer(text)).toBeUndefined();
    }));
  });
});
