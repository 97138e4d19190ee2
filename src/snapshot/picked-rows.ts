/**
 * A long answer whose data is a list of rows → the same answer, with only some keys of each row.
 * Decoded and parsed piece by piece: the listing of 100,000 guests is mostly telemetry, and would weigh
 * more than everything else together.
 */
import { parseJson } from "../kernel/json.ts";
import { decodeUtf8, indexOfText } from "../kernel/utf8.ts";

const PIECE_BYTES = 2 ** 16;
const DATA_OPENING = '"data":[';
const ROW_BOUNDARY = "},{";

/** `what` names the answer in errors. @throws AppError "input" when the bytes are not JSON. */
export function parsePickedRows(json: Uint8Array, what: string, keys: readonly string[]): unknown {
  const textAt = (from: number, to: number): string => decodeUtf8(json.subarray(from, to), what);
  const start = startOfRows(json, textAt);
  if (start === undefined) return parseJson(textAt(0, json.length), what);
  const rows: unknown[] = [];
  let from = start;
  for (let at = nextBoundary(json, from); at !== -1;) {
    const piece = tryParse(`[${textAt(from, at + 1)}]`);
    // The boundary stood inside a text or a nested list. The next piece is twice as long, so that a
    // row that is full of them costs its length and not the square of it.
    if (piece === undefined) {
      at = indexOfText(json, ROW_BOUNDARY, at + (at - from));
      continue;
    }
    for (const row of piece) rows.push(pick(row, keys));
    from = at + 2;
    at = nextBoundary(json, from);
  }
  const last = parseJson(textAt(0, start) + textAt(from, json.length), what);
  const rest = last as { readonly data: readonly unknown[] };
  for (const row of rest.data) rows.push(pick(row, keys));
  return { ...rest, data: rows };
}

/** Where the first row stands; undefined in a short text, or in one of another shape. */
function startOfRows(
  json: Uint8Array,
  textAt: (from: number, to: number) => string,
): number | undefined {
  const opening = json.length < PIECE_BYTES ? -1 : indexOfText(json, DATA_OPENING, 0);
  if (opening === -1) return undefined;
  const start = opening + DATA_OPENING.length;
  // Closes only when the list is the answer's own, and not one inside another value.
  return tryParse(`${textAt(0, start)}]}`) === undefined ? undefined : start;
}

function nextBoundary(json: Uint8Array, from: number): number {
  return indexOfText(json, ROW_BOUNDARY, from + PIECE_BYTES);
}

function tryParse(text: string): unknown[] | undefined {
  try {
    return JSON.parse(text) as unknown[];
  } catch {
    return undefined;
  }
}

function pick(row: unknown, keys: readonly string[]): unknown {
  if (typeof row !== "object" || row === null || Array.isArray(row)) return row;
  const values = row as Readonly<Record<string, unknown>>;
  const picked: Record<string, unknown> = {};
  for (const key of keys) {
    if (Object.hasOwn(values, key)) picked[key] = values[key];
  }
  return picked;
}
