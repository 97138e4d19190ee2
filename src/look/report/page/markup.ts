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
export type Part = Html | string | number | false | undefined | readonly Part[];

export function markup(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const texts = parts.map((part, i) => textOf(part) + (literals[i + 1] ?? ""));
  return new Html((literals[0] ?? "") + texts.join(""));
}

function textOf(part: Part): string {
  if (part instanceof Html) return part.toString();
  if (typeof part === "object") return part.map(textOf).join("");
  return part === undefined || part === false ? "" : escape(shown(String(part)));
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
export function shown(text: string): string {
  return text.replace(
    INVISIBLE_REGEXP,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** JSON that can stand in a script element: "<" would end it, or open another. */
export function jsonInHtml(value: unknown): Html {
  return new Html(JSON.stringify(value).replaceAll("<", "\\u003c"));
}
