/** "did you mean": the name that a mistyped one resembles. */

/** The first of the most similar names; undefined if none is similar. */
export function nearestName(typed: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = mostEdits(typed) + 1;
  for (const name of names) {
    const edits = editDistance(typed.toLowerCase(), name.toLowerCase(), least);
    if (edits < least) [best, least] = [name, edits];
  }
  return best;
}

/** ': did you mean "pool"?'; empty if no name is similar. */
export function didYouMean(typed: string, names: Iterable<string>): string {
  const nearest = nearestName(typed, names);
  return nearest === undefined ? "" : `: did you mean "${nearest}"?`;
}

/** Names with more edits are another name. */
export function mostEdits(typed: string): number {
  return Math.max(2, Math.floor(typed.length / 3));
}

/** Edits that turn one text into the other, as far as `most`. Source: Wagner and Fischer, 1974. */
export function editDistance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + Number(a[i - 1] !== b[j - 1]);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
