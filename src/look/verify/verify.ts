/** A run folder → what is wrong in it. Nothing is taken on trust; nothing is changed. */
import { type Acknowledgement, readPushJournal } from "../../run-folder/push-journal.ts";
import { readRequired, type Store } from "../../run-folder/store/store.ts";
import { readRunParts } from "../run.ts";
import { type VerifiedEntities, verifyEntities } from "./entities.ts";
import { type Check, type Finding, Findings } from "./findings.ts";
import { verifyOrigin } from "./origin.ts";
import { type VerifiedSnapshot, verifySnapshot } from "./snapshot.ts";

export type PartName = "snapshot" | "entities" | "origin" | "journals";

export interface VerifiedPart {
  readonly name: PartName;
  readonly state: "verified" | "faulty" | "absent" | "unchecked";
  /** What there is of it, for people. */
  readonly holds: string;
}

export interface Verification {
  readonly parts: readonly VerifiedPart[];
  /** The first of each check. */
  readonly findings: readonly Finding[];
  /** Check → how many findings there are, listed or not; none at 0. */
  readonly counts: Readonly<Partial<Record<Check, number>>>;
  /** What could not be looked at, and why. */
  readonly unchecked: readonly string[];
}

/** While one of these is broken, making the entities once more would tell nothing new. */
const BEFORE_ORIGIN: readonly Check[] = ["manifest", "listing", "hash", "shape"];

/** @throws AppError "input" when the folder holds no part of a run. */
export async function verify(store: Store): Promise<Verification> {
  const { snapshot: snapshotState, entities: entitiesState, journals, others } = await readRunParts(
    store,
  );
  const findings = new Findings();
  const parts = new Parts(findings);
  const snapshot = await parts.look("snapshot", {
    isThere: snapshotState !== "absent",
    verify: () => verifySnapshot(store, findings),
    holds: snapshotHolds,
  });
  const entities = await parts.look("entities", {
    isThere: entitiesState !== "absent",
    verify: () => verifyEntities(store, findings),
    holds: entitiesHold,
  });
  await parts.look("origin", {
    isThere: entitiesState !== "absent",
    verify: () => originOf(store, { snapshot, entities }, findings),
    holds: (origin) => origin,
  });
  await parts.look("journals", {
    isThere: journals.length > 0,
    verify: () => verifyJournals({ store, journals, entities }, findings),
    holds: () => journals.join(", "),
  });
  findings.unchecked.push(...others.map((key) => `${key}, which no manifest lists`));
  const { listed, counts, unchecked } = findings;
  return { parts: parts.looked, findings: listed, counts, unchecked };
}

interface Looking<Result> {
  readonly isThere: boolean;
  /** undefined: it could not be told. */
  readonly verify: () => Promise<Result | undefined>;
  readonly holds: (result: Result) => string;
}

class Parts {
  readonly looked: VerifiedPart[] = [];
  readonly #findings: Findings;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  async look<Result>(
    name: PartName,
    { isThere, verify, holds }: Looking<Result>,
  ): Promise<Result | undefined> {
    if (!isThere) {
      this.looked.push({ name, state: "absent", holds: "" });
      return undefined;
    }
    const before = this.#findings.count;
    const result = await verify();
    const isFaulty = this.#findings.count > before;
    const state = isFaulty ? "faulty" : result === undefined ? "unchecked" : "verified";
    this.looked.push({ name, state, holds: result === undefined ? "" : holds(result) });
    return result;
  }
}

interface Made {
  readonly snapshot: VerifiedSnapshot | undefined;
  readonly entities: VerifiedEntities | undefined;
}

async function originOf(
  store: Store,
  { snapshot, entities }: Made,
  findings: Findings,
): Promise<string | undefined> {
  if (entities === undefined || BEFORE_ORIGIN.some((check) => check in findings.counts)) {
    findings.unchecked.push("Where the entities come from, since not every file can be trusted");
    return undefined;
  }
  const { manifest } = entities;
  return await verifyOrigin({ store, manifest, snapshotSha256: snapshot?.sha256 }, findings);
}

function snapshotHolds({ manifest: { files, counts, outcome } }: VerifiedSnapshot): string {
  return `${files.length} files, ${counts.answers} answers, ${counts.failed} of them failed: ${outcome}`;
}

function entitiesHold({ manifest: { files, counts, left_out } }: VerifiedEntities): string {
  return `${files.length} files, ${total(counts)} entities, ${total(left_out)} left out`;
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** push/*.journal: unchanged, and about files and requests that are there. */

export interface JournalInput {
  readonly store: Store;
  readonly journals: readonly string[];
  readonly entities: VerifiedEntities | undefined;
}

/** Answers how many there are. */
export async function verifyJournals(
  { store, journals, entities }: JournalInput,
  findings: Findings,
): Promise<number> {
  for (const file of journals) {
    const bytes = await findings.attempt("journal", { file }, () => readRequired(store, file));
    const journal = bytes &&
      await findings.attempt("journal", { file }, () => readPushJournal(bytes, file));
    if (journal === undefined) continue;
    const { header, lines, tail } = journal;
    if (tail === "changed") findings.add("journal", { file }, "Its last line was changed");
    if (tail === "cut") {
      findings.unchecked.push(
        `The last line of ${file}: it was cut off, and counts as not written`,
      );
    }
    if (header === undefined) continue;
    if (entities === undefined || header.entities !== entities.sha256) {
      findings.unchecked.push(
        `What ${file} acknowledges: it is about other entity files than these`,
      );
      continue;
    }
    // Of differences, requests of their own were sent.
    const ids = header.since === undefined ? entities.requestIds : undefined;
    const hashes = new Map(entities.manifest.files.map(({ path, sha256 }) => [path, sha256]));
    lines.forEach((line, i) => {
      const fault = faultOf(line, hashes, ids);
      if (fault === undefined) return;
      findings.add("journal", { file, line: i + FIRST_LINE, field: fault.field }, fault.sentence);
    });
  }
  return journals.length;
}

/** The header stands before it. */
const FIRST_LINE = 2;
function faultOf(
  { file, sha256, request_id }: Acknowledgement,
  hashes: ReadonlyMap<string, string>,
  ids: ReadonlyMap<string, string> | undefined,
): { readonly field: string; readonly sentence: string } | undefined {
  const hash = hashes.get(file);
  if (hash === undefined) return { field: "file", sentence: `Names ${file}, which is not listed` };
  if (hash !== sha256) return { field: "sha256", sentence: `Is not the one of ${file}` };
  const id = ids?.get(file);
  if (id === undefined || id === request_id) return undefined;
  return { field: "request_id", sentence: `Is not the one of ${file}, ${id}` };
}
