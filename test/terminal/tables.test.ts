/** Tables: alignment, terminal width, and cells with any content. */
import fc from "fast-check";
import stringWidth from "string-width";
import { afterEach, expect, test } from "vitest";
import { renderFacts, renderTable } from "../../src/terminal/tables.ts";

const { columns } = process.stdout;

afterEach(() => {
  process.stdout.columns = columns;
});

test("columns are aligned, with numbers to the right and digits in groups", () => {
  expect(renderTable(["Name", "Count", "Meaning"], [["a", 1, "one"], ["long name", 12345, ""]]))
    .toBe(
      ["  Name        Count  Meaning", "  a               1  one", "  long name  12,345"].join(
        "\n",
      ),
    );
});

test("a column with a number in any row is aligned to the right", () => {
  expect(renderTable(["Name", "Size"], [["a", ""], ["b", 7]])).toBe(
    "  Name  Size\n  a\n  b        7",
  );
});

test("wide characters take two columns", () => {
  expect(renderTable(["Name", "x"], [["日本", "1"], ["abc", "2"]])).toBe(
    "  Name  x\n  日本  1\n  abc   2",
  );
});

test("on a narrow terminal, the widest column is wrapped at blanks", () => {
  process.stdout.columns = 30;
  expect(renderTable(["Code", "Meaning"], [["a", "the quick brown fox jumps over it"]])).toBe(
    ["  Code  Meaning", "  a     the quick brown fox", "        jumps over it"].join("\n"),
  );
});

test("on a narrow terminal, each line fits and no character is lost", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c", " ", "日", "é"), maxLength: 200 });
  fc.assert(
    fc.property(text, fc.integer({ min: 20, max: 100 }), (cell, width) => {
      process.stdout.columns = width;
      const lines = renderTable(["N", "Text"], [[7, cell]]).split("\n");
      for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width);
      const shown = lines.slice(1).join("").replace("7", "").replaceAll(" ", "");
      expect(shown).toBe(cell.replaceAll(" ", ""));
    }),
  );
});

test("cells and facts stay on one line and contain no control characters", () => {
  const hostile = "a\nb\tc\u001b[31m\u009b1m";
  expect(renderTable(["Name"], [[hostile]])).toBe("  Name\n  a\\x0ab\\x09c\\x1b[31m\\x9b1m");
  expect(renderFacts([["A", hostile], ["Long", "x"]])).toBe(
    "  A     a\\x0ab\\x09c\\x1b[31m\\x9b1m\n  Long  x",
  );
});
