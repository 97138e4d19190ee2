/** Generated inputs for several tests: hostile texts and values. */
import fc from "fast-check";

const codeUnit = fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit));

/** As fast-check's unit "binary", which takes a second of each process that uses it. */
export const codePoint = fc.integer({ min: 0, max: 0x10ffff - 0x800 }).map((index) =>
  // Without the surrogates.
  String.fromCodePoint(index < 0xd800 ? index : index + 0x800)
);

/** Any string of JavaScript: ASCII, all of Unicode, NUL, and lone surrogates. */
export function anyText(): fc.Arbitrary<string> {
  return fc.oneof(fc.string(), fc.string({ unit: codePoint }), fc.string({ unit: codeUnit }));
}

/** Any value, mostly texts. */
export function anyValue(): fc.Arbitrary<unknown> {
  return fc.oneof(anyText(), fc.anything(), fc.constantFrom("", null, undefined, Number.NaN, -1));
}

/** Texts that resemble the input of a parser: its words in any order, with other text between. */
export function lookalike(...words: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...words) },
    { weight: 2, arbitrary: fc.nat({ max: 70_000 }).map(String) },
    { weight: 1, arbitrary: anyText() },
  );
  return fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
}
