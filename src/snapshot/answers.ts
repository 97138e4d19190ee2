/**
 * An answers file: one JSON object, one answer a line, sorted by path.
 *
 * {
 * "/nodes/pve1/network": {"data":[…],"status":200},
 * "/nodes/pve1/status": {"failed":"timeout"}
 * }
 */
import { type } from "arktype";
import { inputError } from "../kernel/errors.ts";
import { canonicalJson, parseJson } from "../kernel/json.ts";
import { compareCodeUnits, compareNatural } from "../kernel/natural-order.ts";
import { decodeUtf8, encodeUtf8 } from "../kernel/utf8.ts";
import { heldPath, rowKey, rowKeys } from "./paths.ts";
import { parsePickedRows } from "./picked-rows.ts";
import { Answer, type AnswersFile } from "./schema.ts";

/** The answers of one file. Each is parsed when it is asked for, so that a node costs its text. */
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
    return heldPath(path, (each) => this.#lines.has(each));
  }

  get(path: string, keys?: readonly string[]): Answer | undefined {
    const line = this.#lines.get(this.pathOf(path));
    if (line === undefined) return undefined;
    const what = `${this.#what}, line ${line.number}`;
    const json = this.#bytes.subarray(line.from, line.to);
    const answer = keys === undefined
      ? parseJson(decodeUtf8(json, what), what)
      : parsePickedRows(json, what, keys);
    if (Answer.allows(answer)) return answer;
    const fault = Answer(answer);
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

/** Where an answer's JSON stands in the bytes of the file: text of a whole file would outlive its use. */
interface Line {
  readonly number: number;
  readonly from: number;
  readonly to: number;
}

const [NEWLINE, QUOTE, COMMA, BACKSLASH] = [10, 34, 44, 92];
const EMPTY = encodeUtf8("{}\n");
const OPENING = encodeUtf8("{\n");
const CLOSING = encodeUtf8("}\n");
/** `"/nodes": {…},` → what stands between the path and `{…}`. */
const PATH_END = encodeUtf8('": ');

function indexLines(file: string, bytes: Uint8Array): Map<string, Line> {
  const lines = new Map<string, Line>();
  if (bytes.length === EMPTY.length && standsAt(bytes, 0, EMPTY)) return lines;
  if (!standsAt(bytes, 0, OPENING)) throw notAnswers(file, 1);
  let number = 2;
  let start = OPENING.length;
  for (; !standsAt(bytes, start, CLOSING); number += 1) {
    const what = `${file}, line ${number}`;
    const newline = bytes.indexOf(NEWLINE, start);
    const end = pathEnd(bytes, start);
    const isLast = bytes[newline - 1] !== COMMA;
    if (
      newline === -1 || end === -1 || end > newline || bytes[start] !== QUOTE ||
      isLast !== standsAt(bytes, newline + 1, CLOSING)
    ) {
      throw notAnswers(file, number);
    }
    const path = readPath(bytes.subarray(start, end + 1), what);
    if (path === undefined) throw notAnswers(file, number);
    if (lines.has(path)) {
      throw inputError(`Cannot read ${what}: ${JSON.stringify(path)} stands in it twice`);
    }
    lines.set(path, { number, from: end + PATH_END.length, to: isLast ? newline : newline - 1 });
    start = newline + 1;
  }
  if (start + CLOSING.length !== bytes.length) throw notAnswers(file, number);
  return lines;
}

/** Where the path's closing quote stands, or -1. */
function pathEnd(bytes: Uint8Array, start: number): number {
  let end = bytes.indexOf(QUOTE, start + 1);
  while (end !== -1 && !standsAt(bytes, end, PATH_END)) end = bytes.indexOf(QUOTE, end + 1);
  return end;
}

function standsAt(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
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
  const keys = rowKeys(path);
  if (keys === undefined || !("data" in answer) || !Array.isArray(answer.data)) return answer;
  const keyed = answer.data.map((row: unknown) => ({
    row,
    key: rowKey(row, keys),
    text: canonicalJson(row, { what: path }),
  }));
  keyed.sort((a, b) => compareNatural(a.key, b.key) || compareCodeUnits(a.text, b.text));
  return { ...answer, data: keyed.map(({ row }) => row) };
}
