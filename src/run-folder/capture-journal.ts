/**
 * capture.journal: every answer, one line each, in the order in which they came; an interrupted capture is
 * resumed from it. A line is handed to the system before its answer counts, so that a killed process loses
 * none. The disk is waited for once a second and at the end, so that a power cut costs the answers of a second
 * at most.
 */
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { type } from "arktype";
import pLimit from "p-limit";
import { AppError, reasonOf, usageError } from "../base/errors.ts";
import { type Answer, incompleteOf } from "../proxmox/answers.ts";
import { record } from "../proxmox/values.ts";
import {
  decodeLine,
  encodeLine,
  JournalReader,
  type JournalSchema,
  type LinePlace,
} from "./journal.ts";
import { AnswerSchema, Manifest } from "./snapshot.ts";
import { makeFolder } from "./store/folder.ts";

export const CAPTURE_JOURNAL_FILE = "capture.journal";
/** Formats that can be read; the last one is written. */
const FORMATS = [1, 2] as const;
const CURRENT_FORMAT = 2;

const Count = type("number.integer >= 0");

/** What was asked for, so that a resumed capture asks for the same. */
const Head = type({
  format: type.enumerated(...FORMATS),
  started_at: Manifest.get("captured_at"),
  source: { host: "string >= 1", "port?": "number.integer" },
  scope: Manifest.get("scope"),
  settings: Manifest.get("settings").exclude("undefined"),
  /** HTTP requests of earlier runs, of which the lines below say nothing. */
  "attempts?": Count,
});
export type CaptureJournalHead = Omit<typeof Head.infer, "format">;

const Entry = type({
  path: "string",
  answer: AnswerSchema,
  /** HTTP requests that it took. */
  attempts: Count,
});
export type RecordedAnswer = typeof Entry.infer;

const SCHEMA: JournalSchema<typeof Head.infer, RecordedAnswer> = {
  formats: FORMATS,
  head: (value) => {
    const { journal, ...head } = record(value) ?? {};
    return Head(journal === undefined ? value : { ...head, format: journal });
  },
  entry: (value) => Entry(value),
  hints: {
    format:
      "Resume with the version of proxmox-diode that started the capture, or start over without --resume",
    damaged: "Start over without --resume, or restore the journal from a copy",
  },
};

interface JournalIndex {
  readonly head: CaptureJournalHead;
  /** API path → its last answer. Gaps are left out: they are to be asked again. */
  readonly places: Map<string, LinePlace>;
  readonly attempts: number;
  /** In bytes. */
  readonly end: number;
}

const CHUNK_BYTES = 2 ** 20;

/** undefined: not even the first line is complete, so nothing was asked. @throws AppError "input". */
async function indexJournal(handle: FileHandle, what: string): Promise<JournalIndex | undefined> {
  const reader = new JournalReader(SCHEMA, what);
  const places = new Map<string, LinePlace>();
  let attempts = 0;
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let at = 0;;) {
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    for (const { entry, place } of reader.read(chunk.subarray(0, bytesRead))) {
      if (incompleteOf(entry.path, entry.answer) === undefined) places.set(entry.path, place);
      else places.delete(entry.path);
      attempts += entry.attempts;
    }
  }
  const { head, end } = reader;
  return head && { head, places, attempts: attempts + (head.attempts ?? 0), end };
}

const SYNC_MS = 1000;

export class CaptureJournal {
  readonly head: CaptureJournalHead;
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #places: JournalIndex["places"];
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
    this.#places = index.places;
    this.#attempts = index.attempts;
    this.#end = index.end;
  }

  /** Creates an empty one, which replaces any other. @throws AppError "usage". */
  static async create(folder: string, head: CaptureJournalHead): Promise<CaptureJournal> {
    const file = join(folder, CAPTURE_JOURNAL_FILE);
    try {
      await makeFolder(folder);
      // Another process that still has the old file open must not write into the new one.
      await rm(file, { force: true });
      const handle = await open(file, "w+");
      const { attempts = 0 } = head;
      const journal = new CaptureJournal(file, handle, {
        head,
        places: new Map(),
        attempts,
        end: 0,
      });
      await journal.#append({ format: CURRENT_FORMAT, ...head });
      return journal;
    } catch (cause) {
      throw usageError(`Cannot write "${CAPTURE_JOURNAL_FILE}" in ${folder}: ${reasonOf(cause)}`, {
        cause,
      });
    }
  }

  /**
   * Opens the one in the folder; undefined: it does not exist or is empty.
   * @throws AppError "usage" when it cannot be opened, "input" when it is damaged or of another format.
   */
  static async open(folder: string): Promise<CaptureJournal | undefined> {
    const file = join(folder, CAPTURE_JOURNAL_FILE);
    const what = `the journal "${CAPTURE_JOURNAL_FILE}" in ${folder}`;
    let handle: FileHandle | undefined;
    let index: JournalIndex | undefined;
    try {
      handle = await open(file, "r+");
      index = await indexJournal(handle, what);
      if (index === undefined) return undefined;
      await handle.truncate(index.end);
      return new CaptureJournal(file, handle, index);
    } catch (cause) {
      index = undefined;
      if (cause instanceof AppError) throw cause;
      if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
      throw usageError(`Cannot read ${what}: ${reasonOf(cause)}`, { cause });
    } finally {
      if (index === undefined) await handle?.close();
    }
  }

  /** HTTP requests, of the recorded answers and of those that were not kept. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Counts requests whose answers are not recorded. */
  addAttempts(count: number): void {
    this.#attempts += count;
  }

  /** How many answers it holds. */
  get size(): number {
    return this.#places.size;
  }

  /** So that it is asked again. */
  forget(path: string): void {
    this.#places.delete(path);
  }

  /** Resolves when the system has it. */
  async record(entry: RecordedAnswer): Promise<void> {
    this.#attempts += entry.attempts;
    this.#places.set(entry.path, await this.#append(entry));
  }

  async answer(path: string): Promise<Answer | undefined> {
    const place = this.#places.get(path);
    if (place === undefined) return undefined;
    const line = Buffer.alloc(place.bytes);
    await this.#turn(() => this.#handle.read(line, 0, place.bytes, place.at));
    const entry = Entry(decodeLine(line));
    if (!(entry instanceof type.errors)) return entry.answer;
    throw usageError(`Cannot read "${this.#file}": another program changed it`, {
      hint: "Let only one capture at a time write to a folder",
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#turn(() => this.#sync());
    await this.#handle.close();
  }

  async remove(): Promise<void> {
    await this.close();
    await rm(this.#file, { force: true });
  }

  async #append(value: object): Promise<LinePlace> {
    const line = encodeLine(value);
    const place = { at: this.#end, bytes: line.length - 1 };
    this.#end += line.length;
    await this.#turn(async () => {
      await this.#handle.write(line, 0, line.length, place.at);
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
