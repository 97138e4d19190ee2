/** Bar charts, and guests as squares. */
import { type Html, markup, px } from "./markup.ts";

export interface Bar {
  readonly label: string | Html;
  readonly parts: readonly BarPart[];
  /** Text after the bar: "12 of 113". */
  readonly figure: string;
  /** Sentence below the label. */
  readonly note?: string | undefined;
}

export interface BarPart {
  readonly value: number;
  /** Chooses its colour. */
  readonly mark: string;
  readonly tip?: string;
}

export interface BarsOptions {
  /** Value of a full bar; by default the longest bar. */
  readonly full?: number;
  /** Show the notes next to the bars where there is room. */
  readonly isNoted?: boolean;
}

export function barsHtml(bars: readonly Bar[], options: BarsOptions = {}): Html {
  const { full = longest(bars), isNoted = false } = options;
  return markup`<ul class="bars${isNoted && " noted"}">${
    bars.map((bar) => barHtml(bar, full))
  }</ul>`;
}

function longest(bars: readonly Bar[]): number {
  return Math.max(1, ...bars.map(({ parts }) => lengthOf(parts)));
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

export interface Square {
  readonly mark: string;
  readonly tip: string;
}

/** The side of a square is 9, see style.css. */
const [PITCH, COLUMNS] = [11, 16];

export function squaresSvg(squares: readonly Square[]): Html | undefined {
  if (squares.length === 0) return undefined;
  const rows = Math.ceil(squares.length / COLUMNS);
  const rects = squares.map(({ mark, tip }, i) =>
    markup`<rect data-mark="${mark}" data-tip="${tip}" x="${(i % COLUMNS) * PITCH}" y="${
      Math.floor(i / COLUMNS) * PITCH
    }"/>`
  );
  const [width, height] = [COLUMNS * PITCH, rows * PITCH];
  return markup`<svg class="squares" aria-hidden="true" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${rects}</svg>`;
}
