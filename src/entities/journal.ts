/**
 * CONTRACT 2, the way back: push/<target>.journal, what a target has acknowledged of a set of entity
 * files. The first line tells whose journal it is, each other line of one file.
 */
import { type } from "arktype";
import { checkedLine, readCheckedLines } from "../kernel/checked-lines.ts";
import { inputError } from "../kernel/errors.ts";

export const JOURNAL_FORMAT = 1;

const JOURNAL_REGEXP = /^push\/[^/]+\.journal$/;

export const JournalHeader = type({
  format: "number.integer >= 1",
  /** `Target.name` */
  target: "string",
  /** `EntitySet.sha256` */
  entities: "string.hex",
  /** The set that only the differences to were sent of. */
  "since?": "string.hex",
  /** The custom fields that this target was last sent, by any set, and when first. */
  "custom_fields?": { sha256: "string.hex", acknowledged_at: "string" },
});
export type JournalHeader = typeof JournalHeader.infer;

export const Acknowledgement = type({
  file: "string",
  sha256: "string.hex",
  /** How many entities were sent of it. */
  entities: "number.integer >= 0",
  /** None: nothing of the file had to be sent. */
  "request_id?": "string",
  acknowledged_at: "string",
  /** What the server had to say against entities of the file: such a file is not done. */
  "errors?": "string[]",
  /** Of a file of custom fields: a hash of them, times aside. */
  "custom_fields?": "string.hex",
});
export type Acknowledgement = typeof Acknowledgement.infer;

export interface JournalText {
  /** undefined: nothing was written, or the program was killed before the first line was whole. */
  readonly header: JournalHeader | undefined;
  readonly lines: readonly Acknowledgement[];
  /** The last line is not whole, and counts as not written. */
  readonly isTorn: boolean;
}

/** The journals among the files of a run folder. */
export function isJournal(key: string): boolean {
  return JOURNAL_REGEXP.test(key);
}

/** @throws AppError "input" that names `what` when it was changed, or is of a newer format. */
export function readJournal(bytes: Uint8Array, what: string): JournalText {
  const { records: [first, ...rest], isTorn } = readCheckedLines(bytes, what);
  if (first === undefined) return { header: undefined, lines: [], isTorn };
  const header = JournalHeader(first);
  if (header instanceof type.errors) throw inputError(`Cannot read ${what}: ${header.summary}`);
  if (header.format > JOURNAL_FORMAT) {
    throw inputError(
      `Cannot read ${what}: it has journal format ${header.format}, and this program reads up to ` +
        JOURNAL_FORMAT,
      { hint: "Use the version of proxmox-diode that pushed, or a newer one" },
    );
  }
  const lines = Acknowledgement.array()(rest);
  if (lines instanceof type.errors) throw inputError(`Cannot read ${what}: ${lines.summary}`);
  return { header, lines, isTorn };
}

export function writeJournal(header: JournalHeader, lines: readonly Acknowledgement[]): Uint8Array {
  return Buffer.concat([header, ...lines].map(checkedLine));
}
