/** "web;prod", and in old configs "web, prod" → names. */
import { compareNatural } from "../../kernel/natural-order.ts";
import { cleanText } from "../../snapshot/scalar.ts";

/** Distinct, in natural order. Source: PVE/Tools.pm, split_list. */
export function splitTags(text: string): string[] {
  const names = text.split(/[;,\s\0]+/).map(cleanText).filter((name) => name !== "");
  return [...new Set(names)].sort(compareNatural);
}
