/** A result in sections, wrapped to the width of a terminal, or as Markdown for a comment on a pull request. */
import wrapAnsi from "wrap-ansi";
import { printable, printableLine } from "../base/log.ts";
import { type Cell, groupDigits, renderTable } from "./tables.ts";

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

export interface Section {
  readonly title: string;
  readonly items: readonly SectionItem[];
  /** Number of items that are not among these. */
  readonly more?: number;
}

export interface SectionItem {
  readonly text: string;
  /** Below the text, from level 2. */
  readonly lines?: readonly Line[];
  /** A terminal shows it once for all items that have it. */
  readonly reason?: string;
}

/** Texts are as they are to be printed; those from outside must be quoted. */
export interface Format {
  quote(text: string): string;
  heading(text: string, level?: 1 | 2): string;
  paragraph(text: string): string;
  table(head: readonly string[], rows: readonly (readonly Cell[])[]): string;
  /** "" without items. */
  section(section: Section): string;
  /** A value and what it was before. */
  change(name: string, before: string, after: string): readonly Line[];
}

/** Length of a name and both values. */
const MOST_ON_A_LINE = 66;

export function terminalFormat(width = terminalWidth()): Format {
  const paragraph = (text: string): string => wrapped([[0, text]], width);
  return {
    quote: shown,
    heading: paragraph,
    paragraph,
    table: renderTable,
    section({ title, items, more = 0 }) {
      if (items.length + more === 0) return "";
      const groups = Map.groupBy(items, ({ reason }) => reason);
      const lines = [...groups].flatMap(([reason, same]): Line[] =>
        reason === undefined
          ? same.flatMap(({ text, lines = [] }): Line[] => [[1, text], ...lines])
          : [[1, reason], ...same.map(({ text }): Line => [2, text])]
      );
      const rest: Line[] = more === 0 ? [] : [[1, `… and ${groupDigits(more)} more, see --json`]];
      return wrapped([[0, title], ...lines, ...rest], width);
    },
    change: (name, before, after) =>
      name.length + before.length + after.length <= MOST_ON_A_LINE
        ? [[2, `${name}: ${before} → ${after}`]]
        : [[2, `${name}:`], [3, `- ${before}`, 2], [3, `+ ${after}`, 2]],
  };
}

/** Below one item of a list. */
const MOST_LINES = 20;

export interface MarkdownOptions {
  /** Of a section. A comment on GitHub may have 65,536 characters, on GitLab more. */
  readonly mostChars: number;
  /** Sections open on a click. */
  readonly isFolded: boolean;
}

export function markdownFormat({ mostChars, isFolded }: MarkdownOptions): Format {
  return {
    quote: markdownCode,
    heading: (text, level = 1) => `${"#".repeat(level + 2)} ${text}`,
    paragraph: (text) => text,
    table: markdownTable,
    section({ title, items, more = 0 }) {
      if (items.length + more === 0) return "";
      let room = mostChars;
      const fitting = items.map(markdownItem).filter((item) => {
        const isFitting = item.length < room;
        if (isFitting) room -= item.length + 1;
        return isFitting;
      });
      const hidden = items.length + more - fitting.length;
      const rest = hidden === 0 ? [] : [`- … and ${groupDigits(hidden)} more, see \`--json\``];
      const list = [...fitting, ...rest].join("\n");
      if (!isFolded) return `**${title}**\n\n${list}`;
      const summary = `${title} (${groupDigits(items.length + more)})`;
      return `<details><summary>${summary}</summary>\n\n${list}\n\n</details>`;
    },
    change: (name, before, after) => [[2, `${name}: ${before} → ${after}`]],
  };
}

function markdownItem({ text, lines = [], reason }: SectionItem): string {
  const hidden = lines.length - MOST_LINES;
  const shownLines = lines.slice(0, MOST_LINES).map(([, line]) => `  - ${line}`);
  return [
    `- ${text}${reason === undefined ? "" : `: ${reason}`}`,
    ...shownLines,
    ...(hidden > 0 ? [`  - … and ${groupDigits(hidden)} more`] : []),
  ].join("\n");
}

const MOST_CHARS_OF_VALUE = 200;

/** As code, where Markdown, HTML and @names have no effect. */
function markdownCode(text: string): string {
  const end = text.length > MOST_CHARS_OF_VALUE ? "…" : "";
  const line = printableLine(text.slice(0, MOST_CHARS_OF_VALUE));
  const runs = line.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(0, ...runs.map((run) => run.length)) + 1);
  const pad = /^`|`$|^ | $|^$/.test(line + end) ? " " : "";
  return `${fence}${pad}${line}${end}${pad}${fence}`;
}

/** Numbers are right-aligned. A bar in a text is escaped, since it would end the cell, even in code. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
): string {
  const rule = head.map((_, i) => typeof rows[0]?.[i] === "number" ? "--:" : "---");
  const lines = rows.map((row) =>
    row.map((cell) => typeof cell === "number" ? groupDigits(cell) : cell.replaceAll("|", "\\|"))
  );
  return [head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
