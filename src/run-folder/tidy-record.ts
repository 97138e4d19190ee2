/**
 * tidy/<time>.jsonl: what `tidy --apply` changes in NetBox. Each change is written with the whole object before it
 * is sent, and a line follows when NetBox has made it; `tidy --undo` reads the file, and adds what it took back.
 */
import { type } from "arktype";
import { inputError } from "../base/errors.ts";
import { SURVEYED } from "../netbox/types/surveyed.ts";
import { encodeLine, JournalReader, type JournalSchema } from "./journal.ts";
import { readRequired, type Store } from "./store/store.ts";
import { type Action, ACTIONS } from "./tidy-plan.ts";

const FORMAT = 1;
export const RECORD_FOLDER = "tidy";
const RECORD_REGEXP = /^tidy\/[^/]+\.jsonl$/;

const Head = type({
  format: "number",
  /** URL of NetBox. */
  netbox: "string",
  /** `EntitySet.sha256` of the run. */
  entities: "string.hex",
  started_at: "string.date.iso",
});
export type TidyRecordHead = typeof Head.infer;

const Plain = type("string | number | boolean | null");
const Recorded = type({ id: "number.integer", "[string]": "unknown" });

/** What is the same in a change and a deletion. */
const REQUEST = {
  /** From 1. */
  number: "number.integer >= 1",
  action: type.enumerated(...Object.keys(ACTIONS) as Action[]),
  type: type.enumerated(...SURVEYED.map(({ name }) => name)),
  /** As people call it. */
  name: "string",
  /** The whole object, as NetBox's REST API showed it before. */
  before: Recorded,
} as const;

const ChangeLine = type({
  kind: "'change'",
  ...REQUEST,
  change: { field: "string", from: Plain, to: Plain },
});
export type ChangeLine = typeof ChangeLine.infer;

const RemoveLine = type({
  kind: "'remove'",
  ...REQUEST,
  /** Of `join`: the object that stays. */
  "into?": "number.integer",
  /** What NetBox deletes with it: its MAC addresses. */
  with: type({ path: "string", object: Recorded }).array(),
  /** Fields of other objects that named it, and are empty afterwards. */
  clears: type({ path: "string", id: "number.integer", field: "string" }).array(),
});
export type RemoveLine = typeof RemoveLine.infer;

/** NetBox has made the change with this number. */
const DoneLine = type({ kind: "'done'", number: "number.integer >= 1" });

/** `tidy --undo` has taken it back. */
const UndoneLine = type({
  kind: "'undone'",
  number: "number.integer >= 1",
  /** Objects that were created again. */
  ids: type({ path: "string", old: "number.integer", new: "number.integer" }).array(),
});
export type UndoneLine = typeof UndoneLine.infer;

const Line = ChangeLine.or(RemoveLine).or(DoneLine).or(UndoneLine);
export type TidyRecordLine = typeof Line.infer;

const SCHEMA: JournalSchema<TidyRecordHead, TidyRecordLine> = {
  formats: [FORMAT],
  head: (value) => Head(value),
  entry: (value) => Line(value),
  hints: {
    format: "Use the version of proxmox-diode that wrote it, or a newer one",
    damaged: "Restore the file from a copy",
  },
};

/** Writes a record line by line. */
export interface TidyRecordWriter {
  /** In the run folder. */
  readonly key: string;
  add(line: TidyRecordLine): Promise<void>;
}

/** `started_at` is part of the file's name, to the millisecond. The file is written with its first change. */
export function createTidyRecord(
  store: Store,
  facts: Omit<TidyRecordHead, "format">,
): TidyRecordWriter {
  const key = `${RECORD_FOLDER}/${facts.started_at.replace(/[:.]/g, "-")}.jsonl`;
  let isStarted = false;
  return {
    key,
    async add(line) {
      const head = isStarted ? [] : [encodeLine({ format: FORMAT, ...facts })];
      await store.append(key, Buffer.concat([...head, encodeLine(line)]));
      isStarted = true;
    },
  };
}

export interface TidyRecord {
  readonly head: TidyRecordHead;
  readonly lines: readonly TidyRecordLine[];
  /** Adds a line to the file. */
  add(line: UndoneLine): Promise<void>;
}

/** @throws AppError "input" when the file is missing, was changed or has a newer format. */
export async function readTidyRecord(store: Store, key: string): Promise<TidyRecord> {
  const what = `"${key}" in ${store.place}`;
  const bytes = await readRequired(store, key);
  const reader = new JournalReader(SCHEMA, what);
  const lines = [...reader.read(bytes)].map(({ entry }) => entry);
  const { head, end, tail } = reader;
  if (head === undefined || tail === "changed") {
    throw inputError(`Cannot read ${what}: it is not a record of tidy, or was changed`, {
      hint: "Name a file below tidy/ of a run folder",
    });
  }
  // No line may follow the half of another.
  if (tail === "cut") await store.write(key, bytes.subarray(0, end));
  return { head, lines, add: (line) => store.append(key, encodeLine(line)) };
}

/**
 * How many names, tenants and VRFs `tidy` changed in NetBox after an entity set was made: its entities have the old
 * ones, and a push would make these objects again. @throws AppError "input" when a record was changed.
 */
export async function countIdentityChanges(store: Store, entities: string): Promise<number> {
  const keys = (await store.keys()).filter((key) => RECORD_REGEXP.test(key));
  let count = 0;
  for (const key of keys) {
    const { head, lines } = await readTidyRecord(store, key);
    if (head.entities !== entities) continue;
    const numbers = (kind: "done" | "undone"): Set<number> =>
      new Set(lines.flatMap((line) => line.kind === kind ? [line.number] : []));
    const [done, undone] = [numbers("done"), numbers("undone")];
    count += lines.filter((line) =>
      line.kind === "change" && (line.action === "rename" || line.action === "assign") &&
      done.has(line.number) && !undone.has(line.number)
    ).length;
  }
  return count;
}

/** What was created again when the other records of a folder were taken back, in the same NetBox. */
export async function otherNewIds(
  store: Store,
  key: string,
  netbox: string,
): Promise<UndoneLine["ids"]> {
  const others = (await store.keys()).filter((each) => /^[^/]+\.jsonl$/.test(each) && each !== key);
  const ids: UndoneLine["ids"] = [];
  for (const other of others.sort()) {
    const { head, lines } = await readTidyRecord(store, other);
    if (head.netbox !== netbox) continue;
    ids.push(...lines.flatMap((line) => line.kind === "undone" ? line.ids : []));
  }
  return ids;
}
