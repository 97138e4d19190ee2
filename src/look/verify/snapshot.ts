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
import { listingFaults, readListed } from "../../run-folder/manifest.ts";
import { readSnapshotManifest } from "../../run-folder/snapshot-files.ts";
import { type Manifest, MANIFEST_FILE } from "../../run-folder/snapshot.ts";
import type { Store } from "../../run-folder/store/store.ts";
import type { Findings } from "./findings.ts";

const FILTERED: Cause = "filtered";

export interface VerifiedSnapshot {
  readonly manifest: Manifest;
  readonly sha256: string;
}

/** undefined if the manifest is not valid: then nothing else can be checked. */
export async function verifySnapshot(
  store: Store,
  findings: Findings,
): Promise<VerifiedSnapshot | undefined> {
  const opened = await findings.attempt(
    "manifest",
    { file: MANIFEST_FILE },
    () => readSnapshotManifest(store),
  );
  if (opened === undefined) {
    findings.unchecked.push("pve/: its manifest is not valid");
    return undefined;
  }
  const { manifest } = opened;
  const faults = await listingFaults(store, "pve/", manifest.files);
  for (const { path, error } of faults) findings.add("listing", { file: path }, error.message);
  const unreadable = new Set(faults.map(({ path }) => path));
  const recount = new Recount(manifest);
  for (const entry of manifest.files) {
    const { path } = entry;
    if (unreadable.has(path)) continue;
    const bytes = await findings.attempt("hash", { file: path }, () => readListed(store, entry));
    const answers = bytes &&
      await findings.attempt("shape", { file: path }, () => new Answers(path, bytes));
    if (answers === undefined) unreadable.add(path);
    else await verifyAnswers(answers, recount, findings);
  }
  // With a file missing, the counts differ for that reason alone.
  if (unreadable.size === 0) recount.compare(findings);
  return opened;
}

async function verifyAnswers(
  answers: Answers,
  recount: Recount,
  findings: Findings,
): Promise<void> {
  const { file } = answers;
  recount.addFile(file);
  let line = 1;
  let previous = "";
  for (const path of answers.paths()) {
    line += 1;
    const place = { file, line, field: path };
    if (compareCodeUnits(previous, path) > 0) {
      findings.add("order", place, "Out of order");
    }
    if (fileOf(path) !== file) findings.add("shape", place, `Belongs in ${fileOf(path)}`);
    previous = path;
    const answer = await findings.attempt(
      "shape",
      place,
      () => answers.get(path, rowKeys(path)),
    );
    if (answer === undefined) continue;
    const miscounted = recount.addAnswer(path, answer);
    if (miscounted !== undefined) findings.add("count", place, miscounted);
    const row = misplacedRow(path, answer);
    if (row !== undefined) {
      findings.add("order", place, `data[${row}] is out of order`);
    }
  }
}

/** Only the sort key of each row: a listing may have 100,000 of them. */
function rowKeys(path: string): string[] {
  const key = sortKeyOf(path);
  return key === undefined ? [] : [key];
}

/** Index of the first row that is out of order. */
function misplacedRow(path: string, answer: Answer): number | undefined {
  const key = sortKeyOf(path);
  const rows = asRows(valueOf(dataOf(answer)));
  if (key === undefined || rows === undefined) return undefined;
  const sorted = rows.map((row) => sortValue(row, key));
  const at = sorted.findIndex((key, i) => i > 0 && compareNatural(sorted[i - 1] ?? "", key) > 0);
  return at === -1 ? undefined : at;
}

/** Recounts what the manifest says about its files. */
class Recount {
  readonly #manifest: Manifest;
  readonly #counts = { answers: 0, failed: 0, nodes: 0 };
  /** Paths that the manifest lists as incomplete and that were not seen yet. */
  readonly #incomplete: Map<string, Incomplete>;

  constructor(manifest: Manifest) {
    this.#manifest = manifest;
    this.#incomplete = new Map(manifest.incomplete.map((gap) => [gap.path, gap]));
  }

  addFile(file: string): void {
    if (nodeOfFile(file) !== undefined) this.#counts.nodes += 1;
  }

  /** Returns a problem if the manifest does not agree about whether the answer is missing. */
  addAnswer(path: string, answer: Answer): string | undefined {
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

  compare(findings: Findings): void {
    const { counts, incomplete, outcome } = this.#manifest;
    for (const name of ["answers", "failed", "nodes"] as const) {
      if (counts[name] === this.#counts[name]) continue;
      const place = { file: MANIFEST_FILE, field: `counts.${name}` };
      findings.add(
        "count",
        place,
        `Manifest says ${counts[name]}, files contain ${this.#counts[name]}`,
      );
    }
    incomplete.forEach(({ path }, i) => {
      if (!this.#incomplete.has(path)) return;
      const place = { file: MANIFEST_FILE, field: `incomplete[${i}].path` };
      findings.add("count", place, `No file has an answer for "${path}"`);
    });
    if ((outcome === "complete") !== (incomplete.length === 0)) {
      const place = { file: MANIFEST_FILE, field: "outcome" };
      findings.add(
        "count",
        place,
        `Manifest says ${outcome}, but lists ${incomplete.length} missing answers`,
      );
    }
  }
}
