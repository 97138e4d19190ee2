/**
 * CONTRACT 2, the way back: push/<target>.journal, what a target has acknowledged of a set of entity
 * files. The first line tells whose journal it is, each other line of one file.
 */
import { type } from "arktype";
import { inputError } from "../base/errors.ts";
import type { Target } from "../push/settings.ts";
import { checkedLine, readCheckedLines } from "./checked-lines.ts";
import type { EntityFile, EntitySet } from "./entity-set.ts";
import type { Store } from "./store/store.ts";

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

/**
 * What a target has acknowledged of a set of entity files: a line for each file, written when the
 * answer is there. So whatever kills the program, a file that the journal calls sent was sent.
 */

/** Where a journal is kept. */
export interface JournalPlace {
  readonly store: Store;
  readonly key: string;
  readonly target: Target;
}

export class Journal {
  readonly #place: JournalPlace;
  /** undefined: there is no journal yet. */
  #header: JournalHeader | undefined;
  #done: Map<string, Acknowledgement>;
  #waiting: Uint8Array[] = [];
  /** What the file shall hold instead of what it does, once there is a line to add. */
  #start: Uint8Array | undefined;
  #writing: Promise<void> | undefined;

  constructor(place: JournalPlace, header?: JournalHeader, lines: readonly Acknowledgement[] = []) {
    this.#place = place;
    this.#header = header;
    this.#done = new Map(lines.map((line) => [line.file, line]));
  }

  /** Is it about this set, or about its differences to another? */
  isAbout(set: EntitySet, since?: EntitySet): boolean {
    return this.#header?.entities === set.sha256 && this.#header.since === since?.sha256;
  }

  /** Does it tell of this set at all, whatever was sent of it? */
  names(set: EntitySet): boolean {
    return this.#header?.entities === set.sha256;
  }

  /** Has the target all of this set? */
  isWhole(set: EntitySet): boolean {
    return this.names(set) && set.files.every((file) => this.holds(file));
  }

  /** Was this file, as it is, acknowledged without errors? */
  holds({ path, sha256 }: EntityFile): boolean {
    const line = this.#done.get(path);
    return line?.sha256 === sha256 && line.errors === undefined;
  }

  /** The custom fields that the target was last sent. */
  get customFields(): JournalHeader["custom_fields"] {
    let held = this.#header?.custom_fields;
    for (const { custom_fields: sha256, acknowledged_at } of this.#done.values()) {
      if (sha256 !== undefined && sha256 !== held?.sha256) held = { sha256, acknowledged_at };
    }
    return held;
  }

  /**
   * Starts anew about this set; lines of it may be kept. The file stays as it is until the first line
   * comes: a push that nobody answers forgets nothing.
   * @throws AppError "usage" when it cannot be written: nothing is sent that nobody would remember.
   */
  async begin(
    about: { readonly set: EntitySet; readonly since: EntitySet | undefined },
    isKept: (file: string) => boolean,
  ): Promise<void> {
    const { store, key, target } = this.#place;
    await store.append(key, new Uint8Array());
    const lines = [...this.#done.values()].filter(({ file }) => isKept(file));
    const fields = this.customFields;
    this.#header = {
      format: JOURNAL_FORMAT,
      target: target.name,
      entities: about.set.sha256,
      ...(about.since && { since: about.since.sha256 }),
      ...(fields && { custom_fields: fields }),
    };
    this.#done = new Map(lines.map((line) => [line.file, line]));
    this.#start = writeJournal(this.#header, lines);
  }

  /** Resolves when the line is written; lines that come meanwhile are written together. */
  async add(line: Acknowledgement): Promise<void> {
    this.#done.set(line.file, line);
    this.#waiting.push(checkedLine(line));
    while (this.#writing !== undefined) await this.#writing;
    if (this.#waiting.length === 0) return;
    const lines = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#writing = this.#write(lines).finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  async #write(lines: Uint8Array): Promise<void> {
    const { store, key } = this.#place;
    if (this.#start === undefined) return await store.append(key, lines);
    await store.write(key, Buffer.concat([this.#start, lines]));
    this.#start = undefined;
  }
}

/** @throws AppError "input" when it was changed, is newer, or is about another target. */
export async function openJournal(place: JournalPlace): Promise<Journal> {
  const { store, key, target } = place;
  const what = `the journal "${key}" in ${store.place}`;
  const bytes = await store.read(key) ?? new Uint8Array();
  const { header, lines, isTorn } = readJournal(bytes, what);
  if (header === undefined) return new Journal(place);
  if (header.target !== target.name) {
    throw inputError(`Cannot use ${what}: it is about ${header.target}, not ${target.name}`, {
      hint: "Each target needs a journal of its own: name another one with --journal",
    });
  }
  if (isTorn) await store.write(key, writeJournal(header, lines));
  return new Journal(place, header, lines);
}
