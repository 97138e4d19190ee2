/**
 * log/<run>.jsonl of a history: what one run did, and what changed since the run before. It is a journal of which the
 * head is the run, and each other line is one thing that changed. It is written when the run has ended, however it
 * ended.
 */
import { type } from "arktype";
import { inputError } from "../base/errors.ts";
import { isRunName } from "./history.ts";
import { encodeLine, JournalReader, type JournalSchema } from "./journal.ts";
import type { Store } from "./store/store.ts";

/** The newest format that this program reads, and the only one that it writes. */
export const RUN_RECORD_FORMAT = 1;

const Count = type("number.integer >= 0");

const RunRecord = type({
  format: "number.integer >= 1",
  tool: { name: "string", version: "string" },
  /** Name of its folder: its `captured_at`, as "2026-11-28T23-32-21Z". */
  run: "string",
  started_at: "string.date.iso",
  ended_at: "string.date.iso",
  exit_code: "number.integer",
  /** Of a run that an error ended, or that stopped early: its sentence. */
  "error?": "string",
  /** It continued a run that was interrupted. */
  "resumed?": "boolean",
  /** Seconds of each stage that was run; of one that was run twice, both. */
  stages: type({ "[string]": "number >= 0" }),
  /** Absent: the capture did not end. */
  "capture?": {
    outcome: "'complete' | 'partial'",
    guests: Count,
    nodes: Count,
    /** Cause, a key of CAUSES → answers that were not read. */
    missing: type({ "[string]": "number.integer >= 1" }),
  },
  /** Absent: transform did not end. */
  "entities?": { total: Count, left_out: Count },
  /** Absent: nothing was compared. */
  "changes?": {
    /** The run before, with which it was compared. */
    since: "string",
    added: Count,
    changed: Count,
    gone: Count,
    /** No longer readable: these are not gone. */
    unread: Count,
    /** Readable again, or for the first time; those of them that changed are among the others, too. */
    "read?": Count,
  },
  /** Absent: the push did not begin. */
  "push?": {
    /** `Target.name` */
    target: "string",
    /** "whole": all entities. */
    mode: "'whole' | 'differences'",
    /** Of "whole": why. */
    "why?": "string",
    /** Of "differences": the base. */
    "since?": "string",
    /** Entities. Those that were sent again count once. */
    sent: Count,
    rejected: Count,
    /** "confirmed": NetBox was seen to have everything; "acknowledged": Diode has everything; "partial": neither. */
    state: "'confirmed' | 'acknowledged' | 'partial'",
  },
  /** Changes that `tidy` made in NetBox. Absent: it was not run. */
  "tidied?": Count,
});
export type RunRecord = typeof RunRecord.infer;

/** `lines`: the changes that follow, to tell whether all are there. */
const RecordHead = RunRecord.merge({ lines: Count });

/** TABLE: what happened to a thing. */
export const CHANGE_KINDS = {
  present: "In the first run of the history",
  added: "Added",
  changed: "Changed",
  gone: "Gone",
  unread: "No longer readable; it is not gone",
  read: "Readable again; compared with the newest run that read it",
  "first-read": "Readable, and in no run before: whether it is new or changed is not known",
} as const;
export type ChangeKind = keyof typeof CHANGE_KINDS;

const RunChange = type({
  /** As `explain` calls it: "vm/101", "node/pve1", "tag/prod"; of a part also which one: "vm/101/net0". */
  what: "string",
  /** Step and name, as `diff` calls it: "virtual-machine web-01". */
  entity: "string",
  /** Only where several clusters have things of this name. */
  "cluster?": "string",
  change: type.enumerated(...Object.keys(CHANGE_KINDS) as ChangeKind[]),
  /** Of a guest. */
  "node?": "string",
  /** Parts of which the same is true: "net0", "net0/10.0.0.5/24". */
  "parts?": "string[]",
  /** Other names of the thing, or of one of its parts: "mac/BC:24:11:00:00:01". */
  "also?": "string[]",
  /** Of "changed": from and to, of which one is absent where there is no value. Of "unread" and "read": their names. */
  "fields?": type({ field: "string", "from?": "string", "to?": "string" }).array(),
  /** Of "unread" and "read": why it is or was not readable. */
  "reason?": "string",
});
/** One thing that changed. */
export type RunChange = typeof RunChange.infer;

const SCHEMA: JournalSchema<typeof RecordHead.infer, RunChange> = {
  formats: [RUN_RECORD_FORMAT],
  head: (value) => RecordHead(value),
  entry: (value) => RunChange(value),
  hints: {
    format: "Read this history with the version of this program that wrote it, or a newer one",
    damaged: "Remove the file: log then shows the run without what changed in it",
  },
};

const LOG_FOLDER = "log";
const FILE_REGEXP = /^log\/([^/]+)\.jsonl$/;

/** "2026-11-28T23-32-21Z" → "log/2026-11-28T23-32-21Z.jsonl" */
function recordFileOf(run: string): string {
  return `${LOG_FOLDER}/${run}.jsonl`;
}

/** Replaces the record that the run has, as when it was resumed. */
export async function writeRunRecord(
  history: Store,
  record: RunRecord,
  changes: readonly RunChange[],
): Promise<void> {
  const lines = [{ ...record, lines: changes.length }, ...changes].map(encodeLine);
  await history.write(recordFileOf(record.run), Buffer.concat(lines));
}

/** Runs with a record, oldest first, whether or not their folders are still there. */
export async function recordedRuns(history: Store): Promise<string[]> {
  const names = (await history.keys(LOG_FOLDER)).map((key) => FILE_REGEXP.exec(key)?.[1] ?? "");
  return names.filter(isRunName).sort();
}

/** What the run did, without what changed. undefined: it has no record. @throws AppError "input" if it is damaged. */
export async function readRunRecord(history: Store, run: string): Promise<RunRecord | undefined> {
  const bytes = await history.read(recordFileOf(run));
  return bytes && readHead(bytes, placeOf(history, run)).record;
}

export interface RecordedChanges {
  readonly record: RunRecord;
  readonly changes: readonly RunChange[];
  /** Changes at the end that are lost: the file was cut off. */
  readonly lost: number;
}

/** undefined: the run has no record. @throws AppError "input" if it is damaged. */
export async function readRunChanges(
  history: Store,
  run: string,
): Promise<RecordedChanges | undefined> {
  const bytes = await history.read(recordFileOf(run));
  return bytes && parseRunRecord(bytes, placeOf(history, run));
}

/** `what`: the file, for error messages. @throws AppError "input" if a line was changed. */
export function parseRunRecord(bytes: Uint8Array, what: string): RecordedChanges {
  const { record, lines, reader, rest } = readHead(bytes, what);
  const changes = [...reader.read(rest)].map(({ entry }) => entry);
  // A line that was cut off and one that was changed at the end look the same where nothing follows.
  if (reader.tail === "changed") throw damaged(what);
  return { record, changes, lost: Math.max(lines - changes.length, 0) };
}

function readHead(bytes: Uint8Array, what: string) {
  const reader = new JournalReader(SCHEMA, what);
  const end = bytes.indexOf(LINE_BREAK) + 1;
  // It may be the only line, and yields no entry.
  for (const _ of reader.read(bytes.subarray(0, end)));
  if (reader.head === undefined) throw damaged(what);
  const { lines, ...record } = reader.head;
  return { record, lines, reader, rest: bytes.subarray(end) };
}

function damaged(what: string): Error {
  return inputError(`Cannot read ${what}: a line is damaged`, { hint: SCHEMA.hints.damaged });
}

function placeOf({ place }: Store, run: string): string {
  return `the record "${recordFileOf(run)}" in ${place}`;
}

const LINE_BREAK = 0x0a;
