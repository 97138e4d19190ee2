/** UTF-8: invalid bytes are an error, never a replacement character. */
import { Buffer } from "node:buffer";
import { inputError } from "./errors.ts";

const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ENCODER = new TextEncoder();

/** @throws AppError "input" that names `what` when the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return DECODER.decode(bytes);
  } catch (cause) {
    throw inputError(`Cannot read ${what}: it is not UTF-8 text`, { cause });
  }
}

export function encodeUtf8(text: string): Uint8Array {
  return ENCODER.encode(text);
}

/** Byte offset of the text at or after `from`; -1: not found. */
export function indexOfText(bytes: Uint8Array, text: string, from: number): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(text, from);
}

/** Number of bytes in UTF-8, without encoding. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text);
}

const FIRST_CAPACITY = 2 ** 16;
/** Of UTF-8, per UTF-16 unit. */
const MAX_BYTES_PER_UNIT = 3;

/** Bytes that grow at the end, in memory that is kept from one use to the next. */
export class ByteBuffer {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  appendText(text: string): void {
    this.#reserve(text.length * MAX_BYTES_PER_UNIT);
    const rest = this.#bytes.subarray(this.#length);
    this.#length += ENCODER.encodeInto(text, rest).written;
  }

  overwrite(at: number, bytes: Uint8Array): void {
    this.#bytes.set(bytes, at);
  }

  /** The bytes from `start` on; valid until the next change. */
  view(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#length);
  }

  #reserve(room: number): void {
    if (this.#length + room <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + room));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
