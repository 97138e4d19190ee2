/**
 * capture.journal: every answer, one checksummed line each, in the order in which they came; what an
 * interrupted capture goes on from. A line is handed to the system before its answer counts, so that a
 * killed process loses none. When a second of them has come, and at the end, the disk is waited for, so
 * that a power cut costs the answers of a second at the most.
 */
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import pLimit from "p-limit";
import { AppError, reasonOf, usageError } from "../kernel/errors.ts";
import { makeFolder } from "../kernel/folder.ts";
import type { Answer } from "../snapshot/schema.ts";
import { indexJournal, type JournalIndex, type Place } from "./journal-index.ts";
import {
  decodeLine,
  encodeLine,
  isEntry,
  type JournalEntry,
  type JournalHead,
} from "./journal-line.ts";

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
