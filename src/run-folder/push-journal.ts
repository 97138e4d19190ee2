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
  "custom_fields?": { sha256: "string.hex", acknowledged_at: "string.date.iso" },
});
export type PushJournalHead = typeof Head.infer;

const Acknowledgement = type({
  file: "string",
  sha256: "string.hex",
  /** How many entities were sent of it. */
  entities: "number.integer >= 0",
  /** Absent when nothing of the file had to be sent. */
  "request_id?": "string",
  acknowledged_at: "string.date.iso",
  /** What the server found in entities of the file: such a file is sent again. */
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
  readonly head: PushJournalHead | undefined;
  readonly entries: readonly Acknowledgement[];
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
  const entries = [...reader.read(bytes)].map(({ entry }) => entry);
  return { head: reader.head, entries, tail: reader.tail };
}

export function writePushJournal(
  head: PushJournalHead,
  entries: readonly Acknowledgement[],
): Uint8Array {
  return Buffer.concat([head, ...entries].map(encodeLine));
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
  #head: PushJournalHead | undefined;
  /** File → its last entry. */
  #written: Map<string, Acknowledgement>;
  #waiting: Acknowledgement[] = [];
  /** The next write replaces the file: after `begin`, and when its last line is incomplete. */
  #isReplaced: boolean;
  #writing: Promise<void> | undefined;

  constructor(place: PushJournalPlace, { head, entries, tail }: PushJournalContent) {
    this.#place = place;
    this.#head = head;
    this.#written = byFile(entries);
    this.#isReplaced = tail !== "whole";
  }

  /** Is it about this set, or about its differences to any earlier set? */
  isFor(set: EntitySet): boolean {
    return this.#head?.entities === set.sha256;
  }

  /** Is it about this set, and about the differences to the same earlier set? */
  isResumable(set: EntitySet, since?: EntitySet): boolean {
    return this.isFor(set) && this.#head?.since === since?.sha256;
  }

  /** Did the target acknowledge all of this set? */
  hasAll(set: EntitySet): boolean {
    return this.isFor(set) && set.files.every((file) => this.isAcknowledged(file));
  }

  /** Was this file acknowledged without errors, with its present content? */
  isAcknowledged({ path, sha256 }: EntityFile): boolean {
    const entry = this.#written.get(path);
    return entry?.sha256 === sha256 && entry.errors === undefined;
  }

  /** The custom fields that were last sent to the target. */
  get customFields(): PushJournalHead["custom_fields"] {
    let latest = this.#head?.custom_fields;
    for (const { custom_fields: sha256, acknowledged_at } of this.#written.values()) {
      if (sha256 !== undefined && sha256 !== latest?.sha256) latest = { sha256, acknowledged_at };
    }
    return latest;
  }

  /**
   * Starts a journal about this set, which may keep entries. The file is replaced with the first new entry:
   * a push without an answer loses nothing.
   * @throws AppError when it cannot be written, before anything is sent.
   */
  async begin(
    { set, since }: { readonly set: EntitySet; readonly since: EntitySet | undefined },
    isKept: (file: string) => boolean,
  ): Promise<void> {
    const { store, key, target } = this.#place;
    // Adds nothing, to find out whether the file can be written.
    await store.append(key, new Uint8Array());
    const fields = this.customFields;
    this.#head = {
      format: FORMAT,
      target: target.name,
      entities: set.sha256,
      ...(since && { since: since.sha256 }),
      ...(fields && { custom_fields: fields }),
    };
    this.#written = byFile([...this.#written.values()].filter(({ file }) => isKept(file)));
    this.#isReplaced = true;
  }

  /** Resolves when the entry is written; entries that come meanwhile are written together. */
  async add(entry: Acknowledgement): Promise<void> {
    this.#waiting.push(entry);
    while (this.#writing !== undefined) await this.#writing;
    if (this.#waiting.length === 0) return;
    const entries = this.#waiting;
    this.#waiting = [];
    this.#writing = this.#write(entries).finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  async #write(entries: readonly Acknowledgement[]): Promise<void> {
    const { store, key } = this.#place;
    const isReplaced = this.#isReplaced;
    // A failed write may leave half a line, which no other line may follow.
    this.#isReplaced = true;
    if (isReplaced && this.#head !== undefined) {
      const all = byFile([...this.#written.values(), ...entries]);
      await store.write(key, writePushJournal(this.#head, [...all.values()]));
    } else await store.append(key, Buffer.concat(entries.map(encodeLine)));
    this.#isReplaced = false;
    for (const entry of entries) this.#written.set(entry.file, entry);
  }
}

function byFile(entries: readonly Acknowledgement[]): Map<string, Acknowledgement> {
  return new Map(entries.map((entry) => [entry.file, entry]));
}

/** Reads it only. @throws AppError "input" when it was changed, has a newer format, or is about another target. */
export async function openPushJournal(place: PushJournalPlace): Promise<PushJournal> {
  const { store, key, target } = place;
  const what = `the journal "${key}" in ${store.place}`;
  const bytes = await store.read(key) ?? new Uint8Array();
  const content = readPushJournal(bytes, what);
  const { head } = content;
  if (head !== undefined && head.target !== target.name) {
    throw inputError(`Cannot use ${what}: it is about ${head.target}, not ${target.name}`, {
      hint: "Each target needs its own journal: name another one with --journal",
    });
  }
  return new PushJournal(place, content);
}
