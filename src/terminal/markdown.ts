/** Markdown with text from outside, escaped. */
import { printable, printableLine } from "../base/log.ts";

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
