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

/** One line, with Markdown and HTML escaped. */
export function markdownText(text: string): string {
  return printable(text).replace(/\s+/g, " ").replace(/[<>|`*_[\]\\]/g, "\\$&");
}
