/** Indented lines → text that fits a terminal. */
import wrapAnsi from "wrap-ansi";
import { printableLine } from "../kernel/log.ts";
import { groupDigits } from "./tables.ts";

/** A line and how far it is indented. */
export type Line = readonly [level: number, text: string];

const [LEAST_COLUMNS, USUAL_COLUMNS, MOST_COLUMNS] = [40, 80, 160];
const INDENT = "  ";
/** Of one value; --json has all. */
const MOST_CHARS = 400;

/** Columns to write, be the terminal narrow, wide or none at all. */
export function terminalWidth(): number {
  const { columns = USUAL_COLUMNS } = process.stdout;
  return Math.min(Math.max(columns, LEAST_COLUMNS), MOST_COLUMNS);
}

/** What does not fit goes on below, a little deeper. */
export function wrapped(lines: readonly Line[], width: number): string {
  return lines.flatMap(([level, text]) => {
    const indent = INDENT.repeat(level);
    const hanging = text.startsWith("- ") || text.startsWith("+ ") ? INDENT : INDENT + INDENT;
    const parts = wrapAnsi(text, width - indent.length - 4, { hard: true, trim: false }).split(
      "\n",
    );
    return parts.map((part, i) => indent + (i === 0 ? part.trimEnd() : hanging + part.trim()));
  }).join("\n");
}

/** Text from outside: on one line, without escapes, and not too long. */
export function shown(text: string): string {
  const cut = text.length > MOST_CHARS ? `… (${groupDigits(text.length)} characters)` : "";
  return printableLine(text.slice(0, MOST_CHARS)) + cut;
}
