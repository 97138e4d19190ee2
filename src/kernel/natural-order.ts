/** "net2" before "net10": digits by value, everything else by code unit. No locale has a say. */

const RUNS_REGEXP = /\d+|\D+/g;
const DIGIT_REGEXP = /^\d/;

/** Orders two texts: runs of digits by value, then by length; all other runs by code unit. */
export function compareNatural(a: string, b: string): number {
  if (a === b) return 0;
  const left = a.match(RUNS_REGEXP) ?? [];
  const right = b.match(RUNS_REGEXP) ?? [];
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const order = compareRuns(left[i] ?? "", right[i] ?? "");
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Orders two texts by their UTF-16 code units, as `Array.sort` does. */
export function compareCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function compareRuns(a: string, b: string): number {
  if (!DIGIT_REGEXP.test(a) || !DIGIT_REGEXP.test(b)) return compareCodeUnits(a, b);
  const left = a.replace(/^0+/, "");
  const right = b.replace(/^0+/, "");
  // Runs may exceed 2^53: without leading zeros the longer run is the larger number.
  return left.length - right.length || compareCodeUnits(left, right) || a.length - b.length;
}
