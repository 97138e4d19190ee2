/**
 * A long answer whose data is a list of rows → the same answer, with only some keys of each row.
 * Parsed piece by piece: the listing of 100,000 guests is mostly telemetry, and would weigh more than
 * everything else together.
 */

const PIECE_CHARS = 2 ** 16;
const DATA_OPENING = '"data":[';
const ROW_BOUNDARY = "},{";

/** @throws SyntaxError when the text is not JSON. */
export function parsePickedRows(json: string, keys: readonly string[]): unknown {
  const head = headOf(json);
  if (head === undefined) return JSON.parse(json);
  const rows: unknown[] = [];
  let from = head.length;
  for (let at = nextBoundary(json, from); at !== -1;) {
    const piece = tryParse(`[${json.slice(from, at + 1)}]`);
    // The boundary stood inside a text or a nested list. The next piece is twice as long, so that a
    // row that is full of them costs its length and not the square of it.
    if (piece === undefined) {
      at = json.indexOf(ROW_BOUNDARY, at + (at - from));
      continue;
    }
    for (const row of piece) rows.push(pick(row, keys));
    from = at + 2;
    at = nextBoundary(json, from);
  }
  const rest: { data: unknown[] } = JSON.parse(head + json.slice(from));
  for (const row of rest.data) rows.push(pick(row, keys));
  return { ...rest, data: rows };
}

/** All up to the first row; undefined for a short text, or one of another shape. */
function headOf(json: string): string | undefined {
  const opening = json.length < PIECE_CHARS ? -1 : json.indexOf(DATA_OPENING);
  if (opening === -1) return undefined;
  const head = json.slice(0, opening + DATA_OPENING.length);
  // Closes only when the list is the answer's own, and not one inside another value.
  try {
    JSON.parse(`${head}]}`);
    return head;
  } catch {
    return undefined;
  }
}

function nextBoundary(json: string, from: number): number {
  return json.indexOf(ROW_BOUNDARY, from + PIECE_CHARS);
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
