/**
 * capture.journal: every answer, one checksummed line each, in the order in which they came; what an
 * interrupted capture goes on from. A line is handed to the system before its answer counts, so that a
 * killed process loses none. When a second of them has come, and at the end, the disk is waited for, so
 * that a power cut costs the answers of a second at the most.
 */
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { type } from "arktype";
import pLimit from "p-limit";
import { digest } from "../base/digest.ts";
import { AppError, inputError, reasonOf, usageError } from "../base/errors.ts";
import { parseJson } from "../base/json.ts";
import { type Answer, incompleteOf } from "../proxmox/answers.ts";
import { record } from "../proxmox/values.ts";
import { AnswerSchema, Manifest } from "./snapshot.ts";
import { makeFolder } from "./store/folder.ts";

/**
 * A line of capture.journal: 16 hex digits of the SHA-256 of the rest, a blank, and JSON. A line that was
 * cut off, or overwritten, does not fit its checksum.
 */

/** The only journal format that this program reads and writes. */
export const JOURNAL_FORMAT = 1;

/** The first line: what was asked for, so that a resumed capture asks for the same. */
export interface JournalHead {
  readonly journal: typeof JOURNAL_FORMAT;
  readonly started_at: string;
  readonly source: Pick<Manifest["source"], "host" | "port">;
  readonly scope: Manifest["scope"];
  readonly settings: NonNullable<Manifest["settings"]>;
  /** HTTP requests of the runs before, of which the lines below tell nothing. */
  readonly attempts?: number;
}

/** Every other line. */
export interface JournalEntry {
  readonly path: string;
  readonly answer: Answer;
  /** HTTP requests that it took. */
  readonly attempts: number;
}

const Count = type("number.integer >= 0");
const HeadSchema = type({
  journal: type.unit(JOURNAL_FORMAT),
  started_at: Manifest.get("captured_at"),
  source: { host: "string >= 1", "port?": "number.integer" },
  scope: Manifest.get("scope"),
  settings: Manifest.get("settings").exclude("undefined"),
  "attempts?": Count,
});
const EntrySchema = type({ path: "string", answer: AnswerSchema, attempts: Count });

export function isHead(value: unknown): value is JournalHead {
  return HeadSchema.allows(value);
}

export function isEntry(value: unknown): value is JournalEntry {
  return EntrySchema.allows(value);
}

/** The number in a first line of any format; undefined: it is no first line. */
export function formatOf(value: unknown): number | undefined {
  const format = record(value)?.["journal"];
  return typeof format === "number" ? format : undefined;
}

const CHECKSUM_DIGITS = 16;
const PREFIX = CHECKSUM_DIGITS + 1;

export function encodeLine(value: JournalHead | JournalEntry): string {
  const json = JSON.stringify(value);
  return `${checksumOf(json)} ${json}\n`;
}

/** Without its line break. undefined: the line is not whole. @throws AppError "input" when it is no JSON. */
export function decodeLine(line: string): unknown {
  const json = line.slice(PREFIX);
  const isWhole = line.slice(0, PREFIX) === `${checksumOf(json)} `;
  return isWhole ? parseJson(json, "a journal line") : undefined;
}

function checksumOf(json: string): string {
  return digest(json).slice(0, CHECKSUM_DIGITS);
}

/** A journal that is there already → its first line, and where each answer stands, as far as it is whole. */

/** Where a line stands in the file, without its line break. */
export interface Place {
  readonly at: number;
  readonly bytes: number;
}

export interface JournalIndex {
  readonly head: JournalHead;
  /** API path → its last answer. Gaps are left out: they are to be asked again. */
  readonly places: Map<string, Place>;
  readonly attempts: number;
  /** Where the first line that is not whole begins; what follows it is not trusted either. */
  readonly end: number;
}

const CHUNK_BYTES = 2 ** 20;
const LINE_BREAK = 10;

/**
 * undefined: not even the first line is whole, so that it is as if nothing had been asked.
 * @throws AppError "input" when the journal has another format, or was damaged by more than a crash.
 */
export async function indexJournal(
  handle: FileHandle,
  what: string,
): Promise<JournalIndex | undefined> {
  const places = new Map<string, Place>();
  let head: JournalHead | undefined;
  let attempts = 0;
  let end = 0;
  let number = 0;
  /** The first line that is not whole, and no hole that a power cut left. */
  let changed: number | undefined;
  let isCut = false;
  for await (const line of linesOf(handle)) {
    number += 1;
    const value = valueOf(line, { what, number });
    if (isCut) {
      // A crash cuts the end off. What is whole behind a bad line shows that it was changed since.
      if (value !== undefined && changed !== undefined) throw damaged(what, changed);
      continue;
    }
    if (value === undefined) {
      isCut = true;
      changed = line.includes(0) ? undefined : number;
      continue;
    }
    if (head === undefined) {
      head = headOf(value, what);
      attempts = head.attempts ?? 0;
    } else {
      if (!isEntry(value)) throw damaged(what, number);
      const { path, answer, attempts: more } = value;
      places.set(path, { at: end, bytes: line.length });
      if (incompleteOf(path, answer) !== undefined) places.delete(path);
      attempts += more;
    }
    end += line.length + 1;
  }
  return head === undefined ? undefined : { head, places, attempts, end };
}

function valueOf(
  line: Buffer,
  { what, number }: { readonly what: string; readonly number: number },
): unknown {
  try {
    return decodeLine(line.toString());
  } catch {
    throw damaged(what, number);
  }
}

function headOf(value: unknown, what: string): JournalHead {
  const format = formatOf(value);
  if (format !== undefined && format !== JOURNAL_FORMAT) {
    throw inputError(
      `Cannot resume from ${what}: it has journal format ${format}, and this program reads ` +
        `format ${JOURNAL_FORMAT}`,
      {
        hint: "Resume with the version of proxmox-diode that began the capture, or start over " +
          "without --resume",
      },
    );
  }
  if (!isHead(value)) throw damaged(what, 1);
  return value;
}

function damaged(what: string, line: number): Error {
  return inputError(`Cannot resume from ${what}: line ${line} is damaged`, {
    hint: "Start over without --resume, or restore the journal from a copy",
  });
}

/** Whole lines, without their breaks. */
async function* linesOf(handle: FileHandle): AsyncGenerator<Buffer> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let rest = Buffer.alloc(0);
  for (let at = 0;;) {
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    let from = 0;
    for (let to = rest.indexOf(LINE_BREAK); to !== -1; to = rest.indexOf(LINE_BREAK, from)) {
      yield rest.subarray(from, to);
      from = to + 1;
    }
    rest = rest.subarray(from);
  }
}

export const JOURNAL_FILE = "capture.journal";
const SYNC_MS = 1000;

export class Journal {
  readonly head: JournalHead;
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #index: JournalIndex["places"];
  /** One use of the file at a time: not every runtime reads and writes at a place in one step. */
  readonly #turn = pLimit(1);
  #attempts: number;
  #end: number;
  #syncedAt = performance.now();
  #isSynced = true;
  #isClosed = false;

  private constructor(file: string, handle: FileHandle, index: JournalIndex) {
    this.#file = file;
    this.#handle = handle;
    this.head = index.head;
    this.#index = index.places;
    this.#attempts = index.attempts;
    this.#end = index.end;
  }

  /** An empty one, in the place of any other. @throws AppError "usage". */
  static async create(folder: string, head: JournalHead): Promise<Journal> {
    const file = join(folder, JOURNAL_FILE);
    try {
      await makeFolder(folder);
      // Another process that still writes to the old one shall not write into this.
      await rm(file, { force: true });
      const handle = await open(file, "w+");
      const { attempts = 0 } = head;
      const journal = new Journal(file, handle, { head, places: new Map(), attempts, end: 0 });
      await journal.#append(encodeLine(head));
      return journal;
    } catch (cause) {
      throw usageError(`Cannot write "${JOURNAL_FILE}" in ${folder}: ${reasonOf(cause)}`, {
        cause,
      });
    }
  }

  /**
   * What is to be asked again is not in it. undefined: there is none, or it is empty.
   * @throws AppError "usage" when it cannot be opened, "input" when it is damaged or of another format.
   */
  static async open(folder: string): Promise<Journal | undefined> {
    const file = join(folder, JOURNAL_FILE);
    const what = `"${JOURNAL_FILE}" in ${folder}`;
    let handle: FileHandle | undefined;
    let index: JournalIndex | undefined;
    try {
      handle = await open(file, "r+");
      index = await indexJournal(handle, what);
      if (index === undefined) return undefined;
      await handle.truncate(index.end);
      return new Journal(file, handle, index);
    } catch (cause) {
      index = undefined;
      if (cause instanceof AppError) throw cause;
      if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
      throw usageError(`Cannot read ${what}: ${reasonOf(cause)}`, { cause });
    } finally {
      if (index === undefined) await handle?.close();
    }
  }

  /** HTTP requests of all that was recorded, and those that were spent beside it. */
  get attempts(): number {
    return this.#attempts;
  }

  spend(attempts: number): void {
    this.#attempts += attempts;
  }

  /** How many answers it holds. */
  get size(): number {
    return this.#index.size;
  }

  /** So that it is asked again. */
  forget(path: string): void {
    this.#index.delete(path);
  }

  /** Resolves when the system has it. */
  async record(entry: JournalEntry): Promise<void> {
    this.#attempts += entry.attempts;
    this.#index.set(entry.path, await this.#append(encodeLine(entry)));
  }

  async answer(path: string): Promise<Answer | undefined> {
    const place = this.#index.get(path);
    if (place === undefined) return undefined;
    const line = Buffer.alloc(place.bytes);
    await this.#turn(() => this.#handle.read(line, 0, place.bytes, place.at));
    const entry = entryIn(line);
    if (entry === undefined) {
      throw usageError(`Cannot read "${this.#file}": another program changed it`, {
        hint: "Let one capture at a time write into a folder",
      });
    }
    return entry.answer;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#turn(() => this.#sync());
    await this.#handle.close();
  }

  /** What it held stands elsewhere. */
  async remove(): Promise<void> {
    await this.close();
    await rm(this.#file, { force: true });
  }

  async #append(line: string): Promise<Place> {
    const bytes = Buffer.from(line);
    const place = { at: this.#end, bytes: bytes.length - 1 };
    this.#end += bytes.length;
    await this.#turn(async () => {
      await this.#handle.write(bytes, 0, bytes.length, place.at);
      this.#isSynced = false;
      if (performance.now() - this.#syncedAt > SYNC_MS) await this.#sync();
    });
    return place;
  }

  async #sync(): Promise<void> {
    if (!this.#isSynced) await this.#handle.datasync();
    this.#isSynced = true;
    this.#syncedAt = performance.now();
  }
}

/** undefined: it is not the line that was indexed. */
function entryIn(line: Buffer): JournalEntry | undefined {
  try {
    const value = decodeLine(line.toString());
    return isEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
