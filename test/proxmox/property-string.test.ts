/** Proxmox's property strings: commas part, the first "=" splits, nothing is quoted. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { integer, parsePropertyString } from "../../src/proxmox/values.ts";
import { anyText, lookalike } from "../helpers/arbitraries.ts";

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

describe("a property string", () => {
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
  ])("%j is taken apart", (text, defaultKey, expected) => {
    expect(parsed(text, defaultKey)).toEqual(expected);
  });

  test.each([
    ["two values without a key", "local:disk-0,local:disk-1"],
    ["a key twice", "size=1G,media=disk,size=2G"],
    ["a key twice with one value", "size=1G,size=1G"],
    ["a value without a key and the key that it goes to", "local:disk-0,file=local:disk-0"],
    ["a value with an empty key", "local:disk-0,=32G"],
  ])("with %s is outside the grammar", (_what, text) => {
    expect(parsed(text)).toBeUndefined();
  });

  test("is what was printed", () => {
    fc.assert(fc.property(pairs, (written) => {
      expect(parsed(print(written))).toEqual(written);
    }));
  });

  test("gives a value without a key to the default key, wherever it stands", () => {
    const bare = word.filter((text) => !text.includes("="));
    fc.assert(fc.property(pairs, bare, fc.nat(), (written, value, place) => {
      fc.pre(!written.some(([name]) => name === "default key"));
      const at = place % (written.length + 1);
      const parts = written.map(([name, text]) => `${name}=${text}`).toSpliced(at, 0, value);
      const expected = [...written].toSpliced(at, 0, ["default key", value]);
      expect(parsed(parts.join(","), "default key")).toEqual(expected);
    }));
  });

  test("may hold empty parts anywhere", () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 9, maxLength: 9 });
    fc.assert(fc.property(pairs, gaps, (written, commas) => {
      const text = written.map((pair, i) => ",".repeat(commas[i] ?? 1) + print([pair])).join("");
      expect(parsed(`${text},,`)).toEqual(written);
    }));
  });

  test("means the same in any order of its pairs", () => {
    fc.assert(fc.property(pairs, (written) => {
      const forward = new Map(parsed(print(written)));
      const backward = new Map(parsed(print(written.toReversed())));
      expect(backward).toEqual(forward);
    }));
  });

  test("with a pair said again is refused, whatever the second value", () => {
    fc.assert(fc.property(pairs, word, fc.nat(), (written, value, place) => {
      const again = written[place % written.length];
      if (again !== undefined) {
        expect(parsed(print([...written, [again[0], value]]))).toBeUndefined();
      }
    }));
  });

  test("never throws, and never yields a comma", () => {
    const text = fc.oneof(anyText(), lookalike(",", "=", " ", "size", "file", "32G"));
    fc.assert(fc.property(text, anyText(), (written, defaultKey) => {
      for (const part of (parsed(written, defaultKey || "key") ?? []).flat()) {
        if (part !== defaultKey) expect(part).not.toContain(",");
      }
    }));
  });
});

describe("an integer", () => {
  test("is what Proxmox's schema takes: digits, perhaps after one sign", () => {
    const digits = fc.integer({ min: 0, max: 99_999 });
    const sign = fc.constantFrom("", "+", "-");
    fc.assert(fc.property(digits, sign, fc.nat({ max: 5 }), (value, before, zeros) => {
      const expected = before === "-" && value !== 0 ? -value : value;
      expect(integer(`${before}${"0".repeat(zeros)}${value}`)).toBe(expected);
    }));
  });

  test("is nothing else", () => {
    const written = fc.oneof(anyText(), lookalike("+", "-", "5", "0x", ".", "e1", " "));
    fc.assert(fc.property(written, (text) => {
      if (!/^[+-]?[0-9]+$/.test(text)) expect(integer(text)).toBeUndefined();
    }));
  });
});
