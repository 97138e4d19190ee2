/**
 * push/<target>.journal: what a target was sent of a set of entity files, what it has acknowledged, and what
 * NetBox was seen to have. The head names the target and the set, each other line one file. A line about an
 * answer is written when the answer is there: however the program ends, it is true.
 */
import { type } from "arktype";
import { digest } from "../base/digest.ts";
import { inputError } from "../base/errors.ts";
import { withoutDevice } from "../base/file-name.ts";
import { compareCodeUnits } from "../base/natural-order.ts";
import type { EntityFile, EntitySet } from "./entity-set.ts";
import { encodeLine, JournalReader, type JournalSchema } from "./journal.ts";
import type { SelectedFile } from "./set-difference.ts";
import type { Store } from "./store/store.ts";

/** Format 1 has lines about acknowledged files only; in format 2, NetBox has all of a file or nothing is said. */
const FORMATS = [1, 2, 3];
const FORMAT = 3;

const JOURNAL_REGEXP = /^push\/[^/]+\.journal$/;

/** Of entities in a file, ascending. */
const Indices = type("(number.integer >= 0)[]");
/** File → some of its entities. */
const IndicesByFile = type({ "[string]": Indices });

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
  /** What is sent although it equals what the earlier set has: NetBox was not seen to have it. */
  "since_open?": IndicesByFile,
  /** Likewise: one of these sets has it otherwise, and NetBox may have that. */
  "since_doubtful?": IndicesByFile,
  /** The sets that were sent, in whole or in part, between the earlier set and this one. */
  "sent_since?": "string.hex[]",
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
/** NetBox was seen to have what was sent of the file, but for the entities that the line names. */
const Confirmation = type({
  file: "string",
  sha256: "string.hex",
  confirmed_at: "string.date.iso",
  /** Entities that NetBox does not have as they were sent. */
  "except?": Indices,
  /** Entities that NetBox has several times, once as they were sent. */
  "doubled?": Indices,
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
  /** Files of which NetBox was seen to have all that was sent, once. */
  readonly confirmed: ReadonlySet<string>;
  /** File → the entities, from 0, that NetBox was last seen not to have as they were sent. */
  readonly except: ReadonlyMap<string, readonly number[]>;
  readonly tail: JournalReader<PushJournalHead, PushJournalEntry>["tail"];
}

/** Of a `Target.name`, in the run folder: "push/diode.example.com_443_diode.journal". */
export function pushJournalKey(target: string): string {
  const plain = target.replace(/[:/]/g, "_").replace(/[^\w.-]/g, "-");
  const isFaithful = /^[a-z0-9.-]+:\d+(?:\/[a-zA-Z0-9.-]+)?$/.test(target);
  const name = isFaithful ? plain : `${plain.slice(0, 80)}-${digest(target).slice(0, 8)}`;
  return `push/${withoutDevice(name)}.journal`;
}

/** Is this file of a run folder a journal? */
export function isPushJournal(key: string): boolean {
  return JOURNAL_REGEXP.test(key);
}

/** @throws AppError "input" that names `what` when it was changed, or has a newer format. */
export function readPushJournal(bytes: Uint8Array, what: string): PushJournalContent {
  const reader = new JournalReader(SCHEMA, what);
  const entries = [...reader.read(bytes)].map(({ entry }) => entry);
  const looks = new Map(
    entries.flatMap((entry) => "confirmed_at" in entry ? [[entry.file, entry]] : []),
  );
  return {
    head: reader.head,
    entries,
    acknowledged: entries.filter((entry) => "acknowledged_at" in entry),
    sent: new Set(entries.map(({ file }) => file)),
    confirmed: new Set([...looks].filter(([, look]) => isWhole(look)).map(([file]) => file)),
    except: new Map(
      [...looks].flatMap(([file, { except }]) => except === undefined ? [] : [[file, except]]),
    ),
    tail: reader.tail,
  };
}

function isWhole({ except, doubled }: typeof Confirmation.infer): boolean {
  return except === undefined && doubled === undefined;
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

/** What a target has of a set. */
export interface Delivery {
  /** "confirmed": NetBox was seen to have all but `except`; "acknowledged": the target has all; "partial": neither. */
  readonly state: "confirmed" | "acknowledged" | "partial";
  /** What NetBox was last seen not to have. */
  readonly except: readonly SelectedFile[];
}

/** How the differences to an earlier set were chosen. */
export interface SinceFacts {
  readonly set: EntitySet;
  /** Was NetBox seen to have that set, but for `open`? undefined: as the journal has it. */
  readonly isConfirmed: boolean | undefined;
  /** See the keys `since_open`, `since_doubtful` and `sent_since` of the head. */
  readonly open: readonly SelectedFile[];
  readonly doubtful: readonly SelectedFile[];
  readonly sentSince: readonly EntitySet[];
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
  /** The file has a journal, this one or an older one. */
  #isInFile: boolean;
  #writing: Promise<void> | undefined;

  constructor(place: PushJournalPlace, { head, entries, tail }: PushJournalContent) {
    this.#place = place;
    this.#head = head;
    this.#written = new Map();
    this.#keep(entries);
    this.#isReplaced = tail !== "whole";
    this.#isInFile = head !== undefined;
  }

  /** Is it about this set, or about its differences to any earlier set? */
  isFor(set: EntitySet): boolean {
    return this.#head?.entities === set.sha256;
  }

  /** Is it about this set, and about the differences to the same earlier set, chosen in the same way? */
  isResumable(set: EntitySet, since?: EntitySet, sentSince: readonly EntitySet[] = []): boolean {
    const { since: known, sent_since: knownSince = [] } = this.#head ?? {};
    return this.isFor(set) && known === since?.sha256 &&
      hashesOf(sentSince).join() === knownSince.join();
  }

  /** What of the set was chosen although it equals the earlier one. */
  repeatsIn(set: EntitySet): Pick<SinceFacts, "open" | "doubtful"> {
    const { since_open: open = {}, since_doubtful: doubtful = {} } = this.#head ?? {};
    const selected = (indices: typeof IndicesByFile.infer): SelectedFile[] =>
      set.files.flatMap((file) => {
        const only = indices[file.path];
        return only === undefined ? [] : [{ file, only }];
      });
    return { open: selected(open), doubtful: selected(doubtful) };
  }

  /** Did the target acknowledge all of this set? */
  hasAll(set: EntitySet): boolean {
    return this.isFor(set) && set.files.every((file) => this.isAcknowledged(file));
  }

  /** Was NetBox seen to have all of this set, and nothing of it twice? */
  isConfirmed(set: EntitySet): boolean {
    return this.deliveryOf(set)?.state === "confirmed" &&
      set.files.every((file) => this.hasConfirmed(file));
  }

  /** undefined: it is about another set. */
  deliveryOf(set: EntitySet): Delivery | undefined {
    if (!this.isFor(set)) return undefined;
    const { since, since_confirmed: isSinceConfirmed } = this.#head ?? {};
    const looks = set.files.map((file) => ({ file, look: this.#lookAt(file) }));
    const except = looks.flatMap(({ file, look }) =>
      look?.except === undefined ? [] : [{ file, only: look.except }]
    );
    const isSeen = looks.every(({ look }) => look !== undefined) &&
      (since === undefined || isSinceConfirmed === true);
    if (isSeen) return { state: "confirmed", except };
    // NetBox may have what Diode refused of a file: it has looked at that file.
    const isWhole = looks.every(({ file, look }) =>
      look !== undefined || this.isAcknowledged(file)
    );
    return { state: isWhole ? "acknowledged" : "partial", except };
  }

  /** Files of this set that may have been sent, in whole or in part. undefined: it is about another set. */
  sentOf(set: EntitySet): ReadonlySet<string> | undefined {
    return this.isFor(set) ? new Set(this.#written.keys()) : undefined;
  }

  /** Was this file acknowledged without errors, with its present content? */
  isAcknowledged({ path, sha256 }: EntityFile): boolean {
    const entry = this.#written.get(path)?.acknowledged;
    return entry?.sha256 === sha256 && entry.errors === undefined;
  }

  /** Was NetBox seen to have all that was sent of this file, once? */
  hasConfirmed(file: EntityFile): boolean {
    const look = this.#lookAt(file);
    return this.isAcknowledged(file) && look !== undefined && isWhole(look);
  }

  /** What NetBox was last seen to have of this file, with its present content. */
  #lookAt({ path, sha256 }: EntityFile): FileState["confirmed"] {
    const { acknowledged, confirmed } = this.#written.get(path) ?? {};
    return acknowledged?.sha256 === sha256 && confirmed?.sha256 === sha256 ? confirmed : undefined;
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
   * Starts a journal about this set, which may keep entries. An older one is replaced with the first answer: a push
   * without an answer loses nothing.
   * @throws AppError when it cannot be written, before anything is sent.
   */
  async begin(
    { set, since }: { readonly set: EntitySet; readonly since: SinceFacts | undefined },
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
        since: since.set.sha256,
        since_confirmed: since.isConfirmed ?? (known === since.set.sha256 && wasConfirmed),
        ...(since.open.length > 0 && { since_open: indicesOf(since.open) }),
        ...(since.doubtful.length > 0 && { since_doubtful: indicesOf(since.doubtful) }),
        ...(since.sentSince.length > 0 && { sent_since: hashesOf(since.sentSince) }),
      }),
      ...(fields && { custom_fields: fields }),
    };
    this.#written = new Map([...this.#written].filter(([file]) => isKept(file)));
    this.#isReplaced = true;
  }

  /** Before a request is sent. An older journal is replaced with the first answer: until then, nothing is lost. */
  async sending(...entries: readonly (typeof Sent.infer)[]): Promise<void> {
    if (this.#isReplaced && this.#isInFile) this.#waiting.push(...entries);
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
    // A program that reads only an older format must not take these lines for lines of that.
    const isOlder = this.#head !== undefined && this.#head.format !== FORMAT;
    if (isOlder) this.#head = { ...this.#head, format: FORMAT } as PushJournalHead;
    const isReplaced = this.#isReplaced || isOlder;
    // A failed write may leave half a line, which no other line may follow.
    this.#isReplaced = true;
    if (isReplaced && this.#head !== undefined) {
      const written = [...this.#written.values()].flatMap(entriesOf);
      await store.write(key, writePushJournal(this.#head, [...written, ...entries]));
    } else await store.append(key, Buffer.concat(entries.map(encodeLine)));
    this.#isReplaced = false;
    this.#isInFile = true;
    this.#keep(entries);
  }

  #keep(entries: readonly PushJournalEntry[]): void {
    for (const entry of entries) {
      const { file } = entry;
      this.#written.set(file, { ...this.#written.get(file), ...stateOf(entry) });
    }
  }
}

function indicesOf(files: readonly SelectedFile[]): typeof IndicesByFile.infer {
  return Object.fromEntries(files.map(({ file, only = [] }) => [file.path, [...only]]));
}

function hashesOf(sets: readonly EntitySet[]): string[] {
  return sets.map(({ sha256 }) => sha256).sort(compareCodeUnits);
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
