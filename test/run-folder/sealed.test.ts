/** A manifest contains its own hash, so that any change is detected before it is used. */
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

/** The error thrown when the bytes are read; undefined if they are accepted. */
function errorOf(bytes: Uint8Array): unknown {
  try {
    unseal(decodeUtf8(bytes, "manifest.json"), "manifest.json");
  } catch (error) {
    return error;
  }
  return undefined;
}

function expectDetected(bytes: Uint8Array, change: string): void {
  const error = errorOf(bytes);
  expect(error, change).toBeInstanceOf(AppError);
  expect(error).toMatchObject({ kind: "input", message: expect.stringContaining("manifest.json") });
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
}

describe("a sealed document", () => {
  test("is read back with its checksum", () => {
    const { document, sha256 } = unseal(seal(DOCUMENT), "manifest.json");
    expect(document).toEqual({ ...DOCUMENT, sha256 });
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test("contains the hash of its own text with an empty checksum", () => {
    const text = seal(DOCUMENT);
    const { sha256 } = unseal(text, "manifest.json");
    const emptied = text.replace(`"sha256": "${sha256}"`, '"sha256": ""');
    expect(createHash("sha256").update(emptied).digest("hex")).toBe(sha256);
  });

  test("is indented by two spaces, sorted, and ends with one line feed", () => {
    const text = seal({ b: 1, a: 2 });
    expect(text).toMatch(/^\{\n  "a": 2,\n  "b": 1,\n  "sha256": "[0-9a-f]{64}"\n\}\n$/);
  });

  test("has the same text for any order of keys, also when sealed again", () => {
    fc.assert(fc.property(documents, (document) => {
      const text = seal(document);
      expect(seal(Object.fromEntries(Object.entries(document).toReversed()))).toBe(text);
      expect(seal(unseal(text, "it").document as object)).toBe(text);
    }));
  });

  test("is accepted and read back with any content", () => {
    fc.assert(fc.property(documents, (document) => {
      const plain: unknown = JSON.parse(JSON.stringify(document));
      const { document: found, sha256 } = unseal(seal(document), "it");
      expect(found).toEqual({ ...(plain as object), sha256 });
    }));
  });
});

describe("unseal detects", () => {
  test("any flipped bit", () => {
    const bytes = encodeUtf8(seal(DOCUMENT));
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      expectDetected(flip(bytes, bit), `bit ${bit}`);
    }
  });

  test("any flipped bit in any document", () => {
    fc.assert(fc.property(documents, fc.nat(), (document, place) => {
      const bytes = encodeUtf8(seal(document));
      expectDetected(flip(bytes, place % (bytes.length * 8)), `bit ${place}`);
    }));
  });

  test("a removed or added byte", () => {
    const bytes = [...encodeUtf8(seal(DOCUMENT))];
    const added = fc.constantFrom(0x20, 0x0a, 0x30, 0x22);
    fc.assert(fc.property(fc.nat({ max: bytes.length - 1 }), added, (place, byte) => {
      expectDetected(Uint8Array.from(bytes.toSpliced(place, 1)), `without byte ${place}`);
      expectDetected(Uint8Array.from(bytes.toSpliced(place, 0, byte)), `${byte} at ${place}`);
    }));
  });

  test("an edited value", () => {
    const text = seal(DOCUMENT).replace('"format": 1', '"format": 2');
    expectDetected(encodeUtf8(text), "edited");
  });

  test("changed white space and line ends", () => {
    const text = seal(DOCUMENT);
    expectDetected(encodeUtf8(text.replaceAll("\n", "\r\n")), "CRLF");
    expectDetected(encodeUtf8(`${text}\n`), "a line more");
    expectDetected(encodeUtf8(`\ufeff${text}`), "a byte order mark");
    expectDetected(encodeUtf8(JSON.stringify(JSON.parse(text))), "on one line");
  });

  test("a checksum that is empty, in upper case or from another document", () => {
    const text = seal(DOCUMENT);
    const { sha256 } = unseal(text, "manifest.json");
    for (const other of ["", sha256.toUpperCase(), unseal(seal({}), "x").sha256]) {
      expectDetected(encodeUtf8(text.replace(sha256, other)), other);
    }
  });

  test.each(["{}", "[]", "null", '{"sha256":""}', '{\n  "a": {\n    "sha256": "0"\n  }\n}\n', ""])(
    "a missing checksum: %j",
    (text) => {
      expectDetected(encodeUtf8(text), text);
    },
  );
});
