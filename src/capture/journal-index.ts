/** A journal that is there already → its first line, and where each answer stands, as far as it is whole. */
import type { FileHandle } from "node:fs/promises";
import { incompleteOf } from "../snapshot/incomplete.ts";
import { decodeLine, type JournalEntry, type JournalHead } from "./journal-line.ts";

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

/** undefined: not even the first line is whole, so that it is as if nothing had been asked. */
export async function indexJournal(handle: FileHandle): Promise<JournalIndex | undefined> {
  const places = new Map<string, Place>();
  let head: JournalHead | undefined;
  let attempts = 0;
  let end = 0;
  for await (const line of linesOf(handle)) {
    const value = decodeLine(line.toString());
    if (value === undefined) break;
    if (head === undefined) {
      head = value as JournalHead;
      attempts = head.attempts ?? 0;
    } else {
      const { path, answer, attempts: more } = value as JournalEntry;
      places.set(path, { at: end, bytes: line.length });
      if (incompleteOf(path, answer) !== undefined) places.delete(path);
      attempts += more;
    }
    end += line.length + 1;
  }
  return head === undefined ? undefined : { head, places, attempts, end };
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
