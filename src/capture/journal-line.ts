/**
 * A line of capture.journal: 16 hex digits of the SHA-256 of the rest, a blank, and JSON. A line that was
 * cut off, or overwritten, does not fit its checksum.
 */
import { digest } from "../kernel/digest.ts";
import type { Answer, Manifest } from "../snapshot/schema.ts";

/** The first line: what was asked for, so that a resumed capture asks for the same. */
export interface JournalHead {
  readonly journal: 1;
  readonly started_at: string;
  readonly source: Pick<Manifest["source"], "host" | "port">;
  readonly scope: Manifest["scope"];
  readonly settings: NonNullable<Manifest["settings"]>;
  /** HTTP requests of the runs before, of which the lines below tell nothing. */
  readonly attempts?: number;
}

/** Every other line. */
export interface JournalEntry {
  readonly path: string;
  readonly answer: Answer;
  /** HTTP requests that it took. */
  readonly attempts: number;
}

const CHECKSUM_DIGITS = 16;
const PREFIX = CHECKSUM_DIGITS + 1;

export function encodeLine(value: JournalHead | JournalEntry): string {
  const json = JSON.stringify(value);
  return `${checksumOf(json)} ${json}\n`;
}

/** Without its line break. undefined: the line is not whole. */
export function decodeLine(line: string): unknown {
  const json = line.slice(PREFIX);
  return line.slice(0, PREFIX) === `${checksumOf(json)} ` ? JSON.parse(json) : undefined;
}

function checksumOf(json: string): string {
  return digest(json).slice(0, CHECKSUM_DIGITS);
}
