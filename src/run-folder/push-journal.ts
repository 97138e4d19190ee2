/**
 * push/<target>.journal: what a target was sent of a set of entity files, what it has acknowledged, and what
 * NetBox was seen to have. The head names the target and the set, each other line one file. A line about an
 * answer is written when the answer is there: however the program ends, it is true.
 */
import { type } from "arktype";
import { digest } from "../base/digest.ts";
import { inputError } from "../base/errors.ts";
import type { EntityFile, EntitySet } from "./entity-set.ts";
import { encodeLine, JournalReader, type JournalSchema } from "./journal.ts";
import type { Store } from "./store/store.ts";

/** Format 1 has lines about acknowledged files only. */
const FORMATS = [1, 2];
const FORMAT = 2;

const JOURNAL_REGEXP = /^push\/[^/]+\.journal$/;

const Head = type({
  format: "number",
  /** `Target.name` */
  target: "string",
  /** `EntitySet.sha256` */
  entities: "string.hex",
  /** The earlier set, when only the differences to it were sent. */
  "since?": "string.hex",
  /** Was NetBox seen to have that earlier set? */
  "since_confirmed?": "boolean",
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

/** A request with entities of the file is about to be sent: without a later line, it may have arrived. */
const Sent = type({ file: "string", sha256: "string.hex", sent_at: "string.date.iso" });
/** NetBox has all entities of the file as they were sent. */
const Confirmation = type({
  file: "string",
  sha256: "string.hex",
  confirmed_at: "string.date.iso",
});

const Entry = Acknowledgement.or(Confirmation).or(Sent);
export type PushJournalEntry = typeof Entry.infer;

const SCHEMA: JournalSchema<PushJournalHead, PushJournalEntry> = {
  formats: FORMATS,
  head: (value) => Head(value),
  entry: (value) => Entry(value),
  hints: {
    format: "Use the version of proxmox-diode that pushed, or a newer one",
    damaged: "Restore the journal from a copy, or remove it to send everything again",
  },
};

export interface PushJournalContent {
  /** undefined: nothing was written, or the program was killed before the first line was complete. */
  readonly head: PushJournalHead | undefined;
  readonly entries: readonly PushJournalEntry[];
  /** Those of the entries that are about answers. */
  readonly acknowledged: readonly Acknowledgement[];
  /** Files of which anything was sent, with an answer or without. */
  readonly sent: ReadonlySet<string>;
  /** Files of which NetBox was seen to have all that was sent. */
  readonly confirmed: ReadonlySet<string>;
  readonly tail: JournalReader<PushJournalHead, PushJournalEntry>["tail"];
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
  return {
    head: reader.head,
    entries,
    acknowledged: entries.filter((entry) => "acknowledged_at" in entry),
    sent: new Set(entries.map(({ file }) => file)),
    confirmed: new Set(entries.flatMap((entry) => "confirmed_at" in entry ? [entry.file] : [])),
    tail: reader.tail,
  };
}

export function writePushJournal(
  head: PushJournalHead,
  entries: readonly PushJournalEntry[],
): Uint8Array {
  return Buffer.concat([head, ...entries].map(encodeLine));
}

/** Where a journal is kept, and which target it is about. */
export interface PushJournalPlace {
  readonly store: Store;
  readonly key: string;
  readonly target: { readonly name: string };
}

/** The last line of each kind about a file. */
interface FileState {
  readonly sent?: typeof Sent.infer;
  readonly acknowledged?: Acknowledgement;
  readonly confirmed?: typeof Confirmation.infer;
}

/** What a target was sent of a set of entity files, has acknowledged, and applied so that NetBox shows it. */
export class PushJournal {
  readonly #place: PushJournalPlace;
  /** undefined if there is no journal yet. */
  #head: PushJournalHead | undefined;
  #written: Map<string, FileState>;
  #waiting: PushJournalEntry[] = [];
  /** The next write replaces the file: after `begin`, and when its last line is incomplete. */
  #isReplaced: boolean;
  #writing: Promise<void> | undefined;

  constructor(place: PushJournalPlace, { head, entries, tail }: PushJournalContent) {
    this.#place = place;
    this.#head = head;
    this.#written = new Map();
    this.#keep(entries);
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

  /** Was NetBox seen to have all of this set? */
  isConfirmed(set: EntitySet): boolean {
    const { since, since_confirmed: isSinceConfirmed } = this.#head ?? {};
    return this.isFor(set) && set.files.every((file) => this.hasConfirmed(file)) &&
      (since === undefined || isSinceConfirmed === true);
  }

  /** Was this file acknowledged without errors, with its present content? */
  isAcknowledged({ path, sha256 }: EntityFile): boolean {
    const entry = this.#written.get(path)?.acknowledged;
    return entry?.sha256 === sha256 && entry.errors === undefined;
  }

  /** Was NetBox seen to have what was sent of this file? */
  hasConfirmed(file: EntityFile): boolean {
    const { confirmed } = this.#written.get(file.path) ?? {};
    return this.isAcknowledged(file) && confirmed?.sha256 === file.sha256;
  }

  /** The custom fields that were last sent to the target. */
  get customFields(): PushJournalHead["custom_fields"] {
    let latest = this.#head?.custom_fields;
    for (const { acknowledged } of this.#written.values()) {
      const { custom_fields: sha256, acknowledged_at = "" } = acknowledged ?? {};
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
    { set, since, isSinceConfirmed }: {
      readonly set: EntitySet;
      readonly since: EntitySet | undefined;
      /** undefined: as the journal has it. */
      readonly isSinceConfirmed?: boolean | undefined;
    },
    isKept: (file: string) => boolean,
  ): Promise<void> {
    const { store, key, target } = this.#place;
    // Adds nothing, to find out whether the file can be written.
    await store.append(key, new Uint8Array());
    const fields = this.customFields;
    const { since: known, since_confirmed: wasConfirmed = false } = this.#head ?? {};
    this.#head = {
      format: FORMAT,
      target: target.name,
      entities: set.sha256,
      ...(since && {
        since: since.sha256,
        since_confirmed: isSinceConfirmed ?? (known === since.sha256 && wasConfirmed),
      }),
      ...(fields && { custom_fields: fields }),
    };
    this.#written = new Map([...this.#written].filter(([file]) => isKept(file)));
    this.#isReplaced = true;
  }

  /** Before a request is sent. A new journal is written with the first answer: until then, nothing is lost. */
  async sending(...entries: readonly (typeof Sent.infer)[]): Promise<void> {
    if (this.#isReplaced) this.#waiting.push(...entries);
    else await this.add(...entries);
  }

  /** Resolves when the entries are written; those that come meanwhile are written together. */
  async add(...entries: readonly PushJournalEntry[]): Promise<void> {
    this.#waiting.push(...entries);
    while (this.#writing !== undefined) await this.#writing;
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#writing = this.#write(waiting).finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  async #write(entries: readonly PushJournalEntry[]): Promise<void> {
    const { store, key } = this.#place;
    const isReplaced = this.#isReplaced;
    // A failed write may leave half a line, which no other line may follow.
    this.#isReplaced = true;
    if (isReplaced && this.#head !== undefined) {
      const written = [...this.#written.values()].flatMap(entriesOf);
      await store.write(key, writePushJournal(this.#head, [...written, ...entries]));
    } else await store.append(key, Buffer.concat(entries.map(encodeLine)));
    this.#isReplaced = false;
    this.#keep(entries);
  }

  #keep(entries: readonly PushJournalEntry[]): void {
    for (const entry of entries) {
      const { file } = entry;
      this.#written.set(file, { ...this.#written.get(file), ...stateOf(entry) });
    }
  }
}

function stateOf(entry: PushJournalEntry): FileState {
  if ("confirmed_at" in entry) return { confirmed: entry };
  return "sent_at" in entry ? { sent: entry } : { acknowledged: entry };
}

function entriesOf({ sent, acknowledged, confirmed }: FileState): PushJournalEntry[] {
  return [sent, acknowledged, confirmed].filter((entry) => entry !== undefined);
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
