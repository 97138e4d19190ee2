/** Bytes that grow at the end, in memory that is kept from one use to the next. */

const FIRST_CAPACITY = 2 ** 16;
/** Of UTF-8, per UTF-16 unit. */
const MAX_BYTES_PER_UNIT = 3;
const ENCODER = new TextEncoder();

export class ByteBuffer {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Starts anew, with these bytes. */
  reset(bytes: Uint8Array): void {
    this.#length = 0;
    this.append(bytes);
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

  /** What stands from `start` on; valid until the next change. */
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
