/**
 * HTML as a value: what stands in the template is markup, and what is put into it is text.
 *
 *   markup`<td title="${name}">${cells}</td>`
 */

/** Markup that may be put into other markup as it is. Only `markup` makes it. */
export class Html {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

/** undefined and false put nothing there. */
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

/** C0, DEL and C1 but newline and tab, and what turns text around. Source: Unicode UAX #9. */
const INVISIBLE_REGEXP =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu;

/** Text from outside as a page may show it: nothing in it is invisible, or turns what follows around. */
export function visible(text: string): string {
  return text.replace(
    INVISIBLE_REGEXP,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** JSON that can stand in a script element: "<" would end it, or open another. */
export function jsonInHtml(value: unknown): Html {
  return new Html(JSON.stringify(value).replaceAll("<", "\\u003c"));
}

/** Numbers as people read them. The locale is ours: the same page comes of it everywhere. */

const GROUPED = new Intl.NumberFormat("en-US");
const ROUNDED = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });

/** 1234567 → "1,234,567" */
export function grouped(value: number): string {
  return GROUPED.format(value);
}

/** 1 → "1 guest", 1200 → "1,200 guests" */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}

const UNITS = ["MiB", "GiB", "TiB", "PiB"] as const;

/** 1536 → "1.5 GiB" */
export function sizeOfMib(mib: number): string {
  const power = mib < 1 ? 0 : Math.min(Math.floor(Math.log2(mib) / 10), UNITS.length - 1);
  return `${ROUNDED.format(mib / 1024 ** power)} ${UNITS[power]}`;
}

/** 1536 → 1.5, 102400 → 100: for a column that is sorted by it. */
export function gibOf(mib: number): number {
  const gib = mib / 1024;
  return gib < 10 ? Math.round(gib * 10) / 10 : Math.round(gib);
}

/** 0.127 → "13%"; of what is little, "<1%". */
export function percent(share: number): string {
  return share > 0 && share < 0.01 ? "<1%" : `${Math.round(share * 100)}%`;
}

/** A length in a picture, as short as it can be written. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** The word that a table has for a key that may be anything: "constructor" is in none. */
export function lookUp<Value>(
  table: Readonly<Record<string, Value>>,
  key: string,
): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
