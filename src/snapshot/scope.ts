/** The setting `nodes`: which nodes of the cluster a snapshot, or a transform of it, is about. */

/** What is wrong with "pve1,*", or undefined. */
export function scopeFault(text: string): string | undefined {
  const names = namesOf(text);
  if (names.length === 0) return "it names no node";
  return names.length > 1 && names.includes("*") ? '"*" stands alone' : undefined;
}

/** "pve1, pve2" → both; "*" → undefined, which is all. */
export function parseScope(text: string): ReadonlySet<string> | undefined {
  const names = namesOf(text);
  return names[0] === "*" ? undefined : new Set(names);
}

function namesOf(text: string): string[] {
  return text.split(",").map((name) => name.trim()).filter((name) => name !== "");
}
