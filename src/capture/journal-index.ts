/** A journal that is there already → its first line, and where each answer stands, as far as it is whole. */
import type { FileHandle } from "node:fs/promises";
import { inputError } from "../kernel/errors.ts";
import { incompleteOf } from "../snapshot/incomplete.ts";
import {
  decodeLine,
  formatOf,
  isEntry,
  isHead,
  JOURNAL_FORMAT,
  type JournalHead,
} from "./journal-line.ts";

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
