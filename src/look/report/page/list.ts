/**
 * Lists with search, filters, sorting and pages. The HTML has the first page; browser.js reads all rows from
 * the data of the page.
 */
import { groupDigits } from "../../../terminal/tables.ts";
import { type Html, markup, visible } from "./markup.ts";

export interface Column<Row> {
  readonly title: string;
  /** "number" sorts by value, "code" is monospaced, "status" has a coloured mark. */
  readonly kind?: "text" | "code" | "number" | "status";
  /** Offer a filter by value? */
  readonly isFilter?: boolean;
  readonly cell: (row: Row) => string | number | undefined;
}

export interface ReportList<Row> {
  /** In the data and in links. */
  readonly id: string;
  /** Plural noun: "guests". */
  readonly things: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
}

// oxlint-disable-next-line typescript/no-explicit-any -- lists of all kinds stand on one page
export type AnyReportList = ReportList<any>;

/** Data for browser.js. Each cell is an index into the texts. */
export interface ListData {
  readonly things: string;
  readonly columns: readonly { readonly title: string; readonly kind: string }[];
  readonly cells: readonly number[];
}

/** The texts of all lists, each once. */
export class Texts {
  readonly all: string[] = [];
  readonly #indexes = new Map<string, number>();

  indexOf(text: string): number {
    const known = this.#indexes.get(text);
    if (known !== undefined) return known;
    this.#indexes.set(text, this.all.length);
    return this.all.push(text) - 1;
  }
}

export function listData<Row>({ things, columns, rows }: ReportList<Row>, texts: Texts): ListData {
  return {
    things,
    columns: columns.map(({ title, kind = "text" }) => ({ title, kind })),
    cells: rows.flatMap((row) => columns.map((column) => texts.indexOf(cellText(column, row)))),
  };
}

export const PAGE_ROWS = 25;
/** The most frequent values; the search finds all. */
const MOST_OPTIONS = 500;

export function listHtml<Row>(list: ReportList<Row>): Html {
  const { id, things, columns, rows } = list;
  const first = rows.slice(0, PAGE_ROWS);
  const count = rows.length <= PAGE_ROWS
    ? groupDigits(rows.length)
    : `1–${PAGE_ROWS} of ${groupDigits(rows.length)}`;
  return markup`<div class="list" id="list-${id}" data-list="${id}">
<div class="controls" role="search" aria-label="Search the ${things}">
<label class="search"><span>Search</span><input type="search" autocomplete="off" spellcheck="false"
 placeholder="Any words, in any column"></label>
${columns.map((column, at) => column.isFilter === true && filterHtml(list, at))}
<output class="count" aria-live="polite">${count} ${things}</output></div>
<div class="scroll" role="region" aria-label="Table of ${things}" tabindex="0"><table>
<thead><tr>${columns.map((column) => headHtml(column))}</tr></thead>
<tbody>${
    first.map((row) => markup`<tr>${columns.map((column) => cellHtml(column, row))}</tr>`)
  }</tbody>
</table></div>
<p class="none" hidden>No matches. <button type="button" class="reset">Show all ${things}</button></p>
<nav class="pages" aria-label="Pages of ${things}"${rows.length <= PAGE_ROWS && markup` hidden`}>
<button type="button" class="previous" disabled>Previous</button>
<button type="button" class="next">Next</button></nav>
</div>`;
}

function headHtml<Row>({ title, kind = "text" }: Column<Row>): Html {
  return markup`<th scope="col" class="${kind}"><button type="button">${title}</button></th>`;
}

function cellHtml<Row>(column: Column<Row>, row: Row): Html {
  const text = cellText(column, row);
  const { kind = "text" } = column;
  return markup`<td class="${kind}">${
    kind === "status" && text !== ""
      ? markup`<span class="mark" data-mark="${text}">${text}</span>`
      : text
  }</td>`;
}

function filterHtml<Row>({ columns, rows }: ReportList<Row>, at: number): Html | undefined {
  const column = columns[at] as Column<Row>;
  const counts = new Map<string, number>();
  for (const row of rows) {
    const text = cellText(column, row);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  if (counts.size < 2) return undefined;
  const options = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, MOST_OPTIONS);
  return markup`<label><span>${column.title}</span><select data-column="${at}">
<option value="">All</option>${
    options.map(([text, count]) =>
      markup`<option value="${`=${text}`}">${text === "" ? "(none)" : text} (${
        groupDigits(count)
      })</option>`
    )
  }</select></label>`;
}

function cellText<Row>({ cell }: Column<Row>, row: Row): string {
  const value = cell(row);
  return value === undefined ? "" : visible(String(value));
}
