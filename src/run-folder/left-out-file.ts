/**
 * Writes and reads left-out.json: records and notes, one per line.
 *
 * {"left_out":[
 * {"what":"vm/104/agent","reason":"agent-off",…}
 * ],"notes":[
 * {"what":"vm/105","code":"renamed",…}
 * ]}
 */
import { type } from "arktype";
import { RunningDigest } from "../base/digest.ts";
import { inputError } from "../base/errors.ts";
import { parseJson } from "../base/json.ts";
import { ByteBuffer, decodeUtf8 } from "../base/text.ts";
import { type LeftOut, type Note, NOTES, REASONS } from "./left-out.ts";
import type { Draft } from "./store/store.ts";

export const LEFT_OUT_NAME = "left-out.json";

export interface LeftOutWriter {
  add(leftOut: readonly LeftOut[], notes: readonly Note[]): Promise<void>;
  finish(): Promise<LeftOutTotals>;
}

export interface LeftOutTotals {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Reason → records, in the order of the closed list, without zeros. */
  readonly leftOut: Readonly<Record<string, number>>;
  readonly notes: Readonly<Record<string, number>>;
}

/** Large enough that a big fleet takes few writes. */
const CHUNK_BYTES = 2 ** 20;

export function createLeftOutWriter(draft: Pick<Draft, "append">): LeftOutWriter {
  const digest = new RunningDigest();
  const reasons = new Map<string, number>();
  const codes = new Map<string, number>();
  // Records are written as they come; notes are few and are kept until the end.
  const notes: string[] = [];
  const pending = new ByteBuffer();
  pending.appendText('{"left_out":[');
  let separator = "\n";
  const flush = async (): Promise<void> => {
    const bytes = pending.view(0).slice();
    pending.clear();
    digest.update(bytes);
    await draft.append(LEFT_OUT_NAME, bytes);
  };
  return {
    async add(leftOut, noted) {
      for (const record of leftOut) {
        pending.appendText(separator + JSON.stringify(record));
        separator = ",\n";
        reasons.set(record.reason, (reasons.get(record.reason) ?? 0) + 1);
        if (pending.length > CHUNK_BYTES) await flush();
      }
      for (const note of noted) {
        notes.push(JSON.stringify(note));
        codes.set(note.code, (codes.get(note.code) ?? 0) + 1);
      }
    },
    async finish() {
      const body = notes.length === 0 ? "" : `\n${notes.join(",\n")}`;
      pending.appendText(`\n],"notes":[${body}\n]}\n`);
      await flush();
      const totals = { leftOut: inListOrder(REASONS, reasons), notes: inListOrder(NOTES, codes) };
      return { name: LEFT_OUT_NAME, ...digest.finish(), ...totals };
    },
  };
}

function inListOrder(list: object, counts: ReadonlyMap<string, number>): Record<string, number> {
  const counted = Object.keys(list).filter((key) => counts.has(key));
  return Object.fromEntries(counted.map((key) => [key, counts.get(key) ?? 0]));
}

/** `line` counts from 1. */
export type LeftOutLine =
  | { readonly line: number; readonly leftOut: LeftOut }
  | { readonly line: number; readonly note: Note };

const RECORD = {
  what: "string",
  sentence: "string",
  answer: { file: "string", path: "string", "snapshot?": "string" },
} as const;

/** Reasons and codes are closed lists, but those of a newer version may be longer. */
const SHAPES = {
  leftOut: type({ ...RECORD, reason: "string", "children?": { "[string]": "number.integer" } }),
  note: type({ ...RECORD, code: "string" }),
};

/**
 * left-out.json, as `createLeftOutWriter` wrote it → its records and notes, a line at a time.
 * @throws AppError "input".
 */
export function* readLeftOut(bytes: Uint8Array): Generator<LeftOut> {
  for (const each of readLeftOutLines(bytes)) {
    if ("leftOut" in each) yield each.leftOut;
  }
}

/** Records, then notes. @throws AppError "input" that names the invalid line. */
export function* readLeftOutLines(bytes: Uint8Array): Generator<LeftOutLine> {
  let kind: keyof typeof SHAPES = "leftOut";
  let line = 1;
  for (let from = nextLine(bytes, 0); from < bytes.length; from = nextLine(bytes, from)) {
    line += 1;
    const text = decodeUtf8(bytes.subarray(from, nextLine(bytes, from)), LEFT_OUT_NAME).trimEnd();
    if (text === '],"notes":[') kind = "note";
    else if (text !== "]}") yield recordOf(kind, text, line);
  }
}

const NEWLINE = 10;

function nextLine(bytes: Uint8Array, from: number): number {
  const newline = bytes.indexOf(NEWLINE, from);
  return newline === -1 ? bytes.length : newline + 1;
}

function recordOf(kind: keyof typeof SHAPES, text: string, line: number): LeftOutLine {
  const what = `${LEFT_OUT_NAME}, line ${line}`;
  const record = parseJson(text.replace(/,$/, ""), what);
  const checked = SHAPES[kind](record);
  if (checked instanceof type.errors) throw inputError(`Cannot read ${what}: ${checked.summary}`);
  return { line, [kind]: record } as LeftOutLine;
}
