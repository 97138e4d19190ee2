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

/** Number of bytes in UTF-8, without encoding. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text);
}
