/** Text for the terminal, wrapped to its width, and for Markdown, escaped. */
import wrapAnsi from "wrap-ansi";
import { printable, printableLine } from "../base/log.ts";
import { groupDigits } from "./tables.ts";

/** A line, its indentation, and the additional indentation of wrapped lines in columns. */
export type Line = readonly [level: number, text: string, hanging?: number];

const [LEAST_COLUMNS, USUAL_COLUMNS, MOST_COLUMNS] = [40, 80, 160];
const INDENT = "  ";
const USUAL_HANGING = 4;
/** Of one value; --json has all of it. */
export const MOST_CHARS = 400;

/** Between 40 and 160 columns; 80 without a terminal. */
export function terminalWidth(): number {
  const { columns = USUAL_COLUMNS } = process.stdout;
  return Math.min(Math.max(columns, LEAST_COLUMNS), MOST_COLUMNS);
}

export function wrapped(lines: readonly Line[], width: number): string {
  return lines.flatMap(([level, text, hanging = USUAL_HANGING]) => {
    const indent = INDENT.repeat(level);
    const columns = width - indent.length - hanging;
    const parts = wrapAnsi(text, columns, { hard: true, trim: false }).split("\n");
    const below = indent + " ".repeat(hanging);
    return parts.map((part, i) => i === 0 ? indent + part.trimEnd() : below + part.trim());
  }).join("\n");
}

/** Text from outside on one line, without escapes, and shortened. */
export function shown(text: string): string {
  const cut = text.length > MOST_CHARS ? `… (${groupDigits(text.length)} characters)` : "";
  return printableLine(text.slice(0, MOST_CHARS)) + cut;
}

const MOST_CHARS_OF_VALUE = 200;

/** One line, with Markdown and HTML escaped. */
export function markdownText(text: string): string {
  return printable(text).replace(/\s+/g, " ").replace(/[<>|`*_[\]\\]/g, "\\$&");
}

/** As code, where Markdown, HTML and @names have no effect. */
export function markdownCode(text: string): string {
  const end = text.length > MOST_CHARS_OF_VALUE ? "…" : "";
  const line = printableLine(text.slice(0, MOST_CHARS_OF_VALUE));
  const runs = line.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(0, ...runs.map((run) => run.length)) + 1);
  const pad = /^`|`$|^ | $|^$/.test(line + end) ? " " : "";
  return `${fence}${pad}${line}${end}${pad}${fence}`;
}

/** Cells are Markdown; `right`: right-aligned columns. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly string[] = [],
): string {
  const rule = head.map((name) => (right.includes(name) ? "--:" : "---"));
  return [head, rule, ...rows].map(markdownRow).join("\n");
}

/** A bar ends a cell, even in code. */
export function markdownRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replace(/(?<!\\)\|/g, "\\|")).join(" | ")} |`;
}
