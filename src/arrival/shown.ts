/** Values of a difference as text, long ones cut to where they differ. */
import type { Difference, Shown } from "../netbox/types/field-result.ts";

const MAX_VALUE_CHARS = 60;
const CHARS_BEFORE = 15;

/** "4096", "\"…web-01\"", "nothing". `quote`: writes a text from outside so that it has no effect. */
export function shownPair(
  { netbox, sent }: Pick<Difference, "netbox" | "sent">,
  quote: (text: string) => string,
): { readonly netbox: string; readonly sent: string } {
  const from = typeof netbox === "string" && typeof sent === "string"
    ? Math.max(firstDifference(netbox, sent) - CHARS_BEFORE, 0)
    : 0;
  const shown = (value: Shown): string =>
    value === null ? "nothing" : quote(valueText(value, from));
  return { netbox: shown(netbox), sent: shown(sent) };
}

function valueText(value: Exclude<Shown, null>, from: number): string {
  if (typeof value === "object") return value.length === 0 ? "nothing" : value.join(", ");
  if (typeof value !== "string") return String(value);
  const end = from + MAX_VALUE_CHARS;
  return JSON.stringify(
    value.length <= MAX_VALUE_CHARS
      ? value
      : `${from > 0 ? "…" : ""}${value.slice(from, end)}${end < value.length ? "…" : ""}`,
  );
}

function firstDifference(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return at;
}
