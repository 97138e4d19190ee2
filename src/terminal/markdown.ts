/** Markdown that text from outside cannot change. */
import { printable, printableLine } from "../base/log.ts";

const MOST_CHARS_OF_VALUE = 200;

/** On one line, and no Markdown or HTML of its own. */
export function markdownText(text: string): string {
  return printable(text).replace(/\s+/g, " ").replace(/[<>|`*_[\]\\]/g, "\\$&");
}

/** Text from outside as code, where neither Markdown nor HTML nor an @name means anything. */
export function markdownCode(text: string): string {
  const end = text.length > MOST_CHARS_OF_VALUE ? "…" : "";
  const line = printableLine(text.slice(0, MOST_CHARS_OF_VALUE));
  const runs = line.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(0, ...runs.map((run) => run.length)) + 1);
  const pad = /^`|`$|^ | $|^$/.test(line + end) ? " " : "";
  return `${fence}${pad}${line}${end}${pad}${fence}`;
}

/** Cells are Markdown already; `right`: columns of numbers. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly string[] = [],
): string {
  const rule = head.map((name) => (right.includes(name) ? "--:" : "---"));
  return [head, rule, ...rows].map(markdownRow).join("\n");
}

/** A table takes a bar for its own, even in code. */
export function markdownRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replace(/(?<!\\)\|/g, "\\|")).join(" | ")} |`;
}
