/** Compares the files of a folder with the bytes that they should have. */
import { digest } from "../../base/digest.ts";
import { decodeUtf8 } from "../../base/text.ts";
import { type FileEntry, readListed } from "../../run-folder/manifest.ts";
import type { Store } from "../../run-folder/store/store.ts";
import type { Check, FindingPlace, Findings } from "./findings.ts";

export interface ExpectedFilesOptions {
  readonly store: Store;
  readonly findings: Findings;
  /** The check that differences are reported under. */
  readonly check: Check;
}

export class ExpectedFiles {
  readonly #options: ExpectedFilesOptions;
  readonly #entries: Map<string, FileEntry>;
  #isSame = true;

  /** `entries`: the files to compare, each once. */
  constructor(entries: readonly FileEntry[], options: ExpectedFilesOptions) {
    this.#options = options;
    this.#entries = new Map(entries.map((entry) => [entry.path, entry]));
  }

  /** Were all files so far as expected? */
  get isSame(): boolean {
    return this.#isSame;
  }

  /** `bytes`: the expected content. */
  async compare(path: string, bytes: Uint8Array): Promise<void> {
    const { store, findings, check } = this.#options;
    const entry = this.#entries.get(path);
    this.#entries.delete(path);
    if (entry?.sha256 === digest(bytes)) return;
    this.#isSame = false;
    if (entry === undefined) {
      findings.add(check, { file: path }, "Missing: transform would write it");
      return;
    }
    const stored = decodeUtf8(await readListed(store, entry), path);
    const difference = differenceOf(stored, decodeUtf8(bytes, path));
    if (difference === undefined) return;
    const { sentence, ...place } = difference;
    findings.add(check, { file: path, ...place }, sentence);
  }

  /** Leaves a file out of the comparison. */
  skip(path: string): void {
    this.#entries.delete(path);
  }

  /** Reports the files that were not compared as unexpected. */
  finish(): void {
    const { findings, check } = this.#options;
    for (const path of this.#entries.keys()) {
      findings.add(check, { file: path }, "Unexpected: transform would not write it");
    }
  }
}

export interface FileDifference extends Omit<FindingPlace, "file"> {
  readonly sentence: string;
}

/** The first difference between two versions of a file, down to the field; undefined if they are equal. */
export function differenceOf(found: string, made: string): FileDifference | undefined {
  const [left, right] = [found.split("\n"), made.split("\n")];
  const length = Math.max(left.length, right.length);
  const all = Array.from({ length }, (_, i) => i).filter((i) => left[i] !== right[i]);
  // The request id on line 1 is a hash of all other lines.
  const differing = all[0] === 0 && all.length > 1 ? all.slice(1) : all;
  const first = differing[0];
  if (first === undefined) return undefined;
  const [a, b] = [left[first], right[first]];
  const at = fieldIn(parseLine(a), parseLine(b)) ?? fieldIn(parse(found), parse(made));
  const others = differing.length > 1 ? ` (${differing.length} lines differ)` : "";
  return {
    line: first + 1,
    ...(at && { field: at.field }),
    sentence: `Found ${shown(at ? at.found : a)}, expected ${shown(at ? at.made : b)}${others}`,
  };
}

/** undefined if one is not JSON, or if both have the same value in different spellings. */
function fieldIn(found: unknown, made: unknown): FieldDifference | undefined {
  return found === undefined || made === undefined ? undefined : firstField(found, made, "");
}

/** A line of an entity file is a value with or without a comma, or the start of the list. */
function parseLine(line = ""): unknown {
  return parse(line) ?? parse(line.replace(/,$/, "")) ?? parse(`${line}]}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

interface FieldDifference {
  readonly field: string;
  readonly found: unknown;
  readonly made: unknown;
}

function firstField(found: unknown, made: unknown, field: string): FieldDifference | undefined {
  if (Object.is(found, made)) return undefined;
  if (!isObject(found) || !isObject(made)) return { field, found, made };
  for (const key of new Set([...Object.keys(found), ...Object.keys(made)])) {
    const below = Array.isArray(found)
      ? `${field}[${key}]`
      : field === ""
      ? key
      : `${field}.${key}`;
    const difference = firstField(found[key], made[key], below);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

const MAX_SHOWN = 80;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
