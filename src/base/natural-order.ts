/** "net2" before "net10": digits by value, everything else by code unit, independent of the locale. */

const ZERO = 48;
const NINE = 57;

/** Orders two texts: runs of digits by value, then by length; all other runs by code unit. */
export function compareNatural(a: string, b: string): number {
  let i = 0;
  let j = 0;
  // Run by run and without a list of them: a text may be megabytes of short runs.
  while (i < a.length && j < b.length) {
    const left = a.slice(i, runEnd(a, i));
    const right = b.slice(j, runEnd(b, j));
    const order = compareRuns(left, right);
    if (order !== 0) return order;
    i += left.length;
    j += right.length;
  }
  return a.length - i - (b.length - j);
}

/** Orders two texts by their UTF-16 code units, as `Array.sort` does. */
export function compareCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Where the run of digits, or of anything else, that starts at `from` ends. */
function runEnd(text: string, from: number): number {
  const isNumber = isDigit(text, from);
  let end = from + 1;
  while (end < text.length && isDigit(text, end) === isNumber) end += 1;
  return end;
}

function isDigit(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= ZERO && unit <= NINE;
}

function compareRuns(a: string, b: string): number {
  if (a.length === b.length || !isDigit(a, 0) || !isDigit(b, 0)) return compareCodeUnits(a, b);
  const left = a.replace(/^0+/, "");
  const right = b.replace(/^0+/, "");
  // Runs may exceed 2^53: without leading zeros the longer run is the larger number.
  return left.length - right.length || compareCodeUnits(left, right) || a.length - b.length;
}
