import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteBuffer } from "../../src/base/text.ts";
import { codePoint } from "../helpers/arbitraries.ts";

test("ByteBuffer contains all appended texts, however it grows", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: codePoint, maxLength: 50_000 }), { maxLength: 6 }),
      (texts) => {
        const buffer = new ByteBuffer();
        const whole = texts.map((text) => text.toWellFormed());
        for (const text of whole) buffer.appendText(text);
        expect(Buffer.from(buffer.view(0)).toString()).toBe(whole.join(""));
        expect(buffer.length).toBe(Buffer.byteLength(whole.join("")));
      },
    ),
  );
});

test("ByteBuffer is empty after clear", () => {
  const buffer = new ByteBuffer();
  buffer.appendText("a long text that goes");
  buffer.clear();
  buffer.append(new TextEncoder().encode("head"));
  buffer.append(new TextEncoder().encode(" tail"));
  buffer.overwrite(0, new TextEncoder().encode("H"));
  expect(Buffer.from(buffer.view(1)).toString()).toBe("ead tail");
  expect(Buffer.from(buffer.view(0)).toString()).toBe("Head tail");
});
