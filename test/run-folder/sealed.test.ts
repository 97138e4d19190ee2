/** Manifests hold their own hash: any change is found before they are used. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import { decodeUtf8, encodeUtf8 } from "../../src/base/text.ts";
import { seal, unseal } from "../../src/run-folder/manifest.ts";

const DOCUMENT = {
  tool: { name: "proxmox-diode", version: "0.1.0" },
  files: [{ path: "pve/clüster.json", bytes: 7, sha256: "0".repeat(64) }, { sha256: "" }],
  format: 1,
  zone: '\n  "sha256": ""',
};

const documents = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 });

/** What a reader of the bytes says; undefined: it believed them. */
function complaint(bytes: Uint8Array): unknown {
  try {
    unseal(decodeUtf8(bytes, "manifest.json"), "manifest.json");
  } catch (error) {
    return error;
  }
  return undefined;
}

function expectFound(bytes: Uint8Array, change: string): void {
  const error = complaint(bytes);
  expect(error, change).toBeInstanceOf(AppError);
  expect(error).toMatchObject({ kind: "input", message: expect.stringContaining("manifest.json") });
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
}

describe("a sealed document", () => {
  test("is read back whole, with its seal", () => {
    const { document, sha256 } = unseal(seal(DOCUMENT), "manifest.json");
    expect(document).toEqual({ ...DOCUMENT, sha256 });
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test("carries the hash of its own text with that value empty", () => {
    const text = seal(DOCUMENT);
    const { sha256 } = unseal(text, "manifest.json");
    const emptied = text.replace(`"sha256": "${sha256}"`, '"sha256": ""');
    expect(createHash("sha256").update(emptied).digest("hex")).toBe(sha256);
  });

  test("is indented by two, sorted, and ends in one line feed", () => {
    const text = seal({ b: 1, a: 2 });
    expect(text).toMatch(/^\{\n  "a": 2,\n  "b": 1,\n  "sha256": "[0-9a-f]{64}"\n\}\n$/);
  });

  test("has the same text for any order of its keys, sealed once or again", () => {
    fc.assert(fc.property(documents, (document) => {
      const text = seal(document);
      expect(seal(Object.fromEntries(Object.entries(document).toReversed()))).toBe(text);
      expect(seal(unseal(text, "it").document as object)).toBe(text);
    }));
  });

  test("is believed and read back, whatever it holds", () => {
    fc.assert(fc.property(documents, (document) => {
      const plain: unknown = JSON.parse(JSON.stringify(document));
      const { document: found, sha256 } = unseal(seal(document), "it");
      expect(found).toEqual({ ...(plain as object), sha256 });
    }));
  });
});

describe("a change is found", () => {
  test("of any one bit", () => {
    const bytes = encodeUtf8(seal(DOCUMENT));
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      expectFound(flip(bytes, bit), `bit ${bit}`);
    }
  });

  test("of any one bit of any document", () => {
    fc.assert(fc.property(documents, fc.nat(), (document, place) => {
      const bytes = encodeUtf8(seal(document));
      expectFound(flip(bytes, place % (bytes.length * 8)), `bit ${place}`);
    }));
  });

  test("of a byte that went or came", () => {
    const bytes = [...encodeUtf8(seal(DOCUMENT))];
    const added = fc.constantFrom(0x20, 0x0a, 0x30, 0x22);
    fc.assert(fc.property(fc.nat({ max: bytes.length - 1 }), added, (place, byte) => {
      expectFound(Uint8Array.from(bytes.toSpliced(place, 1)), `without byte ${place}`);
      expectFound(Uint8Array.from(bytes.toSpliced(place, 0, byte)), `${byte} at ${place}`);
    }));
  });

  test("of a value that was edited", () => {
    const text = seal(DOCUMENT).replace('"format": 1', '"format": 2');
    expectFound(encodeUtf8(text), "edited");
  });

  test("of the white space alone, and of line ends", () => {
    const text = seal(DOCUMENT);
    expectFound(encodeUtf8(text.replaceAll("\n", "\r\n")), "CRLF");
    expectFound(encodeUtf8(`${text}\n`), "a line more");
    expectFound(encodeUtf8(`\ufeff${text}`), "a byte order mark");
    expectFound(encodeUtf8(JSON.stringify(JSON.parse(text))), "on one line");
  });

  test("of the seal, emptied, upper-cased or taken from another document", () => {
    const text = seal(DOCUMENT);
    const { sha256 } = unseal(text, "manifest.json");
    for (const other of ["", sha256.toUpperCase(), unseal(seal({}), "x").sha256]) {
      expectFound(encodeUtf8(text.replace(sha256, other)), other);
    }
  });

  test.each(["{}", "[]", "null", '{"sha256":""}', '{\n  "a": {\n    "sha256": "0"\n  }\n}\n', ""])(
    "in %j, which has no checksum",
    (text) => {
      expectFound(encodeUtf8(text), text);
    },
  );
});
