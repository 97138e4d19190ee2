/** Checks pve/ and its manifest, one file at a time. */
import { compareCodeUnits, compareNatural } from "../../base/natural-order.ts";
import { TOOL } from "../../base/tool.ts";
import {
  type Answer,
  asRows,
  type Cause,
  dataOf,
  type Incomplete,
  incompleteOf,
  isFailure,
  valueOf,
} from "../../proxmox/answers.ts";
import { fileOf, nodeOfFile, sortKeyOf, sortValue } from "../../proxmox/endpoints.ts";
import { Answers } from "../../run-folder/answers.ts";
import { readListed } from "../../run-folder/manifest.ts";
import { readSnapshotManifest } from "../../run-folder/snapshot-files.ts";
import { type Manifest, MANIFEST_FILE } from "../../run-folder/snapshot.ts";
import type { Store } from "../../run-folder/store/store.ts";
import type { Check, Findings } from "./findings.ts";

const FOLDER = "pve/";
const FILTERED: Cause = "filtered";

export interface VerifiedSnapshot {
  readonly manifest: Manifest;
  readonly sha256: string;
}

export async function verifySnapshot(
  store: Store,
  findings: Findings,
): Promise<VerifiedSnapshot | undefined> {
  const read = () => readSnapshotManifest(store);
  const opened = await findings.readManifest(MANIFEST_FILE, FOLDER, read);
  if (opened === undefined) return undefined;
  await new SnapshotCheck(store, opened.manifest, findings).all();
  return opened;
}

class SnapshotCheck {
  readonly #store: Store;
  readonly #manifest: Manifest;
  readonly #findings: Findings;
  readonly #counts = { answers: 0, failed: 0, nodes: 0 };
  /** Paths that the manifest lists as incomplete and that were not seen yet. */
  readonly #incomplete: Map<string, Incomplete>;

  constructor(store: Store, manifest: Manifest, findings: Findings) {
    [this.#store, this.#manifest, this.#findings] = [store, manifest, findings];
    this.#incomplete = new Map(manifest.incomplete.map((gap) => [gap.path, gap]));
  }

  async all(): Promise<void> {
    const findings = this.#findings;
    const { files } = this.#manifest;
    const unreadable = await findings.addListing(this.#store, FOLDER, files);
    for (const entry of files.filter(({ path }) => !unreadable.has(path))) {
      const file = entry.path;
      const bytes = await findings.attempt("hash", { file }, () => readListed(this.#store, entry));
      const answers = bytes &&
        await findings.attempt("shape", { file }, () => new Answers(file, bytes));
      if (answers === undefined) unreadable.add(file);
      else await this.#answers(answers);
    }
    // With a file missing, the counts differ for that reason alone.
    if (unreadable.size === 0) this.#compareCounts();
  }

  async #answers(answers: Answers): Promise<void> {
    const { file } = answers;
    if (nodeOfFile(file) !== undefined) this.#counts.nodes += 1;
    let [line, previous] = [1, ""];
    for (const path of answers.paths()) {
      line += 1;
      const place = { file, line, field: path };
      const add = (check: Check, sentence: string): void =>
        this.#findings.add(check, place, sentence);
      if (compareCodeUnits(previous, path) > 0) add("order", "Out of order");
      if (fileOf(path) !== file) add("shape", `Belongs in ${fileOf(path)}`);
      previous = path;
      const key = sortKeyOf(path);
      // Only the sort key of each row: a listing may have 100,000 of them.
      const keys = key === undefined ? [] : [key];
      const read = () => answers.get(path, keys);
      const answer = await this.#findings.attempt("shape", place, read);
      if (answer === undefined) continue;
      const miscounted = this.#count(path, answer);
      if (miscounted !== undefined) add("count", miscounted);
      const row = key === undefined ? -1 : misplacedRow(answer, key);
      if (row !== -1) add("order", `data[${row}] is out of order`);
    }
  }

  /** Returns a problem if the manifest does not agree about whether the answer is missing. */
  #count(path: string, answer: Answer): string | undefined {
    this.#counts.answers += 1;
    if (isFailure(answer)) this.#counts.failed += 1;
    const listed = this.#incomplete.get(path);
    this.#incomplete.delete(path);
    // Another version may decide differently.
    if (this.#manifest.tool.version !== TOOL.version) return undefined;
    const gap = incompleteOf(path, answer);
    if (gap !== undefined && listed === undefined) {
      return `Missing answer (${gap.cause}) that the manifest does not list`;
    }
    // An answer does not show that rows were hidden from the token.
    return gap === undefined && listed !== undefined && listed.cause !== FILTERED
      ? `The manifest lists this answer as missing (${listed.reason}), but it is complete`
      : undefined;
  }

  #compareCounts(): void {
    const { counts, incomplete, outcome } = this.#manifest;
    const add = (field: string, sentence: string): void =>
      this.#findings.add("count", { file: MANIFEST_FILE, field }, sentence);
    for (const name of ["answers", "failed", "nodes"] as const) {
      const [expected, found] = [counts[name], this.#counts[name]];
      if (expected !== found) {
        add(`counts.${name}`, `Manifest says ${expected}, files contain ${found}`);
      }
    }
    incomplete.forEach(({ path }, i) => {
      if (this.#incomplete.has(path)) {
        add(`incomplete[${i}].path`, `No file has an answer for "${path}"`);
      }
    });
    if ((outcome === "complete") !== (incomplete.length === 0)) {
      add("outcome", `Manifest says ${outcome}, but lists ${incomplete.length} missing answers`);
    }
  }
}

/** Index of the first row that is out of order, or -1. */
function misplacedRow(answer: Answer, key: string): number {
  const sorted = (asRows(valueOf(dataOf(answer))) ?? []).map((row) => sortValue(row, key));
  return sorted.findIndex((value, i) => i > 0 && compareNatural(sorted[i - 1] ?? "", value) > 0);
}
