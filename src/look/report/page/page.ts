/** Puts the chapters, with their lists, into one self-contained HTML file that makes no network requests. */
import { createHash } from "node:crypto";
import { readAsset } from "../../../base/asset.ts";
import { compareCodeUnits } from "../../../base/natural-order.ts";
import { TOOL } from "../../../base/tool.ts";
import { groupDigits } from "../../../terminal/tables.ts";
import { Html, jsonInHtml, markup, type MarkupPart, scrollHtml, visible } from "./markup.ts";

export interface Chapter {
  /** For links. */
  readonly id: string;
  readonly title: string;
  /** Sentence below the title. */
  readonly lead: string;
  readonly body: readonly (MarkupPart | ReportList)[];
}

/** A table with search, filters, sorting and pages; it is left out if it has no rows. */
export interface ReportList extends ListName {
  readonly columns: readonly Required<ColumnFacts>[];
  /** The text of each cell. */
  readonly rows: readonly (readonly string[])[];
}

interface ListName {
  /** In the data and in links. */
  readonly id: string;
  readonly heading?: string;
  /** Plural noun: "guests". */
  readonly things: string;
}

interface ColumnFacts {
  readonly title: string;
  /** "number" sorts by value, "code" is monospaced, "status" has a coloured mark. */
  readonly kind?: "text" | "code" | "number" | "status";
  /** Offer a filter by value? */
  readonly isFilter?: boolean;
}

export interface Column<Row> extends ColumnFacts {
  readonly cell: (row: Row) => string | number | undefined;
}

/** A column that is false is left out. */
export function reportList<Row>(
  name: ListName,
  rows: readonly Row[],
  columns: readonly (Column<Row> | false)[],
): ReportList {
  const shown = columns.filter((column) => column !== false);
  return {
    ...name,
    columns: shown.map(({ title, kind = "text", isFilter = false }) => ({ title, kind, isFilter })),
    rows: rows.map((row) => shown.map(({ cell }) => visible(String(cell(row) ?? "")))),
  };
}

/** Shows the rows of a list that have this value in a column. */
export function filterLink({ id }: ReportList, column: string, value: string): Html {
  return markup`<a href="#list-${id}" data-list="${id}" data-column="${column}" data-value="${value}">${
    value === "" ? "(none)" : value
  }</a>`;
}

/** First bytes of a report, which a later one may overwrite. */
export const REPORT_MARK = `<!doctype html>\n<html lang="en" data-made-by="${TOOL.name} report">`;

export function pageHtml(
  title: string,
  { head, chapters, foot }: {
    readonly head: Html;
    readonly chapters: readonly Chapter[];
    readonly foot: Html;
  },
): string {
  const [style, script] = [inlined("style.css"), inlined("browser.js")];
  const policy = [
    "default-src 'none'",
    `style-src ${style.source}`,
    `script-src ${script.source}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  const page = markup`${new Html(REPORT_MARK)}
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="${TOOL.name} ${TOOL.version}">
<title>${title}</title>
<style>${new Html(style.text)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header class="masthead">${head}</header>
<nav class="contents" aria-label="Chapters"><ul>${
    chapters.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>`)
  }</ul></nav>
<main id="main">${chapters.map(chapterHtml)}</main>
<footer>${foot}</footer>
<div id="tip" role="presentation" hidden></div>
<script type="application/json" id="data">${jsonInHtml(pageData(chapters))}</script>
<script type="module">${new Html(script.text)}</script>
</body>
</html>
`;
  return page.toString();
}

/** `source`: for the Content-Security-Policy, 'sha256-…'. */
function inlined(name: "style.css" | "browser.js"): { text: string; source: string } {
  const file = new TextDecoder().decode(readAsset(`look/report/page/${name}`));
  // Browsers convert CRLF to LF before hashing.
  const text = `\n${file.replaceAll("\r\n", "\n")}`;
  return { text, source: `'sha256-${createHash("sha256").update(text).digest("base64")}'` };
}

const PAGE_ROWS = 25;

/** All rows of the lists, for browser.js. Each cell is an index into `texts`, which has each text once. */
function pageData(chapters: readonly Chapter[]): object {
  const indexes = new Map<string, number>();
  const indexOf = (text: string): number => {
    const index = indexes.get(text) ?? indexes.size;
    indexes.set(text, index);
    return index;
  };
  const shown = chapters.flatMap(({ body }) => body.filter(isList))
    .filter(({ rows }) => rows.length > 0);
  const lists = shown.map(({ id, things, columns, rows }) => {
    const heads = columns.map(({ title, kind }) => ({ title, kind }));
    return [id, { things, columns: heads, cells: rows.flat().map(indexOf) }] as const;
  });
  return { pageRows: PAGE_ROWS, texts: [...indexes.keys()], lists: Object.fromEntries(lists) };
}

function isList(part: Chapter["body"][number]): part is ReportList {
  return typeof part === "object" && "rows" in part;
}

function chapterHtml({ id, title, lead, body }: Chapter): Html {
  return markup`<section class="chapter" id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2><p class="lead">${lead}</p>
${body.map((part) => isList(part) ? listHtml(part) : part)}</section>
`;
}

/** With the first page of rows. */
function listHtml(list: ReportList): Html | undefined {
  const { id, heading, things, columns, rows } = list;
  if (rows.length === 0) return undefined;
  const count = rows.length <= PAGE_ROWS
    ? groupDigits(rows.length)
    : `1–${PAGE_ROWS} of ${groupDigits(rows.length)}`;
  const table = markup`<table>
<thead><tr>${
    columns.map(({ title, kind }) =>
      markup`<th scope="col" class="${kind}"><button type="button">${title}</button></th>`
    )
  }</tr></thead>
<tbody>${
    rows.slice(0, PAGE_ROWS).map((row) =>
      markup`<tr>${row.map((text, at) => cellHtml(text, columns[at]?.kind ?? "text"))}</tr>`
    )
  }</tbody>
</table>`;
  return markup`${heading !== undefined && markup`<h3>${heading}</h3>`}
<div class="list" id="list-${id}" data-list="${id}">
<div class="controls" role="search" aria-label="Search the ${things}">
<label class="search"><span>Search</span><input type="search" autocomplete="off" spellcheck="false"
 placeholder="Any words, in any column"></label>
${columns.map((column, at) => column.isFilter && filterHtml(list, at))}
<output class="count" aria-live="polite">${count} ${things}</output></div>
${scrollHtml(`Table of ${things}`, table)}
<p class="none" hidden>No matches. <button type="button" class="reset">Show all ${things}</button></p>
<nav class="pages" aria-label="Pages of ${things}"${rows.length <= PAGE_ROWS && markup` hidden`}>
<button type="button" class="previous" disabled>Previous</button>
<button type="button" class="next">Next</button></nav>
</div>`;
}

function cellHtml(text: string, kind: string): Html {
  return markup`<td class="${kind}">${
    kind === "status" && text !== ""
      ? markup`<span class="mark" data-mark="${text}">${text}</span>`
      : text
  }</td>`;
}

/** The most frequent values; the search finds all. */
const MOST_OPTIONS = 500;

function filterHtml({ columns, rows }: ReportList, at: number): Html | undefined {
  const options = groupsOf(rows, at).slice(0, MOST_OPTIONS);
  if (options.length < 2) return undefined;
  return markup`<label><span>${columns[at]?.title}</span><select data-column="${at}">
<option value="">All</option>${
    options.map(([text, { length }]) =>
      markup`<option value="${`=${text}`}">${text === "" ? "(none)" : text} (${
        groupDigits(length)
      })</option>`
    )
  }</select></label>`;
}

type Rows = ReportList["rows"];

/** The values of a column with their rows, the most frequent first. */
export function groupsOf(rows: Rows, at: number): [value: string, rows: Rows][] {
  return [...Map.groupBy(rows, (row) => row[at] ?? "")]
    .sort(([a, own], [b, other]) => other.length - own.length || compareCodeUnits(a, b));
}
