/**
 * push/<target>.journal: what a target has acknowledged of a set of entity files. The head names the target
 * and the set, each other line one file. A line is written when the answer is there: a file that the journal
 * calls sent was sent, even if the program is killed.
 */
import { type } from "arktype";
import { digest } from "../base/digest.ts";
import { inputError } from "../base/errors.ts";
import type { EntityFile, EntitySet } from "./entity-set.ts";
import { encodeLine, JournalReader, type JournalSchema } from "./journal.ts";
import type { Store } from "./store/store.ts";

const FORMAT = 1;

const JOURNAL_REGEXP = /^push\/[^/]+\.journal$/;

const Head = type({
  format: "number",
  /** `Target.name` */
  target: "string",
  /** `EntitySet.sha256` */
  entities: "string.hex",
  /** The earlier set, when only the differences to it were sent. */
  "since?": "string.hex",
  /** The custom fields that this target was last sent, by any set, and when first. */
  "custom_fields?": { sha256: "string.hex", acknowledged_at: "string" },
});
export type PushJournalHead = typeof Head.infer;

const Acknowledgement = type({
  file: "string",
  sha256: "string.hex",
  /** How many entities were sent of it. */
  entities: "number.integer >= 0",
  /** Absent when nothing of the file had to be sent. */
  "request_id?": "string",
  acknowledged_at: "string",
  /** The server's objections to entities of the file: such a file is not done. */
  "errors?": "string[]",
  /** For a file of custom fields: a hash of them, without times. */
  "custom_fields?": "string.hex",
});
export type Acknowledgement = typeof Acknowledgement.infer;

const SCHEMA: JournalSchema<PushJournalHead, Acknowledgement> = {
  formats: [FORMAT],
  head: (value) => Head(value),
  entry: (value) => Acknowledgement(value),
  hints: {
    format: "Use the version of proxmox-diode that pushed, or a newer one",
    damaged: "Restore the journal from a copy, or remove it to send everything again",
  },
};

export interface PushJournalContent {
  /** undefined: nothing was written, or the program was killed before the first line was complete. */
  readonly header: PushJournalHead | undefined;
  readonly lines: readonly Acknowledgement[];
  readonly tail: JournalReader<PushJournalHead, Acknowledgement>["tail"];
}

/** Of a `Target.name`, in the run folder: "push/diode.example.com_443_diode.journal". */
export function pushJournalKey(target: string): string {
  const plain = target.replace(/[:/]/g, "_").replace(/[^\w.-]/g, "-");
  const isFaithful = /^[a-z0-9.-]+:\d+(?:\/[a-zA-Z0-9.-]+)?$/.test(target);
  const name = isFaithful ? plain : `${plain.slice(0, 80)}-${digest(target).slice(0, 8)}`;
  return `push/${name}.journal`;
}

/** Is this file of a run folder a journal? */
export function isPushJournal(key: string): boolean {
  return JOURNAL_REGEXP.test(key);
}

/** @throws AppError "input" that names `what` when it was changed, or has a newer format. */
export function readPushJournal(bytes: Uint8Array, what: string): PushJournalContent {
  const reader = new JournalReader(SCHEMA, what);
  const lines = [...reader.read(bytes)].map(({ entry }) => entry);
  return { header: reader.head, lines, tail: reader.tail };
}

export function writePushJournal(
  header: PushJournalHead,
  lines: readonly Acknowledgement[],
): Uint8Array {
  return Buffer.concat([header, ...lines].map(encodeLine));
}

/** Where a journal is kept, and which target it is about. */
export interface PushJournalPlace {
  readonly store: Store;
  readonly key: string;
  readonly target: { readonly name: string };
}

/**
 * What a target has acknowledged of a set of entity files: one line a file, written when its answer
 * arrives. However the program ends, every file in the journal was acknowledged.
 */
export class PushJournal {
  readonly #place: PushJournalPlace;
  /** undefined if there is no journal yet. */
  #header: PushJournalHead | undefined;
  #done: Map<string, Acknowledgement>;
  #waiting: Uint8Array[] = [];
  /** Replaces the content of the file when the first line is added. */
  #start: Uint8Array | undefined;
  #writing: Promise<void> | undefined;

  constructor(
    place: PushJournalPlace,
    header?: PushJournalHead,
    lines: readonly Acknowledgement[] = [],
  ) {
    this.#place = place;
    this.#header = header;
    this.#done = new Map(lines.map((line) => [line.file, line]));
  }

  /** Is it about this set, and about the differences to the same earlier set? */
  isAbout(set: EntitySet, since?: EntitySet): boolean {
    return this.#header?.entities === set.sha256 && this.#header.since === since?.sha256;
  }

  /** Is it about this set, or about its differences to any earlier set? */
  names(set: EntitySet): boolean {
    return this.#header?.entities === set.sha256;
  }

  /** Did the target acknowledge all of this set? */
  isWhole(set: EntitySet): boolean {
    return this.names(set) && set.files.every((file) => this.isAcknowledged(file));
  }

  /** Was this file acknowledged without errors, with its present content? */
  isAcknowledged({ path, sha256 }: EntityFile): boolean {
    const line = this.#done.get(path);
    return line?.sha256 === sha256 && line.errors === undefined;
  }

  /** The custom fields that were last sent to the target. */
  get customFields(): PushJournalHead["custom_fields"] {
    let latest = this.#header?.custom_fields;
    for (const { custom_fields: sha256, acknowledged_at } of this.#done.values()) {
      if (sha256 !== undefined && sha256 !== latest?.sha256) latest = { sha256, acknowledged_at };
    }
    return latest;
  }

  /**
   * Starts a journal about this set, which may keep lines. The file is replaced with the first new line:
   * a push without an answer loses nothing.
   * @throws AppError "usage" when it cannot be written, before anything is sent.
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
      format: FORMAT,
      target: target.name,
      entities: about.set.sha256,
      ...(about.since && { since: about.since.sha256 }),
      ...(fields && { custom_fields: fields }),
    };
    this.#done = new Map(lines.map((line) => [line.file, line]));
    this.#start = writePushJournal(this.#header, lines);
  }

  /** Resolves when the line is written; lines that come meanwhile are written together. */
  async add(line: Acknowledgement): Promise<void> {
    this.#done.set(line.file, line);
    this.#waiting.push(encodeLine(line));
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

/** @throws AppError "input" when it was changed, has a newer format, or is about another target. */
export async function openPushJournal(place: PushJournalPlace): Promise<PushJournal> {
  const { store, key, target } = place;
  const what = `the journal "${key}" in ${store.place}`;
  const bytes = await store.read(key) ?? new Uint8Array();
  const { header, lines, tail } = readPushJournal(bytes, what);
  if (header === undefined) return new PushJournal(place);
  if (header.target !== target.name) {
    throw inputError(`Cannot use ${what}: it is about ${header.target}, not ${target.name}`, {
      hint: "Each target needs its own journal: name another one with --journal",
    });
  }
  if (tail !== "whole") await store.write(key, writePushJournal(header, lines));
  return new PushJournal(place, header, lines);
}
