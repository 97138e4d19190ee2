/** Looks into what NetBox answered, of which nothing is promised. */

/** ({ site: { name: "HQ" } }, "site", "name") → "HQ"; undefined where a part is not there. */
export function partOf(value: unknown, ...path: readonly string[]): unknown {
  let part = value;
  for (const key of path) {
    const isThere = typeof part === "object" && part !== null && Object.hasOwn(part, key);
    part = isThere ? (part as Readonly<Record<string, unknown>>)[key] : undefined;
  }
  return part;
}

/** An empty text and null are both nothing: NetBox shows one for texts and the other for the rest. */
export function textOf(value: unknown): string | null {
  return value === undefined || value === null || value === "" ? null : String(value);
}

/** What NetBox calls a scope that is a site. */
export const SITE_SCOPE = "dcim.site";
