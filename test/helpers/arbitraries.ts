/** Generated inputs that more than one test takes: hostile texts and values. */
import fc from "fast-check";

const codeUnit = fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit));

/** As fast-check's unit "binary", which takes a second of each process that uses it. */
export const codePoint = fc.integer({ min: 0, max: 0x10ffff - 0x800 }).map((index) =>
  // The surrogates are left out.
  String.fromCodePoint(index < 0xd800 ? index : index + 0x800)
);

/** Any string of JavaScript: ASCII, whole Unicode, NUL, and surrogates that stand alone. */
export function anyText(): fc.Arbitrary<string> {
  return fc.oneof(fc.string(), fc.string({ unit: codePoint }), fc.string({ unit: codeUnit }));
}

/** Any value at all, texts most of the time. */
export function anyValue(): fc.Arbitrary<unknown> {
  return fc.oneof(anyText(), fc.anything(), fc.constantFrom("", null, undefined, Number.NaN, -1));
}

/** Texts that nearly are what a parser reads: its own words in any order, with noise between. */
export function lookalike(...words: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...words) },
    { weight: 2, arbitrary: fc.nat({ max: 70_000 }).map(String) },
    { weight: 1, arbitrary: anyText() },
  );
  return fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
}
