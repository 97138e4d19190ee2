/** Bars, squares and rectangles, drawn when the page is written. */
import { hierarchy, treemap } from "d3-hierarchy";
import { groupDigits } from "../../../terminal/tables.ts";
import { lookUp } from "../../../transform/mapping/values.ts";
import { type Html, markup, px } from "./markup.ts";
import { filterLink, groupsOf, type ReportList } from "./page.ts";

export interface Bar {
  readonly label: string | Html;
  readonly parts: readonly BarPart[];
  /** Text after the bar: "12 of 113". */
  readonly figure: string;
  /** Sentence below the label. */
  readonly note?: string | undefined;
}

interface BarPart {
  readonly value: number;
  /** Chooses its colour. */
  readonly mark: string;
  readonly tip?: string;
}

/**
 * `full`: the value of a full bar, by default the longest bar. `isNoted`: shows the notes next to the bars
 * where there is room.
 */
export function barsHtml(
  bars: readonly Bar[],
  { full, isNoted = false }: { readonly full?: number; readonly isNoted?: boolean } = {},
): Html {
  const scale = full ?? Math.max(1, ...bars.map(({ parts }) => lengthOf(parts)));
  return markup`<ul class="bars${isNoted && " noted"}">${
    bars.map((bar) => barHtml(bar, scale))
  }</ul>`;
}

function lengthOf(parts: readonly BarPart[]): number {
  return parts.reduce((sum, { value }) => sum + value, 0);
}

function barHtml({ label, parts, figure, note }: Bar, full: number): Html {
  const drawn = parts.filter(({ value }) => value > 0);
  const rects = drawn.map(({ value, mark, tip }, i) => {
    const from = lengthOf(drawn.slice(0, i)) / full;
    const width = Math.max(value / full, 0.004);
    return markup`<rect data-mark="${mark}"${tip !== undefined && markup` data-tip="${tip}"`} x="${
      px(from * 100)
    }%" width="${px(width * 100)}%" height="100%"/>`;
  });
  return markup`<li><span class="label">${label}</span><svg aria-hidden="true">${rects}</svg><span
 class="figure">${figure}</span>${
    note !== undefined && markup`<span class="note">${note}</span>`
  }</li>`;
}

interface ColumnBars {
  /** More values are counted together. */
  readonly most?: number;
  /** By value. */
  readonly notes?: Readonly<Record<string, string>>;
  /** Divides each bar by the values of the column of this kind. */
  readonly statuses?: readonly string[];
}

/** A bar for each value in a column of a list, with a link that filters the list by it. */
export function columnBars(
  list: ReportList,
  title: string,
  { most = Infinity, notes = {}, statuses }: ColumnBars,
): Bar[] {
  const at = list.columns.findIndex((column) => column.title === title);
  const groups = groupsOf(list.rows, at);
  const shown = groups.slice(0, groups.length > most + 1 ? most : groups.length);
  const rest = groups.slice(shown.length);
  const statusAt = list.columns.findIndex(({ kind }) => kind === "status");
  const bars = shown.map(([value, rows]): Bar => ({
    label: filterLink(list, title, value),
    parts: statuses?.map((mark) => {
      const count = rows.filter((row) => row[statusAt] === mark).length;
      return { mark, value: count, tip: `${groupDigits(count)} ${mark}` };
    }) ?? [{ mark: "plain", value: rows.length }],
    figure: groupDigits(rows.length),
    note: lookUp(notes, value),
  }));
  if (rest.length === 0) return bars;
  const others = rest.reduce((sum, [, { length }]) => sum + length, 0);
  // No bar: it would dwarf the others.
  const label = `${groupDigits(rest.length)} others`;
  return [...bars, { label, parts: [], figure: groupDigits(others) }];
}

/** The side of a square is 9, see style.css. */
const [PITCH, COLUMNS] = [11, 16];

export function squaresSvg(
  squares: readonly { readonly mark: string; readonly tip: string }[],
): Html | undefined {
  if (squares.length === 0) return undefined;
  const rects = squares.map(({ mark, tip }, i) =>
    markup`<rect data-mark="${mark}" data-tip="${tip}" x="${(i % COLUMNS) * PITCH}" y="${
      Math.floor(i / COLUMNS) * PITCH
    }"/>`
  );
  const [width, height] = [COLUMNS * PITCH, Math.ceil(squares.length / COLUMNS) * PITCH];
  return markup`<svg class="squares" aria-hidden="true" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${rects}</svg>`;
}

/** Classes of style.css, from the lightest to full. */
const SHADES = 5;

/** 0.3 → "s2" */
export function shadeOf(share: number): string {
  return `s${Math.max(1, Math.min(SHADES, Math.ceil(share * SHADES)))}`;
}

/** Between two parts, in percent. */
const GAP = 0.1;

/** A bar of equal parts, each filled by its share. */
export function stripSvg(shares: readonly number[]): Html {
  const width = 100 / shares.length;
  const rects = shares.map((share, i) =>
    share > 0 &&
    markup`<rect class="${shadeOf(share)}" x="${px(i * width)}%" width="${
      px(Math.max(width - GAP, GAP))
    }%"/>`
  );
  return markup`<svg class="strip" aria-hidden="true">${rects}</svg>`;
}

const [WIDTH, HEIGHT, HEAD] = [1000, 380, 22];
/** Width of a letter at 12 and 11 pixels. */
const [HEAD_CHAR, TILE_CHAR] = [7.2, 6.4];
const MOST_TILES = 400;

/** A rectangle with its area, or with the rectangles in it. */
export interface Tile {
  readonly name: string;
  readonly value?: number;
  /** The largest first. */
  readonly children?: readonly Tile[];
}

/** Groups of rectangles to scale. `format`: for titles and tips. */
export function treemapSvg(
  label: string,
  groups: readonly Tile[],
  format: (value: number) => string,
): Html {
  const root = hierarchy<Tile>({ name: "", children: groups.map(withFewTiles) })
    .sum(({ value = 0 }) => value);
  const laid = treemap<Tile>().size([WIDTH, HEIGHT])
    .paddingTop(({ depth }) => depth === 1 ? HEAD : 0).paddingInner(2).round(true)(root);
  const boxes = laid.children?.map(({ x0, y0, x1, data: { name }, value = 0, children = [] }) =>
    markup`<g><text class="head" x="${x0 + 1}" y="${y0 + 15}">${
      headOf(name, format(value), x1 - x0)
    }</text>${
      children.map((tile) => {
        const [width, height] = [tile.x1 - tile.x0, tile.y1 - tile.y0];
        const title = height < 16 ? "" : fitted(tile.data.name, width - 8, TILE_CHAR);
        return markup`<rect x="${tile.x0}" y="${tile.y0}" width="${width}" height="${height}" data-tip="${tile.data.name}, ${
          format(tile.value ?? 0)
        } on ${name}"/>${
          title !== "" && markup`<text x="${tile.x0 + 5}" y="${tile.y0 + 14}">${title}</text>`
        }`;
      })
    }</g>`
  );
  return markup`<svg class="treemap" role="img" aria-label="${label}" viewBox="0 0 ${WIDTH} ${HEIGHT}">${boxes}</svg>`;
}

/** Combines the smallest tiles into one. */
function withFewTiles({ name, children = [] }: Tile): Tile {
  const rest = children.slice(MOST_TILES);
  if (rest.length === 0) return { name, children };
  const value = rest.reduce((sum, tile) => sum + (tile.value ?? 0), 0);
  const others = { name: `${rest.length} smaller ones`, value };
  return { name, children: [...children.slice(0, MOST_TILES), others] };
}

function headOf(name: string, figure: string, width: number): string {
  const whole = `${name} · ${figure}`;
  return fitted(whole, width, HEAD_CHAR) === whole ? whole : fitted(name, width, HEAD_CHAR);
}

function fitted(text: string, width: number, char: number): string {
  const most = Math.floor(width / char);
  if (text.length <= most) return text;
  return most < 4 ? "" : `${text.slice(0, most - 1)}…`;
}
