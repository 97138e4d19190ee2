/** left-out.json, as `createLeftOutWriter` wrote it → its records and notes, a line at a time. */
import { type } from "arktype";
import { inputError } from "../kernel/errors.ts";
import { parseJson } from "../kernel/json.ts";
import { decodeUtf8 } from "../kernel/utf8.ts";
import { LEFT_OUT_NAME } from "./left-out-file.ts";
import type { LeftOut, Note } from "./left-out.ts";

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

/** @throws AppError "input". */
export function* readLeftOut(bytes: Uint8Array): Generator<LeftOut> {
  for (const each of readLeftOutLines(bytes)) {
    if ("leftOut" in each) yield each.leftOut;
  }
}

/** Records, then notes. @throws AppError "input" that names the line which is none. */
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
