/**
 * Protobuf's binary form, written from the end to the start: when a message is done, its length is
 * known, and nothing has to be moved or measured ahead.
 */

const UTF8 = new TextEncoder();
/** Longer texts go to the runtime's encoder; calling it costs more than a short loop. */
const SHORT_TEXT = 64;

export class ReverseWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  /** @param capacity More than this is "too large", see `TooLarge`. */
  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
    this.#at = capacity;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#bytes.length - this.#at;
  }

  reset(): void {
    this.#at = this.#bytes.length;
  }

  /** A copy of all that was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(this.#at);
  }

  bytes(value: Uint8Array): void {
    this.#bytes.set(value, this.#take(value.length));
  }

  double(value: number): void {
    this.#view.setFloat64(this.#take(8), value, true);
  }

  /** A whole number from 0 to 2^53. */
  varint(value: number): void {
    let length = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length += 1;
    let at = this.#take(length);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[at++] = (rest % 0x80) | 0x80;
    this.#bytes[at] = rest;
  }

  bigVarint(value: bigint): void {
    const groups: number[] = [];
    let rest = BigInt.asUintN(64, value);
    for (; rest >= 0x80n; rest >>= 7n) groups.push(Number(rest & 0x7fn) | 0x80);
    groups.push(Number(rest));
    this.bytes(Uint8Array.from(groups));
  }

  text(value: string): void {
    if (value.length > SHORT_TEXT || !this.#ascii(value)) this.bytes(UTF8.encode(value));
  }

  /** False, and nothing written, when a character takes more than one byte. */
  #ascii(value: string): boolean {
    const end = this.#at;
    let at = this.#take(value.length);
    for (let i = 0; i < value.length; i += 1) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80) {
        this.#at = end;
        return false;
      }
      this.#bytes[at++] = unit;
    }
    return true;
  }

  #take(length: number): number {
    if (length > this.#at) throw new TooLarge();
    this.#at -= length;
    return this.#at;
  }
}

/** What is written does not fit into a message of the writer's capacity. */
export class TooLarge extends Error {
  override readonly name = "TooLarge";
}
