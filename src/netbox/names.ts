/** Names that NetBox accepts: short enough and unique; and the slugs that it makes from them. */
import { sha256Hex } from "../base/hash.ts";

/** Characters of a VM, device or interface name. Source: netbox virtualization/models, dcim/models. */
export const MAX_NAME = 64;
/** Characters of a platform, cluster, tag or site name. */
export const MAX_LONG_NAME = 100;
/** Characters of a serial number. Source: netbox virtualization/models/virtualmachines.py. */
export const MAX_SERIAL = 50;
/** Characters of a description. Source: netbox netbox/models/__init__.py, dcim/models. */
export const MAX_DESCRIPTION = 200;

/**
 * Cuts to `max` characters, ending in ` (mark)`; shorter names stay. NetBox counts code points, as
 * Python does. Without a mark, 6 hex digits of the whole name tell two cut names apart.
 */
export function cutName(name: string, max: number, mark?: string | number): string {
  return isLonger(name, max) ? marked(name, max, String(mark ?? hashOf(name))) : name;
}

/** Cuts a text that is no name to `max` characters, ending in "…". */
export function cutText(text: string, max: number): string {
  return isLonger(text, max) ? `${firstPoints(text, max - 1).join("").trimEnd()}…` : text;
}

/** More than `max` code points? */
export function isLonger(name: string, max: number): boolean {
  return name.length > max && firstPoints(name, max + 1).length > max;
}

/** Gives out names that differ even when case is ignored, as NetBox does. */
export class NamePool {
  readonly #taken: Set<string>;
  /** Name and mark → the next number to try, so that a thousand equal names take a thousand steps. */
  readonly #next = new Map<string, number>();

  /** `taken`: names that NetBox has. */
  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set([...taken].map((name) => name.toLowerCase()));
  }

  /** `name`, or `name (mark)` when it is taken, then `name (mark 2)` and so on; cut to `max`. */
  take(name: string, mark: string | number, max: number): string {
    let free = cutName(name, max, mark);
    if (!this.#taken.has(free.toLowerCase())) {
      this.#taken.add(free.toLowerCase());
      return free;
    }
    const key = `${free} ${mark}`.toLowerCase();
    let count = this.#next.get(key) ?? 1;
    for (; this.#taken.has(free.toLowerCase()); count += 1) {
      free = marked(name, max, count === 1 ? String(mark) : `${mark} ${count}`);
    }
    this.#next.set(key, count);
    this.#taken.add(free.toLowerCase());
    return free;
  }
}

/** A mark that leaves no room for the name is replaced by its hash. */
function marked(name: string, max: number, mark: string): string {
  const end = isLonger(mark, max - 4) ? ` (${hashOf(mark)})` : ` (${mark})`;
  return firstPoints(name, max - [...end].length).join("").trimEnd() + end;
}

/** Reads only the start, as the rest may be megabytes; a code point is at most two units. */
function firstPoints(name: string, count: number): string[] {
  return Array.from(name.slice(0, count * 2)).slice(0, count);
}

function hashOf(text: string): string {
  return sha256Hex(text).slice(0, 6);
}

/** Characters of a slug. Source: netbox netbox/models/__init__.py, django-taggit models.py. */
export const MAX_SLUG = 100;

/**
 * The slug that Diode's NetBox plugin makes for an object without one: "RouterOS 7.1.5" →
 * "routeros-715"; "日本" → "". If no object has the name, the plugin takes the one with this slug and
 * renames it. Source: django utils/text.py, slugify; Python's `\s` also has
 * U+001C to U+001F.
 */
export function autoSlug(name: string): string {
  return name.normalize("NFKD").replace(/[^\0-\x7f]/g, "").toLowerCase()
    .replace(/[^\w\s\x1c-\x1f-]/g, "").replace(/[-\s\x1c-\x1f]+/g, "-")
    .replace(/^[-_]+|[-_]+$/g, "");
}

const OWN_CUSTOM_FIELD_REGEXP = /^proxmox_/;

/** One of the custom fields of the mapping document, not one of the user's. */
export function isOwnCustomField(name: string): boolean {
  return OWN_CUSTOM_FIELD_REGEXP.test(name);
}
