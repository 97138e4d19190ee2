/** Names that are nearly what the user typed. */
import leven from "leven";
import type { Batch } from "../../transform/transform.ts";
import { KIND_WORDS, namesOf } from "./names.ts";

const MOST = 5;
/** Longer than what anybody types. */
const MOST_CHARS = 200;

/** The nearest first. */
export async function nearMatches(typed: string, batches: AsyncIterable<Batch>): Promise<string[]> {
  if (KIND_WORDS.includes(typed)) return [];
  const near = new Map<string, number>();
  for await (const { made, leftOut, notes } of batches) {
    const names = [...made.flatMap(namesOf), ...[...leftOut, ...notes].map(({ what }) => what)];
    for (const name of names) {
      const distance = name.length > MOST_CHARS ? undefined : distanceOf(typed, name);
      if (distance !== undefined) near.set(name, distance);
    }
  }
  const ordered = [...near].sort(([, a], [, b]) => a - b).map(([name]) => name);
  return ordered.slice(0, MOST);
}

/** 0 for the same name of another kind; undefined for what is too far away. */
function distanceOf(typed: string, name: string): number | undefined {
  const [wanted, own] = [nameOf(typed), nameOf(name)];
  if (wanted === own) return 0;
  const most = Math.max(2, Math.floor(typed.length / 3));
  const distance = leven(typed.toLowerCase(), name.toLowerCase(), { maxDistance: most + 1 });
  if (distance <= most) return distance;
  return wanted.length > 1 && own.includes(wanted) ? most + 1 : undefined;
}

/** "vm/web-01" → "web-01"; what has no kind is a name already. */
function nameOf(text: string): string {
  const slash = text.indexOf("/");
  return KIND_WORDS.includes(text.slice(0, slash)) ? text.slice(slash + 1) : text;
}
