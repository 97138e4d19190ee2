/** Tables for a terminal, on stdout: two spaces between columns, easy to read, to paste and to grep. */
import stringWidth from "string-width";
import { printableLine } from "../base/log.ts";

export type Cell = string | number;

const INDENT = "  ";
const GAP = "  ";
/** A narrower column could not be read. */
const LEAST_WIDTH = 12;

/** Numbers stand to the right. In a narrow terminal, wide columns break their lines. */
export function renderTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [head, ...rows].map((row) => row.map(textOf));
  const needed = head.map((_, i) => most(lines.map((line) => widthOf(line[i] ?? ""))));
  const widths = fitted(needed);
  const isNumber = head.map((_, i) => rows.some((row) => typeof row[i] === "number"));
  return lines.flatMap((line) => renderLine(line, widths, isNumber)).join("\n");
}

/** Facts, one a line: a name and what there is to say. */
export function renderFacts(facts: readonly (readonly [name: string, fact: string])[]): string {
  const width = most(facts.map(([name]) => name.length));
  const lines = facts.map(([name, fact]) => name.padEnd(width) + GAP + printableLine(fact));
  return lines.map((line) => INDENT + line).join("\n");
}

/** 1234567 → "1,234,567"; no locale has a say. */
export function groupDigits(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** 1 → "1 guest", 1200 → "1,200 guests" */
export function counted(count: number, noun: string): string {
  return `${groupDigits(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function textOf(cell: Cell): string {
  return typeof cell === "number" ? groupDigits(cell) : printableLine(cell);
}

/** In columns of a terminal. */
function widthOf(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : stringWidth(text);
}

/** The widest column gives way, again and again. What goes elsewhere than to a terminal is not broken. */
function fitted(needed: readonly number[]): readonly number[] {
  const { columns = Infinity } = process.stdout;
  const room = columns - INDENT.length - GAP.length * (needed.length - 1);
  let widths = needed.map((width) => Math.min(width, columns));
  while (widths.reduce((sum, width) => sum + width, 0) > room && most(widths) > LEAST_WIDTH) {
    const widest = widths.indexOf(most(widths));
    widths = widths.with(widest, most(widths) - 1);
  }
  return widths;
}

/** Of however many: a call takes no more than some 100,000 arguments. */
function most(numbers: readonly number[]): number {
  return numbers.reduce((largest, number) => Math.max(largest, number), 0);
}

function renderLine(
  line: readonly string[],
  widths: readonly number[],
  isNumber: readonly boolean[],
): string[] {
  const cells = line.map((text, i) => broken(text, widths[i] ?? 0));
  const height = most(cells.map((parts) => parts.length));
  return Array.from({ length: height }, (_, row) => {
    const parts = cells.map((lines, i) => {
      const text = lines[row] ?? "";
      const padding = " ".repeat(Math.max((widths[i] ?? 0) - widthOf(text), 0));
      return isNumber[i] ? padding + text : text + padding;
    });
    return (INDENT + parts.join(GAP)).trimEnd();
  });
}

/** At blanks; a word that is longer than a line is broken where the line ends. */
function broken(text: string, width: number): readonly string[] {
  if (widthOf(text) <= width) return [text];
  const lines = [""];
  for (const word of text.split(" ").flatMap((each) => pieces(each, width))) {
    const line = lines.at(-1) ?? "";
    const longer = line === "" ? word : `${line} ${word}`;
    if (widthOf(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function pieces(word: string, width: number): readonly string[] {
  if (widthOf(word) <= width) return [word];
  const found = [""];
  for (const character of word) {
    const longer = (found.at(-1) ?? "") + character;
    if (widthOf(longer) <= width) found[found.length - 1] = longer;
    else found.push(character);
  }
  return found;
}
