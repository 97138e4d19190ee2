/**
 * A line of capture.journal: 16 hex digits of the SHA-256 of the rest, a blank, and JSON. A line that was
 * cut off, or overwritten, does not fit its checksum.
 */
import { type } from "arktype";
import { digest } from "../kernel/digest.ts";
import { parseJson } from "../kernel/json.ts";
import { record } from "../snapshot/scalar.ts";
import { Answer, Manifest } from "../snapshot/schema.ts";

/** The only journal format that this program reads and writes. */
export const JOURNAL_FORMAT = 1;

/** The first line: what was asked for, so that a resumed capture asks for the same. */
export interface JournalHead {
  readonly journal: typeof JOURNAL_FORMAT;
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

const Count = type("number.integer >= 0");
const HeadSchema = type({
  journal: type.unit(JOURNAL_FORMAT),
  started_at: Manifest.get("captured_at"),
  source: { host: "string >= 1", "port?": "number.integer" },
  scope: Manifest.get("scope"),
  settings: Manifest.get("settings").exclude("undefined"),
  "attempts?": Count,
});
const EntrySchema = type({ path: "string", answer: Answer, attempts: Count });

export function isHead(value: unknown): value is JournalHead {
  return HeadSchema.allows(value);
}

export function isEntry(value: unknown): value is JournalEntry {
  return EntrySchema.allows(value);
}

/** The number in a first line of any format; undefined: it is no first line. */
export function formatOf(value: unknown): number | undefined {
  const format = record(value)?.["journal"];
  return typeof format === "number" ? format : undefined;
}

const CHECKSUM_DIGITS = 16;
const PREFIX = CHECKSUM_DIGITS + 1;

export function encodeLine(value: JournalHead | JournalEntry): string {
  const json = JSON.stringify(value);
  return `${checksumOf(json)} ${json}\n`;
}

/** Without its line break. undefined: the line is not whole. @throws AppError "input" when it is no JSON. */
export function decodeLine(line: string): unknown {
  const json = line.slice(PREFIX);
  const isWhole = line.slice(0, PREFIX) === `${checksumOf(json)} `;
  return isWhole ? parseJson(json, "a journal line") : undefined;
}

function checksumOf(json: string): string {
  return digest(json).slice(0, CHECKSUM_DIGITS);
}
