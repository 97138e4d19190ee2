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
import { parsePickedRows } from "./picked-rows.ts";
import { Answer, type AnswersFile } from "./schema.ts";

/** The answers of one file. Each is parsed when it is asked for, so that a node costs its text. */
export class Answers implements AnswersFile {
  readonly file: string;
  readonly #lines: ReadonlyMap<string, Line>;

  /** @throws AppError "input" when the bytes are not an answers file. */
  constructor(file: string, bytes: Uint8Array) {
    this.file = file;
    this.#lines = indexLines(file, decodeUtf8(bytes, file));
  }

  paths(): IterableIterator<string> {
    return this.#lines.keys();
  }

  get(path: string, keys?: readonly string[]): Answer | undefined {
    const line = this.#lines.get(path);
    if (line === undefined) return undefined;
    const what = `${this.file}, line ${line.number}`;
    const parse = keys === undefined ? JSON.parse : (json: string) => parsePickedRows(json, keys);
    const answer = parseJson(line.json, what, parse);
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

interface Line {
  readonly number: number;
  /** The answer's JSON; a slice of the file's text, not a copy. */
  readonly json: string;
}

/** `"/nodes": {…},` → "/nodes" and `{…}`. */
const PATH_END = '": ';

function indexLines(file: string, text: string): Map<string, Line> {
  const lines = new Map<string, Line>();
  if (text === "{}\n") return lines;
  if (!text.startsWith("{\n")) throw notAnswers(file, 1);
  let number = 2;
  let from = 2;
  for (; !text.startsWith("}\n", from); number += 1) {
    const to = text.indexOf("\n", from);
    const end = text.indexOf(PATH_END, from);
    if (to === -1 || end === -1 || end > to || text[from] !== '"') throw notAnswers(file, number);
    const path = readPath(text.slice(from, end + 1), `${file}, line ${number}`);
    const isLast = text[to - 1] !== ",";
    if (path === undefined || isLast !== text.startsWith("}\n", to + 1)) {
      throw notAnswers(file, number);
    }
    if (lines.has(path)) {
      const quoted = JSON.stringify(path);
      throw inputError(`Cannot read ${file}, line ${number}: ${quoted} stands in it twice`);
    }
    lines.set(path, { number, json: text.slice(end + PATH_END.length, isLast ? to : to - 1) });
    from = to + 1;
  }
  if (from + 2 !== text.length) throw notAnswers(file, number);
  return lines;
}

/** A JSON string, nearly always without escapes. */
function readPath(quoted: string, what: string): string | undefined {
  if (!quoted.includes("\\")) return quoted.slice(1, -1);
  const path: unknown = parseJson(quoted, what);
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
    key: keyOf(row, keys),
    text: canonicalJson(row, { what: path }),
  }));
  keyed.sort((a, b) => compareNatural(a.key, b.key) || compareCodeUnits(a.text, b.text));
  return { ...answer, data: keyed.map(({ row }) => row) };
}

function keyOf(row: unknown, keys: readonly string[]): string {
  if (typeof row !== "object" || row === null) return "";
  const values = keys.map((key) => (row as Record<string, unknown>)[key]);
  const value = values.find((given) => given !== undefined);
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
