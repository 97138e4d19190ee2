/** Indented lines → text that fits a terminal. */
import wrapAnsi from "wrap-ansi";
import { printableLine } from "../base/log.ts";
import { groupDigits } from "./tables.ts";

/** A line, how far it is indented, and how many columns deeper it goes on below. */
export type Line = readonly [level: number, text: string, hanging?: number];

const [LEAST_COLUMNS, USUAL_COLUMNS, MOST_COLUMNS] = [40, 80, 160];
const INDENT = "  ";
const USUAL_HANGING = 4;
/** Of one value; --json has all. */
export const MOST_CHARS = 400;

/** Columns to write, be the terminal narrow, wide or none at all. */
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

/** Text from outside: on one line, without escapes, and not too long. */
export function shown(text: string): string {
  const cut = text.length > MOST_CHARS ? `… (${groupDigits(text.length)} characters)` : "";
  return printableLine(text.slice(0, MOST_CHARS)) + cut;
}
