/** Values that differ → a few words each, cut to where they differ. */
import type { Difference, Shown } from "../../look/compare/findings.ts";

/** Of a long text. */
const MOST_CHARS = 60;
const CHARS_BEFORE = 15;

export interface ShownPair {
  readonly netbox: string;
  readonly sent: string;
}

/** What NetBox's list has more than it was sent is no difference, and not shown. */
export function shownPair({ netbox, sent }: Pick<Difference, "netbox" | "sent">): ShownPair {
  const from = typeof netbox === "string" && typeof sent === "string"
    ? Math.max(firstDifference(netbox, sent) - CHARS_BEFORE, 0)
    : 0;
  return { netbox: shownText(netbox, from), sent: shownText(sent, from) };
}

/** "memory: NetBox has 4096, sent was 8192", "object_types: a push removes dcim.device" */
export function differenceText(difference: Difference): string {
  const { field, netbox, sent, lost = [] } = difference;
  if (Array.isArray(netbox) && Array.isArray(sent)) {
    const lacking = sent.filter((name) => !netbox.includes(name));
    const parts = [
      ...(lacking.length === 0 ? [] : [`NetBox lacks ${shownText(lacking, 0)}`]),
      ...(lost.length === 0 ? [] : [`a push removes ${shownText(lost, 0)}`]),
    ];
    return `${field}: ${parts.join("; ")}`;
  }
  const pair = shownPair(difference);
  return `${field}: NetBox has ${pair.netbox}, sent was ${pair.sent}`;
}

function shownText(value: Shown, from: number): string {
  if (value === null) return "nothing";
  if (typeof value === "string") return JSON.stringify(cut(value, from));
  if (typeof value !== "object") return String(value);
  return value.length === 0 ? "nothing" : value.join(", ");
}

function cut(text: string, from: number): string {
  if (text.length <= MOST_CHARS) return text;
  const end = from + MOST_CHARS;
  return `${from > 0 ? "…" : ""}${text.slice(from, end)}${end < text.length ? "…" : ""}`;
}

function firstDifference(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return at;
}
