/**
 * An answers file: one JSON object, one answer a line, sorted by path.
 *
 * {
 * "/nodes/pve1/network": {"data":[…],"status":200},
 * "/nodes/pve1/status": {"failed":"timeout"}
 * }
 */
import { type } from "arktype";
import { inputError } from "../base/errors.ts";
import { canonicalJson, parseJson } from "../base/json.ts";
import { decodeUtf8 } from "../base/text.ts";
import { compareCodeUnits, compareNatural } from "../base/natural-order.ts";
import { recordedPath, sortKeyOf, sortValue } from "../proxmox/endpoints.ts";
import type { Answer } from "../proxmox/answers.ts";
import { AnswerSchema, type AnswersFile } from "./snapshot.ts";

/** The answers of one file. Each is parsed when it is asked for, so that memory holds the text of a node, not its values. */
export class Answers implements AnswersFile {
  readonly file: string;
  readonly #what: string;
  readonly #text: string;
  readonly #lines: ReadonlyMap<string, Line>;

  /** `what` names the file in errors. @throws AppError "input" when it is not an answers file. */
  constructor(file: string, bytes: Uint8Array, what = file) {
    this.file = file;
    this.#what = what;
    this.#text = decodeUtf8(bytes, what);
    this.#lines = indexLines(what, this.#text);
  }

  paths(): IterableIterator<string> {
    return this.#lines.keys();
  }

  pathOf(path: string): string {
    return this.#lines.has(path) ? path : recordedPath(path, (each) => this.#lines.has(each));
  }

  get(path: string, keys?: readonly string[]): Answer | undefined {
    const line = this.#lines.get(path) ?? this.#lines.get(this.pathOf(path));
    if (line === undefined) return undefined;
    const json = this.#text.slice(line.from, line.to);
    const answer = keys === undefined ? tryParse(json) : parsePickedRows(json, keys);
    if (AnswerSchema.allows(answer)) return answer;
    const what = `${this.#what}, line ${line.number}`;
    const fault = AnswerSchema(parseJson(json, what));
    const summary = fault instanceof type.errors ? fault.summary : "";
    throw inputError(`Cannot read ${what}: it is not an answer (${summary})`);
  }
}

/** Answers → the text of a file. No value is changed; keys and row arrays are sorted. */
export function writeAnswers(answers: ReadonlyMap<string, Answer>): string {
  const sorted = [...answers].sort(([a], [b]) => compareCodeUnits(a, b));
  const lines = sorted.map(([path, answer]) => {
    const rows = canonicalJson(sortRows(path, answer), { what: path });
    return `${JSON.stringify(path)}: ${rows}`;
  });
  return lines.length === 0 ? "{}\n" : `{\n${lines.join(",\n")}\n}\n`;
}

/** Where an answer's JSON is in the text of the file. */
interface Line {
  readonly number: number;
  readonly from: number;
  readonly to: number;
}

const EMPTY = "{}\n";
const OPENING = "{\n";
const CLOSING = "}\n";
/** In `"/nodes": {…},`: between the path and `{…}`. */
const PATH_END = '": ';

function indexLines(file: string, text: string): Map<string, Line> {
  const lines = new Map<string, Line>();
  if (text === EMPTY) return lines;
  if (!text.startsWith(OPENING)) throw notAnswers(file, 1);
  let number = 2;
  let start = OPENING.length;
  for (; !text.startsWith(CLOSING, start); number += 1) {
    const what = `${file}, line ${number}`;
    const newline = text.indexOf("\n", start);
    const end = text.indexOf(PATH_END, start + 1);
    const isLast = text[newline - 1] !== ",";
    if (
      newline === -1 || end === -1 || end > newline || text[start] !== '"' ||
      isLast !== text.startsWith(CLOSING, newline + 1)
    ) {
      throw notAnswers(file, number);
    }
    // Parsed and not sliced, as a slice keeps the whole text in memory.
    const path = parseJson(text.slice(start, end + 1), what);
    if (typeof path !== "string") throw notAnswers(file, number);
    if (lines.has(path)) {
      throw inputError(`Cannot read ${what}: duplicate path ${JSON.stringify(path)}`);
    }
    lines.set(path, { number, from: end + PATH_END.length, to: isLast ? newline : newline - 1 });
    start = newline + 1;
  }
  if (start + CLOSING.length !== text.length) throw notAnswers(file, number);
  return lines;
}

function notAnswers(file: string, line: number): Error {
  return inputError(`Cannot read ${file}, line ${line}: it is not an answers file`, {
    hint: 'An answers file is one JSON object with one line per answer: "path": {…}',
  });
}

function sortRows(path: string, answer: Answer): Answer {
  const sortKey = sortKeyOf(path);
  if (sortKey === undefined || !("data" in answer) || !Array.isArray(answer.data)) return answer;
  const keyed = answer.data.map((row: unknown) => ({
    row,
    key: sortValue(row, sortKey),
    text: canonicalJson(row, { what: path }),
  }));
  keyed.sort((a, b) => compareNatural(a.key, b.key) || compareCodeUnits(a.text, b.text));
  return { ...answer, data: keyed.map(({ row }) => row) };
}

const PIECE_LENGTH = 2 ** 16;
const DATA_OPENING = '"data":[';
const ROW_BOUNDARY = "},{";

/**
 * A long answer whose data is a list of rows → the same answer, with only some keys of each row; undefined when it is
 * not JSON. Parsed piece by piece: the listing of 100,000 guests is mostly telemetry, and would take more memory than
 * everything else together.
 */
export function parsePickedRows(json: string, keys: readonly string[]): unknown {
  const start = startOfRows(json);
  if (start === undefined) return tryParse(json);
  const rows: unknown[] = [];
  let from = start;
  for (let at = nextBoundary(json, from); at !== -1;) {
    const piece = tryParse(`[${json.slice(from, at + 1)}]`) as unknown[] | undefined;
    // The boundary was inside a text or a nested list. The next piece is twice as long, so that the time for a row
    // that is full of them grows with its length, not with the square of it.
    if (piece === undefined) {
      at = json.indexOf(ROW_BOUNDARY, at + (at - from));
      continue;
    }
    for (const row of piece) rows.push(pick(row, keys));
    from = at + 2;
    at = nextBoundary(json, from);
  }
  const last = tryParse(json.slice(0, start) + json.slice(from));
  if (last === undefined) return undefined;
  const rest = last as { readonly data: readonly unknown[] };
  for (const row of rest.data) rows.push(pick(row, keys));
  return { ...rest, data: rows };
}

/** Index of the first row; undefined in a short text, or in one of another shape. */
function startOfRows(json: string): number | undefined {
  const opening = json.length < PIECE_LENGTH ? -1 : json.indexOf(DATA_OPENING);
  if (opening === -1) return undefined;
  const start = opening + DATA_OPENING.length;
  // Valid JSON only if the list is the value of the answer itself, not of a nested object.
  return tryParse(`${json.slice(0, start)}]}`) === undefined ? undefined : start;
}

function nextBoundary(json: string, from: number): number {
  return json.indexOf(ROW_BOUNDARY, from + PIECE_LENGTH);
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
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
