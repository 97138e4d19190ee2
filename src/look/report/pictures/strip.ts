/** A prefix as a strip from its first to its last address: filled where addresses are taken. */
import { type Html, markup } from "../page/markup.ts";
import { px } from "../page/numbers.ts";

/** Shades, from the faintest to full. */
const SHADES = 5;
/** Between two parts, in percent of the whole. */
const GAP = 0.1;

/** `parts`: the share of each part that is taken. */
export function stripSvg(parts: readonly number[]): Html {
  const width = 100 / parts.length;
  const rects = parts.flatMap((share, i) =>
    share === 0
      ? []
      : markup`<rect class="s${Math.max(1, Math.min(SHADES, Math.ceil(share * SHADES)))}" x="${
        px(i * width)
      }%" width="${px(Math.max(width - GAP, GAP))}%"/>`
  );
  return markup`<svg class="strip" aria-hidden="true">${rects}</svg>`;
}
