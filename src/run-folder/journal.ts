/**
 * Journals: files to which records are added line by line, each with a checksum. A program that is killed loses
 * nothing that it recorded:
 *
 * ["5891b5b5",{"format":1,"target":"grpcs://diode.example.net/diode",…}]
 * ["0c1f2a3b",{"file":"netbox/01-tag-0001.json",…}]
 *
 * The first record is the head, which names the format. The checksum is the beginning of the SHA-256 of the
 * record's JSON text.
 */
import { type } from "arktype";
import { digest } from "../base/digest.ts";
import { type AppError, inputError } from "../base/errors.ts";
import { parseJson } from "../base/json.ts";
import { record } from "../proxmox/values.ts";

/** What one kind of journal holds. */
export interface JournalSchema<Head, Entry> {
  /** The formats that can be read; the last one is written. */
  readonly formats: readonly number[];
  readonly head: (value: unknown) => Head | type.errors;
  readonly entry: (value: unknown) => Entry | type.errors;
  /** What the user can do about a journal of another format, or a damaged one. */
  readonly hints: { readonly format: string; readonly damaged: string };
}

/** Where a line is in the file, without its line break. */
export interface LinePlace {
  readonly at: number;
  readonly bytes: number;
}

export interface JournalEntry<Entry> {
  readonly entry: Entry;
  readonly place: LinePlace;
}

const CHECK_DIGITS = 8;
const LINE_REGEXP = /^\["([0-9a-f]{8})",(.*)\]$/s;
/** Format 1 of capture.journal: "5891b5b5b522d5df {…}". */
const OLD_LINE_REGEXP = /^([0-9a-f]{16}) (.*)$/s;
const LINE_BREAK = 0x0a;

export function encodeLine(value: object): Uint8Array {
  const json = JSON.stringify(value);
  return Buffer.from(`["${digest(json).slice(0, CHECK_DIGITS)}",${json}]\n`);
}

/** `line`: without its line break. undefined: it is incomplete, or was changed. */
export function decodeLine(line: Uint8Array): unknown {
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString();
  const [, checksum, json] = LINE_REGEXP.exec(text) ?? OLD_LINE_REGEXP.exec(text) ?? [];
  if (checksum === undefined || json === undefined) return undefined;
  if (!digest(json).startsWith(checksum)) return undefined;
  try {
    return parseJson(json, "a journal line");
  } catch {
    return undefined;
  }
}

/** Reads a journal, part by part, as far as it can be trusted. */
export class JournalReader<Head, Entry> {
  readonly #schema: JournalSchema<Head, Entry>;
  readonly #what: string;
  #head: Head | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #lines = 0;
  #end = 0;
  /** The first line that does not match its checksum. */
  #bad: { readonly line: number; readonly isHole: boolean } | undefined;

  /** `what`: the file, for error messages. */
  constructor(schema: JournalSchema<Head, Entry>, what: string) {
    this.#schema = schema;
    this.#what = what;
  }

  /** undefined: not even the first line is complete. */
  get head(): Head | undefined {
    return this.#head;
  }

  /** Where the lines that can be trusted end, in bytes. What follows is to be cut off. */
  get end(): number {
    return this.#end;
  }

  /** "cut": a program was killed while it wrote the last line. "changed": that was not all. */
  get tail(): "whole" | "cut" | "changed" {
    const isLineBreakChanged = decodeLine(this.#rest.subarray(0, -1)) !== undefined;
    if (this.#bad !== undefined || isLineBreakChanged) return "changed";
    return this.#rest.length === 0 ? "whole" : "cut";
  }

  /**
   * The entries in the next part of the file.
   * @throws AppError "input" that names the line when one before the last was changed, or the format is another.
   */
  *read(part: Uint8Array): Generator<JournalEntry<Entry>> {
    const bytes = Buffer.concat([this.#rest, part]);
    let from = 0;
    for (let to = bytes.indexOf(LINE_BREAK); to !== -1; to = bytes.indexOf(LINE_BREAK, from)) {
      const line = bytes.subarray(from, to);
      from = to + 1;
      this.#lines += 1;
      const entry = this.#entryOf(line);
      if (entry !== undefined) yield { entry, place: { at: this.#end, bytes: line.length } };
      if (this.#bad === undefined) this.#end += line.length + 1;
    }
    this.#rest = bytes.subarray(from);
  }

  /** undefined: the head, or what cannot be trusted. */
  #entryOf(line: Buffer): Entry | undefined {
    const value = decodeLine(line);
    if (value === undefined) {
      this.#bad ??= { line: this.#lines, isHole: line.includes(0) };
    } else if (this.#bad !== undefined) {
      // A crash cuts off the end, and a power cut may leave zeros before it. Another line was changed later.
      if (!this.#bad.isHole) throw this.#damaged(this.#bad.line);
    } else if (this.#head === undefined) {
      this.#head = this.#checked(this.#schema.head, this.#ofKnownFormat(value));
    } else {
      return this.#checked(this.#schema.entry, value);
    }
    return undefined;
  }

  #ofKnownFormat(head: unknown): unknown {
    const { formats, hints } = this.#schema;
    // Format 1 of capture.journal calls it "journal".
    const format = record(head)?.["format"] ?? record(head)?.["journal"];
    if (typeof format !== "number" || formats.includes(format)) return head;
    throw inputError(
      `Cannot read ${this.#what}: it has journal format ${format}, and this program reads format ${
        formats.join(" and ")
      }`,
      { hint: hints.format },
    );
  }

  #checked<Value>(check: (value: unknown) => Value | type.errors, value: unknown): Value {
    const checked = check(value);
    if (checked instanceof type.errors) throw this.#damaged(this.#lines, checked[0]?.message);
    return checked;
  }

  #damaged(line: number, reason?: string): AppError {
    const why = reason === undefined ? "" : `: ${reason}`;
    return inputError(`Cannot read ${this.#what}: line ${line} is damaged${why}`, {
      hint: this.#schema.hints.damaged,
    });
  }
}
