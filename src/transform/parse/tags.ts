/** "web;prod", and in old configs "web, prod" → names; a name → the slug that is its own. */
import { sha256Hex } from "../../kernel/hash.ts";
import { compareNatural } from "../../kernel/natural-order.ts";
import { cleanText } from "../../snapshot/scalar.ts";

const SLUG_REGEXP = /^[a-z0-9_-]{1,100}$/;
const HASH_DIGITS = 6;
const MAX_SLUG = 100;

/** Distinct, in natural order. Source: PVE/Tools.pm, split_list. */
export function splitTags(text: string): string[] {
  const names = text.split(/[;,\s\0]+/).map(cleanText).filter((name) => name !== "");
  return [...new Set(names)].sort(compareNatural);
}

/**
 * "web" → "web"; "a.b" → "a-b-" + 6 hex digits of SHA-256("a.b"). Diode also finds tags by slug, so
 * two names whose slugs fall together ("a.b" and "ab", "A" and "a") would become one tag.
 */
export function slugOf(name: string): string {
  if (SLUG_REGEXP.test(name)) return name;
  const hash = sha256Hex(name).slice(0, HASH_DIGITS);
  const clean = name.toLowerCase().replace(/[^a-z0-9_]+/g, "-").slice(
    0,
    MAX_SLUG - HASH_DIGITS - 1,
  );
  const trimmed = clean.replace(/^-+|-+$/g, "");
  return trimmed === "" ? hash : [trimmed, hash].join("-");
}
