/** Is one JSON value part of another? A stub is part of the entity that it names; picked keys of a row. */

/** Deeper than anything Proxmox or Diode sends, and far from the end of any stack. */
const MAX_DEPTH = 200;

/** Every key of `part` stands in `whole` with the same value; lists are equal. */
export function contains(whole: unknown, part: unknown, depth = 0): boolean {
  if (whole === part) return true;
  if (typeof whole !== "object" || typeof part !== "object" || whole === null || part === null) {
    return false;
  }
  if (depth > MAX_DEPTH || Array.isArray(whole) !== Array.isArray(part)) return false;
  if (Array.isArray(part) && part.length !== (whole as unknown[]).length) return false;
  return Object.entries(part).every(([key, value]) =>
    Object.hasOwn(whole, key) && contains((whole as Record<string, unknown>)[key], value, depth + 1)
  );
}
