/** What a folder holds, against what should be in it: bytes that are made once more. */
import { digest } from "../../kernel/digest.ts";
import { type FileEntry, readListed } from "../../kernel/files.ts";
import type { Store } from "../../kernel/store.ts";
import { decodeUtf8 } from "../../kernel/utf8.ts";
import { differenceOf } from "./difference.ts";
import type { Check, Findings } from "./findings.ts";

export interface HeldOptions {
  readonly store: Store;
  readonly findings: Findings;
  /** The check that a difference belongs to. */
  readonly check: Check;
  /** Who makes the bytes, as a finding calls them: "transform". */
  readonly maker: string;
}

export class Held {
  readonly #options: HeldOptions;
  readonly #entries: Map<string, FileEntry>;
  #isSame = true;

  /** `entries`: files that may be compared, each once. */
  constructor(entries: readonly FileEntry[], options: HeldOptions) {
    this.#options = options;
    this.#entries = new Map(entries.map((entry) => [entry.path, entry]));
  }

  /** Does all that was compared stand there as it should? */
  get isSame(): boolean {
    return this.#isSame;
  }

  /** `bytes`: what should stand there. */
  async compare(path: string, bytes: Uint8Array): Promise<void> {
    const { store, findings, check, maker } = this.#options;
    const entry = this.#entries.get(path);
    this.#entries.delete(path);
    if (entry?.sha256 === digest(bytes)) return;
    this.#isSame = false;
    if (entry === undefined) {
      findings.add(check, { file: path }, `Is not there, and ${maker} makes it`);
      return;
    }
    const stored = decodeUtf8(await readListed(store, entry), path);
    const difference = differenceOf(stored, decodeUtf8(bytes, path));
    if (difference === undefined) return;
    const { found, made, lines, ...place } = difference;
    const others = lines > 1 ? `; ${lines} lines differ` : "";
    findings.add(
      check,
      { file: path, ...place },
      `Is ${found}, and ${maker} makes ${made}${others}`,
    );
  }

  /** What is not to be compared. */
  skip(path: string): void {
    this.#entries.delete(path);
  }

  /** Whatever was not compared should not be there. */
  finish(): void {
    const { findings, check, maker } = this.#options;
    for (const path of this.#entries.keys()) {
      findings.add(check, { file: path }, `Is there, and ${maker} does not make it`);
    }
  }
}
