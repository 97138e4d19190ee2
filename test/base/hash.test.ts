/** SHA-256 in plain JavaScript and of the runtime. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digest, RunningDigest } from "../../src/base/digest.ts";
import { sha256Hex } from "../../src/base/hash.ts";
import { encodeUtf8 } from "../../src/base/text.ts";
import { anyText, codePoint } from "../helpers/arbitraries.ts";

/** Examples of FIPS 180-4. */
const KNOWN = [
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
  ["a".repeat(1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
] as const;

describe("sha256Hex and digest", () => {
  test.each(KNOWN)("give the published hash", (text, hash) => {
    expect(sha256Hex(text)).toBe(hash);
    expect(digest(text)).toBe(hash);
    expect(digest(encodeUtf8(text))).toBe(hash);
  });

  test("hash the UTF-8 bytes of a text", () => {
    const bytes = Uint8Array.of(0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80);
    expect(sha256Hex("é😀")).toBe(createHash("sha256").update(bytes).digest("hex"));
  });

  test("give the same hash as the runtime, for any text", () => {
    fc.assert(fc.property(anyText(), fc.nat({ max: 70 }), (text, times) => {
      const long = text.repeat(times);
      const expected = createHash("sha256").update(long, "utf8").digest("hex");
      expect(sha256Hex(long)).toBe(expected);
      expect(digest(long)).toBe(expected);
    }));
  });

  test("give the same hash for all lengths around a block", () => {
    for (let length = 50; length <= 130; length += 1) {
      const text = "x".repeat(length);
      expect(sha256Hex(text)).toBe(createHash("sha256").update(text).digest("hex"));
    }
  });

  test("give different hashes for different texts", () => {
    fc.assert(fc.property(fc.uniqueArray(fc.string({ unit: codePoint })), (texts) => {
      expect(new Set(texts.map(sha256Hex)).size).toBe(texts.length);
    }));
  });
});

describe("RunningDigest", () => {
  test("gives the digest of the whole, in pieces of any size", () => {
    fc.assert(fc.property(fc.array(fc.uint8Array()), (pieces) => {
      const running = new RunningDigest();
      for (const piece of pieces) running.update(piece);
      const whole = Uint8Array.from(pieces.flatMap((piece) => [...piece]));
      expect(running.finish()).toEqual({ bytes: whole.length, sha256: digest(whole) });
    }));
  });
});
