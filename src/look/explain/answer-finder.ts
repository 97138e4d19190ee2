/** Where a row that a table read stands in the answers: line, API path and JSON pointer. */
import type { AnswerRef } from "../../entities/left-out.ts";
import { CLUSTER_FILE, nodeOfFile, rowKeys } from "../../snapshot/paths.ts";
import { record, text } from "../../snapshot/scalar.ts";
import type { Answer, AnswersFile, Snapshot } from "../../snapshot/schema.ts";
import { contains } from "./contains.ts";

/** Where a row stands, or why it stands nowhere. */
export interface FoundRow {
  /** Of the answer in its file, from 1. */
  readonly line?: number;
  /** Within the answer, of the row. */
  readonly pointer?: string;
  readonly missing?: string;
}

type Row = Readonly<Record<string, unknown>>;

interface OpenedFile {
  readonly answers: AnswersFile;
  /** API path → line. */
  readonly lines: ReadonlyMap<string, number>;
}

interface OpenedAnswer {
  readonly line?: number;
  readonly missing?: string;
  readonly pointerOf: (row: Row) => string | undefined;
}

/** The file's first line is its opening bracket; then comes one answer a line. */
const FIRST_ANSWER_LINE = 2;

/** Opens each file and each answer once. */
export class AnswerFinder {
  readonly #snapshot: Snapshot;
  readonly #files = new Map<string, Promise<OpenedFile | undefined>>();
  readonly #answers = new Map<string, OpenedAnswer>();

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  /** `row` is what a source holds of the answer; undefined: it was not read. */
  async find({ file, path }: AnswerRef, row: Row | undefined): Promise<FoundRow> {
    const key = `${file} ${path}`;
    const answer = this.#answers.get(key) ?? openAnswer(await this.#open(file), path);
    this.#answers.set(key, answer);
    const { line, missing = "no row of it in the answer", pointerOf } = answer;
    const pointer = row && pointerOf(row);
    return {
      ...(line === undefined ? {} : { line }),
      ...(pointer === undefined ? { missing } : { pointer }),
    };
  }

  #open(file: string): Promise<OpenedFile | undefined> {
    const known = this.#files.get(file) ?? openFile(file, this.#snapshot);
    this.#files.set(file, known);
    return known;
  }
}

async function openFile(file: string, snapshot: Snapshot): Promise<OpenedFile | undefined> {
  const node = nodeOfFile(file);
  const answers = file === CLUSTER_FILE
    ? await snapshot.cluster()
    : node && await snapshot.node(node);
  if (!answers) return undefined;
  const lines = [...answers.paths()].map((path, i) => [path, i + FIRST_ANSWER_LINE] as const);
  return { answers, lines: new Map(lines) };
}

function openAnswer(file: OpenedFile | undefined, path: string): OpenedAnswer {
  const answer = file?.answers.get(path);
  const line = file?.lines.get(path);
  const data = answer !== undefined && "data" in answer ? answer.data : undefined;
  // The guest agent has its answer below `result`.
  const result = record(data)?.["result"];
  const missing = missingOf(answer) ?? agentErrorOf(result);
  const finders = [
    rowFinder(data, { pointer: "/data", path }),
    rowFinder(result, { pointer: "/data/result", path }),
  ];
  return {
    ...(line === undefined ? {} : { line }),
    ...(missing === undefined ? {} : { missing }),
    pointerOf: (row) => finders.map((find) => find(row)).find((found) => found !== undefined),
  };
}

/** A value is the row itself, or a list of rows: those that have a key are found by it. */
function rowFinder(
  value: unknown,
  { pointer, path }: { readonly pointer: string; readonly path: string },
): (row: Row) => string | undefined {
  if (!Array.isArray(value)) return (row) => contains(value, row) ? pointer : undefined;
  const [key = ""] = rowKeys(path) ?? [];
  const keyOf = (row: Row | null | undefined) => JSON.stringify(row?.[key]);
  const byKey = Map.groupBy(value.keys(), (i) => keyOf(value[i] as Row | null));
  return (row) => {
    const index = byKey.get(keyOf(row))?.find((i) => contains(value[i], row));
    return index === undefined ? undefined : `${pointer}/${index}`;
  };
}

/** What an agent that refuses says under HTTP 200. Source: PVE/API2/Qemu/Agent.pm. */
function agentErrorOf(result: unknown): string | undefined {
  const desc = text(record(record(result)?.["error"])?.["desc"]);
  return desc === undefined ? undefined : `the guest agent: ${desc}`;
}

function missingOf(answer: Answer | undefined): string | undefined {
  if (answer === undefined) return "the snapshot holds no such answer";
  if ("skipped" in answer) return `not asked: ${answer.skipped}`;
  if ("failed" in answer) return `failed: ${answer.failed}`;
  return answer.status === 200 ? undefined : `${answer.status} ${answer.error ?? ""}`.trim();
}
