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
import { decodeUtf8 } from "../kernel/utf8.ts";
import { rowKeys } from "./paths.ts";
import { Answer, type AnswersFile } from "./schema.ts";

const NEWLINE = 10;
const LINE_REGEXP = /^("(?:[^"\\]|\\.)*"): /;

/** The answers of one file. Each is decoded when it is asked for, so that a node costs its bytes. */
export class Answers implements AnswersFile {
  readonly file: string;
  readonly #bytes: Uint8Array;
  readonly #lines: ReadonlyMap<string, Line>;

  /** @throws AppError "input" when the bytes are not an answers file. */
  constructor(file: string, bytes: Uint8Array) {
    this.file = file;
    this.#bytes = bytes;
    this.#lines = indexLines(file, bytes);
  }

  paths(): IterableIterator<string> {
    return this.#lines.keys();
  }

  get(path: string): Answer | undefined {
    const line = this.#lines.get(path);
    if (line === undefined) return undefined;
    const what = `${this.file}, line ${line.number}`;
    const text = decodeUtf8(this.#bytes.subarray(line.start, line.end), what);
    const answer = Answer(parseJson(text, what));
    if (answer instanceof type.errors) {
      throw inputError(`Cannot read ${what}: it is not an answer (${answer.summary})`);
    }
    return answer as Answer;
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

interface Line {
  readonly number: number;
  /** Where the answer's JSON begins and ends in the file. */
  readonly start: number;
  readonly end: number;
}

function indexLines(file: string, bytes: Uint8Array): Map<string, Line> {
  const lines = new Map<string, Line>();
  let number = 0;
  let closed = false;
  for (let from = 0; from < bytes.length;) {
    number += 1;
    const newline = bytes.indexOf(NEWLINE, from);
    const to = newline === -1 ? bytes.length : newline;
    const isBracket = to - from <= 2 && isBrackets(bytes.subarray(from, to), number);
    if (closed || (number === 1 && !isBracket)) throw notAnswers(file, number);
    if (!isBracket) {
      const line = readLine(bytes, from, to);
      if (line === undefined || lines.has(line.path)) throw notAnswers(file, number);
      lines.set(line.path, { number, start: line.start, end: line.end });
    }
    closed = isBracket && bytes[to - 1] === 0x7d;
    from = to + 1;
  }
  if (!closed) throw notAnswers(file, number);
  return lines;
}

/** "{" on the first line, "}" on the last, or "{}" for both. */
function isBrackets(line: Uint8Array, number: number): boolean {
  const text = String.fromCharCode(...line);
  return number === 1 ? text === "{" || text === "{}" : text === "}";
}

/** `"/nodes": {…},` → its path, and where `{…}` stands. */
function readLine(
  bytes: Uint8Array,
  from: number,
  to: number,
): (Line & { path: string }) | undefined {
  // A path is short; the answer behind it may be megabytes long.
  const head = new TextDecoder().decode(bytes.subarray(from, Math.min(to, from + 1024)));
  const quoted = LINE_REGEXP.exec(head)?.[1];
  if (quoted === undefined) return undefined;
  const path: unknown = parseJson(quoted, "path");
  const start = from + new TextEncoder().encode(quoted).length + 2;
  const end = bytes[to - 1] === 0x2c ? to - 1 : to;
  return typeof path === "string" ? { path, number: 0, start, end } : undefined;
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
    key: keyOf(row, keys),
    text: canonicalJson(row),
  }));
  keyed.sort((a, b) => compareNatural(a.key, b.key) || compareCodeUnits(a.text, b.text));
  return { ...answer, data: keyed.map(({ row }) => row) };
}

function keyOf(row: unknown, keys: readonly string[]): string {
  if (typeof row !== "object" || row === null) return "";
  const values = keys.map((key) => (row as Record<string, unknown>)[key]);
  return String(values.find((value) => value !== undefined) ?? "");
}
