/** Canonical JSON: equal values have equal bytes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import { canonicalJson, parseJson } from "../../src/base/json.ts";
import { anyText } from "../helpers/arbitraries.ts";

/** The same value, with the keys of all objects reversed. */
function reversed(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(reversed);
  const entries = Object.entries(value).map(([key, item]) => [key, reversed(item)]);
  return Object.fromEntries(entries.toReversed());
}

/** Lists or objects nested in `levels` levels. */
function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
  return Array.from({ length: levels }).reduce<unknown>(wrap, 7);
}

function errorOf(write: () => unknown): unknown {
  try {
    write();
  } catch (error) {
    return error;
  }
  return undefined;
}

const WRAPS: [string, (inner: unknown) => unknown][] = [
  ["lists", (inner) => [inner]],
  ["objects", (inner) => ({ a: inner })],
];
const value = fc.jsonValue({ stringUnit: "binary" });

describe("canonicalJson", () => {
  test.each<[unknown, string]>([
    [{ b: 1, a: [2] }, '{"a":[2],"b":1}'],
    [{ z: { b: null, a: true }, Z: "x" }, '{"Z":"x","z":{"a":true,"b":null}}'],
    [[3, 1, 2], "[3,1,2]"],
    [[{ b: 1, a: 2 }], '[{"a":2,"b":1}]'],
    [{ é: 1, f: 2, e: 3 }, '{"e":3,"f":2,"é":1}'],
    [{ net10: 1, net2: 2 }, '{"net10":1,"net2":2}'],
    [{ "/nodes/b": 1, "/nodes": 2 }, '{"/nodes":2,"/nodes/b":1}'],
    [{}, "{}"],
    [[], "[]"],
    ['a\u0000\n"é😀', '"a\\u0000\\n\\"é😀"'],
    [null, "null"],
    [1.5, "1.5"],
  ])("of %j is %s", (written, text) => {
    expect(canonicalJson(written)).toBe(text);
  });

  test("may be indented, with keys in the same order", () => {
    expect(canonicalJson({ b: [1], a: {} }, { indent: 2 })).toBe(
      '{\n  "a": {},\n  "b": [\n    1\n  ]\n}',
    );
  });

  test("is the same for any order of keys", () => {
    fc.assert(fc.property(value, (written) => {
      expect(canonicalJson(reversed(written))).toBe(canonicalJson(written));
    }));
  });

  test("is parsed to the same value", () => {
    fc.assert(fc.property(value, (written) => {
      const plain: unknown = JSON.parse(JSON.stringify(written));
      expect(JSON.parse(canonicalJson(written))).toEqual(plain);
      expect(parseJson(canonicalJson(written, { indent: 2 }), "it")).toEqual(plain);
    }));
  });

  test("is as long as the output of JSON.stringify", () => {
    fc.assert(fc.property(value, (written) => {
      expect(canonicalJson(written)).toHaveLength(JSON.stringify(written).length);
    }));
  });

  test("differs for different values", () => {
    fc.assert(fc.property(value, value, (a, b) => {
      const isSame = JSON.stringify(reversed(a)) === JSON.stringify(reversed(b));
      if (isSame) expect(canonicalJson(a)).toBe(canonicalJson(b));
      if (canonicalJson(a) === canonicalJson(b)) {
        expect(JSON.parse(JSON.stringify(a))).toEqual(JSON.parse(JSON.stringify(b)));
      }
    }));
  });

  test("keeps keys like __proto__", () => {
    const text = '{"__proto__":{"x":1},"constructor":2}';
    expect(canonicalJson(JSON.parse(text))).toBe(text);
  });

  test("does not change the value", () => {
    const written = { b: [{ d: 1, c: 2 }], a: 1 };
    canonicalJson(written);
    expect(JSON.stringify(written)).toBe('{"b":[{"d":1,"c":2}],"a":1}');
  });
});

describe("canonicalJson with nested values", () => {
  test.each(WRAPS)("allows 200 %s", (_what, wrap) => {
    expect(JSON.parse(canonicalJson(nested(200, wrap)))).toEqual(nested(200, wrap));
  });

  test.each(WRAPS)("rejects 201 %s or more with the name of the file", (_what, wrap) => {
    for (const levels of [201, 1000, 100_000]) {
      const error = errorOf(() => canonicalJson(nested(levels, wrap), { what: "pve/x.json" }));
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({
        kind: "input",
        message: expect.stringContaining("pve/x.json"),
      });
    }
  });

  test("limits only the depth, not the length", () => {
    expect(() => canonicalJson(Array.from({ length: 500 }, () => [{ a: [] }]))).not.toThrow();
  });
});

describe("parseJson", () => {
  test.each(["", "{", "{a:1}", "[1,]", "undefined", "\ufeff{}", "{} {}", "'a'", "NaN"])(
    "rejects %j with the name of the file",
    (text) => {
      const error = errorOf(() => parseJson(text, "manifest.json"));
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({
        kind: "input",
        message: expect.stringContaining("manifest.json"),
      });
    },
  );

  test("gives the same as JSON.parse or an AppError, for any text", () => {
    fc.assert(fc.property(anyText(), (text) => {
      const error = errorOf(() => expect(parseJson(text, "it")).toEqual(JSON.parse(text)));
      if (error !== undefined) expect(error).toBeInstanceOf(AppError);
    }));
  });
});
