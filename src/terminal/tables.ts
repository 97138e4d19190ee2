/** Tables for a terminal, and results that are printed row by row. */
import stringWidth from "string-width";
import { printableJson, printableLine } from "../base/log.ts";
import type { Session } from "./session.ts";

export type Cell = string | number;

const INDENT = "  ";
const GAP = "  ";
/** Minimum width of a column. */
const LEAST_WIDTH = 12;

/** Numbers are right-aligned. In a narrow terminal, wide columns are wrapped. */
export function renderTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [head, ...rows].map((row) => row.map(textOf));
  const needed = head.map((_, i) => most(lines.map((line) => widthOf(line[i] ?? ""))));
  const widths = fitted(needed);
  const isNumber = head.map((_, i) => rows.some((row) => typeof row[i] === "number"));
  return lines.flatMap((line) => renderLine(line, widths, isNumber)).join("\n");
}

/** In the order of `meanings`; codes without a meaning, from a newer version, come last. */
export function countTable(
  head: string,
  counts: Readonly<Record<string, number>>,
  meanings: Readonly<Record<string, string>>,
): string {
  const known = Object.keys(meanings).filter((code) => Object.hasOwn(counts, code));
  const rows = [...new Set([...known, ...Object.keys(counts)])].map((code) => [
    code,
    counts[code] ?? 0,
    Object.hasOwn(meanings, code) ? meanings[code] ?? "" : "",
  ]);
  return renderTable([head, "Count", "Meaning"], rows);
}

/** Name and value, one pair a line. */
export function renderFacts(facts: readonly (readonly [name: string, fact: string])[]): string {
  const width = most(facts.map(([name]) => name.length));
  const lines = facts.map(([name, fact]) => name.padEnd(width) + GAP + printableLine(fact));
  return lines.map((line) => INDENT + line).join("\n");
}

/** 1234567 → "1,234,567", in any locale. */
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

/** Width in terminal columns. */
function widthOf(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : stringWidth(text);
}

/** Shrinks the widest column until the table fits. Without a terminal nothing is wrapped. */
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

/** Math.max takes at most some 100,000 arguments. */
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

/** Wraps at spaces; a word longer than a line is split. */
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

/** A longer result is printed as several tables. */
const PAGE_ROWS = 1000;

export interface TableLayout<Row> {
  readonly head: readonly string[];
  readonly cells: (row: Row) => readonly Cell[];
}

/** Prints rows as they arrive; returns their number. */
export async function printTable<Row>(
  session: Session,
  rows: AsyncIterable<Row>,
  { head, cells }: TableLayout<Row>,
): Promise<number> {
  let count = 0;
  let page: (readonly Cell[])[] = [];
  const flush = async (): Promise<void> => {
    if (page.length > 0) session.data(renderTable(head, page));
    page = [];
    await session.drained();
  };
  for await (const row of rows) {
    count += 1;
    page.push(cells(row));
    if (page.length === PAGE_ROWS) await flush();
  }
  await flush();
  return count;
}

/** Prints one JSON object: the facts, then each list row by row. */
export async function printJsonObject(
  session: Session,
  facts: object,
  lists: Readonly<Record<string, AsyncIterable<unknown>>>,
): Promise<void> {
  const text = printableJson(facts, 2);
  const names = Object.keys(lists);
  if (names.length === 0) return session.data(text);
  session.data(`${text.replace(/\n?\}$/, "")}${text === "{}" ? "" : ","}`);
  for (const [name, rows] of Object.entries(lists)) {
    session.data(`  ${printableJson(name)}: [`);
    let waiting: string | undefined;
    for await (const row of rows) {
      if (waiting !== undefined) session.data(`${waiting},`);
      waiting = `    ${printableJson(row)}`;
      await session.drained();
    }
    if (waiting !== undefined) session.data(waiting);
    session.data(name === names.at(-1) ? "  ]" : "  ],");
  }
  session.data("}");
}
