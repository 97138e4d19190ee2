/**
 * Records that are added one by one, each a line with a checksum of its own:
 *
 * ["5891b5b5",{"file":"netbox/01-tag-0001.json",…}]
 *
 * A program that is killed leaves at most a last line that is not whole, which counts as not written.
 */
import { digest } from "../base/digest.ts";
import { inputError } from "../base/errors.ts";
import { decodeUtf8, encodeUtf8 } from "../base/text.ts";

const CHECK_DIGITS = 8;

export interface CheckedLines {
  readonly records: readonly unknown[];
  /** The last line is not whole: to be cut off before another one follows. */
  readonly isTorn: boolean;
}

export function checkedLine(record: object): Uint8Array {
  const text = JSON.stringify(record);
  return encodeUtf8(`["${checkOf(text)}",${text}]\n`);
}

/** @throws AppError "input" that names `what` when a line before the last was changed. */
export function readCheckedLines(bytes: Uint8Array, what: string): CheckedLines {
  // What was cut off may end within a character.
  const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
  const lines = decodeUtf8(whole, what).split("\n").slice(0, -1);
  const records = lines.map(recordOf);
  const bad = records.indexOf(undefined);
  if (bad !== -1 && bad < records.length - 1) {
    throw inputError(`Cannot trust ${what}: line ${bad + 1} was changed`);
  }
  return {
    records: bad === -1 ? records : records.slice(0, bad),
    isTorn: bad !== -1 || whole.length < bytes.length,
  };
}

function recordOf(line: string): unknown {
  const [, check, text = ""] = /^\["([0-9a-f]{8})",(.*)\]$/s.exec(line) ?? [];
  return check === checkOf(text) ? JSON.parse(text) : undefined;
}

function checkOf(text: string): string {
  return digest(text).slice(0, CHECK_DIGITS);
}
