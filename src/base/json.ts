/**
 * Canonical JSON: equal values give equal bytes. Object keys are sorted by code unit; whole numbers come
 * first and by value, as in JavaScript objects.
 */
import { inputError, reasonOf } from "./errors.ts";
import { compareCodeUnits } from "./natural-order.ts";

/** Deeper than any answer of Proxmox VE or Diode, and far below the stack limit. */
const MAX_DEPTH = 200;

export interface CanonicalOptions {
  /** Spaces per level; 0 writes everything on one line. */
  readonly indent?: number;
  /** What the value is, for the error text. */
  readonly what?: string;
}

/**
 * `{ b: 1, a: [2] }` → `{"a":[2],"b":1}`.
 * @throws AppError "input" when the value is nested deeper than 200 levels.
 */
export function canonicalJson(value: unknown, options: CanonicalOptions = {}): string {
  return JSON.stringify(sortKeys(value, 0, options.what ?? "value"), null, options.indent ?? 0);
}

/** @throws AppError "input" that names `what` when the text is not JSON. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw inputError(
      `Cannot read ${what}: it is not valid JSON (${reasonOf(cause).replace(/\s+/g, " ")})`,
      { cause },
    );
  }
}

function sortKeys(value: unknown, depth: number, what: string): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) {
    throw inputError(`Cannot write ${what}: it is nested deeper than ${MAX_DEPTH} levels`);
  }
  if (Array.isArray(value)) return value.map((item) => sortKeys(item, depth + 1, what));
  // Without a prototype, a key "__proto__" is a key like any other.
  const sorted: Record<string, unknown> = Object.create(null);
  const entries = Object.entries(value).sort(([a], [b]) => compareCodeUnits(a, b));
  for (const [key, item] of entries) sorted[key] = sortKeys(item, depth + 1, what);
  return sorted;
}
