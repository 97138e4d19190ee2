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
import { decodeUtf8, encodeUtf8, indexOfText } from "../base/text.ts";
import { compareCodeUnits, compareNatural } from "../base/natural-order.ts";
import { recordedPath, sortKeyOf, sortValue } from "../proxmox/endpoints.ts";
import type { Answer } from "../proxmox/answers.ts";
import { AnswerSchema, type AnswersFile } from "./snapshot.ts";

/** The answers of one file. Each is parsed when it is asked for, so that memory holds the bytes of a node, not its values. */
export class Answers implements AnswersFile {
  readonly file: string;
  readonly #what: string;
  readonly #bytes: Uint8Array;
  readonly #lines: ReadonlyMap<string, Line>;

  /** `what` names the file in errors. @throws AppError "input" when it is not an answers file. */
  constructor(file: string, bytes: Uint8Array, what = file) {
    this.file = file;
    this.#what = what;
    // Not as a Buffer, whose own indexOf and subarray cost Deno twice as much.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#lines = indexLines(what, this.#bytes);
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
    const what = `${this.#what}, line ${line.number}`;
    const json = this.#bytes.subarray(line.from, line.to);
    const answer = keys === undefined
      ? parseJson(decodeUtf8(json, what), what)
      : parsePickedRows(json, what, keys);
    if (AnswerSchema.allows(answer)) return answer;
    const fault = AnswerSchema(answer);
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

/** Where an answer's JSON is in the bytes of the file, of which no text is kept. */
interface Line {
  readonly number: number;
  readonly from: number;
  readonly to: number;
}

const [NEWLINE, QUOTE, COMMA, BACKSLASH] = [10, 34, 44, 92];
const EMPTY = encodeUtf8("{}\n");
const OPENING = encodeUtf8("{\n");
const CLOSING = encodeUtf8("}\n");
/** In `"/nodes": {…},`: between the path and `{…}`. */
const PATH_END = encodeUtf8('": ');

function indexLines(file: string, bytes: Uint8Array): Map<string, Line> {
  const lines = new Map<string, Line>();
  if (bytes.length === EMPTY.length && isAt(bytes, 0, EMPTY)) return lines;
  if (!isAt(bytes, 0, OPENING)) throw notAnswers(file, 1);
  let number = 2;
  let start = OPENING.length;
  for (; !isAt(bytes, start, CLOSING); number += 1) {
    const what = `${file}, line ${number}`;
    const newline = bytes.indexOf(NEWLINE, start);
    const end = pathEnd(bytes, start);
    const isLast = bytes[newline - 1] !== COMMA;
    if (
      newline === -1 || end === -1 || end > newline || bytes[start] !== QUOTE ||
      isLast !== isAt(bytes, newline + 1, CLOSING)
    ) {
      throw notAnswers(file, number);
    }
    const path = readPath(bytes.subarray(start, end + 1), what);
    if (path === undefined) throw notAnswers(file, number);
    if (lines.has(path)) {
      throw inputError(`Cannot read ${what}: duplicate path ${JSON.stringify(path)}`);
    }
    lines.set(path, { number, from: end + PATH_END.length, to: isLast ? newline : newline - 1 });
    start = newline + 1;
  }
  if (start + CLOSING.length !== bytes.length) throw notAnswers(file, number);
  return lines;
}

/** Index of the path's closing quote, or -1. */
function pathEnd(bytes: Uint8Array, start: number): number {
  let end = bytes.indexOf(QUOTE, start + 1);
  while (end !== -1 && !isAt(bytes, end, PATH_END)) end = bytes.indexOf(QUOTE, end + 1);
  return end;
}

function isAt(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i += 1) {
    if (bytes[at + i] !== text[i]) return false;
  }
  return true;
}

/** A JSON string, nearly always without escapes. */
function readPath(quoted: Uint8Array, what: string): string | undefined {
  if (!quoted.includes(BACKSLASH)) return decodeUtf8(quoted.subarray(1, -1), what);
  const path: unknown = parseJson(decodeUtf8(quoted, what), what);
  return typeof path === "string" ? path : undefined;
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

const PIECE_BYTES = 2 ** 16;
const DATA_OPENING = '"data":[';
const ROW_BOUNDARY = "},{";

/**
 * A long answer whose data is a list of rows → the same answer, with only some keys of each row.
 * Decoded and parsed piece by piece: the listing of 100,000 guests is mostly telemetry, and would take more memory
 * than everything else together.
 * `what` names the answer in errors. @throws AppError "input" when the bytes are not JSON.
 */
export function parsePickedRows(json: Uint8Array, what: string, keys: readonly string[]): unknown {
  const textAt = (from: number, to: number): string => decodeUtf8(json.subarray(from, to), what);
  const start = startOfRows(json, textAt);
  if (start === undefined) return parseJson(textAt(0, json.length), what);
  const rows: unknown[] = [];
  let from = start;
  for (let at = nextBoundary(json, from); at !== -1;) {
    const piece = tryParse(`[${textAt(from, at + 1)}]`);
    // The boundary was inside a text or a nested list. The next piece is twice as long, so that the time for a row
    // that is full of them grows with its length, not with the square of it.
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

/** Index of the first row; undefined in a short text, or in one of another shape. */
function startOfRows(
  json: Uint8Array,
  textAt: (from: number, to: number) => string,
): number | undefined {
  const opening = json.length < PIECE_BYTES ? -1 : indexOfText(json, DATA_OPENING, 0);
  if (opening === -1) return undefined;
  const start = opening + DATA_OPENING.length;
  // Valid JSON only if the list is the value of the answer itself, not of a nested object.
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
