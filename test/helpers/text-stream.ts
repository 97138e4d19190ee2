/** A stream that collects everything written to it as text; readers are called with each new part. */
import { Writable } from "node:stream";

export class TextStream extends Writable {
  text = "";

  constructor() {
    super({ decodeStrings: false, defaultEncoding: "utf8" });
  }

  override _write(chunk: string | Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.text += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
    this.emit("text");
    done();
  }
}
