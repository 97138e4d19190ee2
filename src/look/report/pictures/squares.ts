/** Guests as squares, one each: how many there are and how they are shows before anything is read. */
import { type Html, markup } from "../page/markup.ts";

export interface Square {
  readonly mark: string;
  readonly tip: string;
}

/** The side of a square, 9, stands in style.css. */
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
