/**
 * HTML as a value: the template is markup, and inserted values are escaped.
 *
 *   markup`<td title="${name}">${cells}</td>`
 */

import { groupDigits } from "../../../terminal/tables.ts";

/** Trusted markup. */
export class Html {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

/** undefined and false insert nothing. */
export type MarkupPart = Html | string | number | false | undefined | readonly MarkupPart[];

export function markup(literals: TemplateStringsArray, ...parts: readonly MarkupPart[]): Html {
  const texts = parts.map((part, i) => textOf(part) + (literals[i + 1] ?? ""));
  return new Html((literals[0] ?? "") + texts.join(""));
}

function textOf(part: MarkupPart): string {
  if (part instanceof Html) return part.toString();
  if (typeof part === "object") return part.map(textOf).join("");
  return part === undefined || part === false ? "" : escape(visible(String(part)));
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? "") : text;
}

/** C0, DEL and C1 except newline and tab, and bidirectional controls. Source: Unicode UAX #9. */
const INVISIBLE_REGEXP =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu;

/** Makes invisible and bidirectional control characters visible. */
export function visible(text: string): string {
  return text.replace(
    INVISIBLE_REGEXP,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** JSON for a script element, where "<" could end it. */
export function jsonInHtml(value: unknown): Html {
  return new Html(JSON.stringify(value).replaceAll("<", "\\u003c"));
}

/** Content that may be wider than the page. */
export function scrollHtml(label: string, content: Html): Html {
  return markup`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${content}</div>`;
}

/** What colours mean. */
export function legendHtml(meanings: Readonly<Record<string, string>>): Html {
  const items = Object.entries(meanings).map(([mark, meaning]) =>
    markup`<li><i data-mark="${mark}"></i>${meaning}</li>`
  );
  return markup`<ul class="legend">${items}</ul>`;
}

export interface Figure {
  readonly word: string;
  readonly figure: string | number;
  readonly note?: string | false;
  /** Chooses its colour. */
  readonly mark?: string;
}

export function figuresHtml(figures: readonly Figure[]): Html {
  return markup`<dl class="figures">${
    figures.map(({ word, figure, note, mark }) =>
      markup`<div${mark !== undefined && markup` data-mark="${mark}"`}><dt>${word}</dt><dd>${
        typeof figure === "number" ? groupDigits(figure) : figure
      }${note !== undefined && note !== false && markup` <small>${note}</small>`}</dd></div>`
    )
  }</dl>`;
}

const ROUNDED = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });

const UNITS = ["MiB", "GiB", "TiB", "PiB"] as const;

/** 1536 → "1.5 GiB" */
export function sizeOfMib(mib: number): string {
  const power = mib < 1 ? 0 : Math.min(Math.floor(Math.log2(mib) / 10), UNITS.length - 1);
  return `${ROUNDED.format(mib / 1024 ** power)} ${UNITS[power]}`;
}

/** 1536 → 1.5, 102400 → 100: for sortable columns. */
export function gibOf(mib: number): number {
  const gib = mib / 1024;
  return gib < 10 ? Math.round(gib * 10) / 10 : Math.round(gib);
}

/** 0.127 → "13%", 0.001 → "<1%" */
export function percent(share: number): string {
  return share > 0 && share < 0.01 ? "<1%" : `${Math.round(share * 100)}%`;
}

/** A length in SVG with one decimal at most. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
