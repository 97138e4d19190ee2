/** verify <folder>: checks a run or a target without trusting or changing anything in it, and lists what is wrong. */
import { usageError } from "../../base/errors.ts";
import { printable, printableJson } from "../../base/log.ts";
import { type PushJournalEntry, readPushJournal } from "../../run-folder/push-journal.ts";
import { readRequired, type Store } from "../../run-folder/store/store.ts";
import { isTargetFolder } from "../../run-folder/target-files.ts";
import type { TargetManifest } from "../../run-folder/target.ts";
import { openRunFolder, type Session } from "../../terminal/session.ts";
import { counted, groupDigits, renderTable } from "../../terminal/tables.ts";
import { readRunParts } from "../run.ts";
import { type GivenTarget, type OpenTarget, targetOption } from "../target.ts";
import { type VerifiedEntities, verifyEntities } from "./entities.ts";
import { type Check, type Finding, Findings } from "./findings.ts";
import { verifyOrigin } from "./origin.ts";
import { type VerifiedSnapshot, verifySnapshot } from "./snapshot.ts";
import { verifyTarget } from "./target.ts";

export async function runVerify(session: Session): Promise<void> {
  const store = await openRunFolder(session);
  const isTarget = await isTargetFolder(store);
  if (isTarget && session.option("target") !== undefined) {
    throw usageError(`Cannot use --target with ${store.place}: it is a target itself`, {
      hint: "Leave out --target, or name a run folder, such as snapshots/example",
    });
  }
  const verification = isTarget
    ? await verifyTargetFolder(store)
    : await verify(store, targetOption(session));
  const isRight = verification.findings.length === 0;
  if (!isRight) session.exitWith("input");
  session.print(
    session.isJson
      ? printableJson({ folder: store.place, ok: isRight, ...verification }, 2)
      : `\n${verificationText(store.place, verification)}\n`,
  );
}

function verificationText(place: string, verification: Verification): string {
  const { parts, findings, counts, unchecked } = verification;
  const rows = findings.map((finding) => [finding.check, placeOf(finding), finding.sentence]);
  return [
    renderTable(
      ["Part", "State", "Contents"],
      parts.map(({ name, state, holds }) => [name, state, holds]),
    ),
    headline(place, counts),
    ...(rows.length === 0 ? [] : [renderTable(["Check", "Location", "Problem"], rows)]),
    ...moreText(findings, counts),
    ...(unchecked.length === 0 ? [] : [`Not checked:\n${unchecked.map(bullet).join("\n")}`]),
  ].join("\n\n");
}

function headline(place: string, counts: Verification["counts"]): string {
  const found = total(counts);
  return found === 0
    ? `No problems found in ${printable(place)}`
    : `Found ${counted(found, "problem")} in ${printable(place)}`;
}

function placeOf({ file, line, field }: Finding): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return field === undefined ? place : `${place} ${field}`;
}

/** The findings beyond the limit per check, as counts. */
function moreText(findings: readonly Finding[], counts: Verification["counts"]): string[] {
  const more = Object.entries(counts).flatMap(([check, count]) => {
    const rest = count - findings.filter((finding) => finding.check === check).length;
    return rest > 0 ? [`${groupDigits(rest)} of ${check}`] : [];
  });
  return more.length === 0 ? [] : [`Not listed: ${more.join(", ")}`];
}

function bullet(sentence: string): string {
  return `  ${printable(sentence)}`;
}

export type PartName = "target" | "snapshot" | "entities" | "origin" | "journals";

export interface VerifiedPart {
  readonly name: PartName;
  readonly state: "verified" | "faulty" | "absent" | "unchecked";
  /** Summary of its contents, for people. */
  readonly holds: string;
}

export interface Verification {
  readonly parts: readonly VerifiedPart[];
  /** At most 25 per check. */
  readonly findings: readonly Finding[];
  /** Check → number of findings, listed or not; checks without findings are absent. */
  readonly counts: Readonly<Partial<Record<Check, number>>>;
  /** What could not be checked, and why. */
  readonly unchecked: readonly string[];
}

/** After a finding of these, transforming again would only repeat it. */
const BEFORE_ORIGIN: readonly Check[] = ["manifest", "listing", "hash", "shape"];

/** @throws AppError "input" if the folder contains no part of a run; what `openTarget` throws. */
export async function verify(
  store: Store,
  openTarget: OpenTarget = () => Promise.resolve(undefined),
): Promise<Verification> {
  const run = await readRunParts(store);
  const findings = new Findings();
  const parts: VerifiedPart[] = [];
  let before = 0;
  /** `holds`: empty if it could not be checked. */
  const add = (name: PartName, isPresent: boolean, holds = ""): void => {
    const isFaulty = findings.count > before;
    before = findings.count;
    const checked = isFaulty ? "faulty" : holds === "" ? "unchecked" : "verified";
    parts.push({ name, state: isPresent ? checked : "absent", holds });
  };
  const [hasSnapshot, hasEntities] = [run.snapshot !== "absent", run.entities !== "absent"];
  const snapshot = hasSnapshot ? await verifySnapshot(store, findings) : undefined;
  add("snapshot", hasSnapshot, snapshot && snapshotHolds(snapshot));
  const entities = hasEntities ? await verifyEntities(store, findings) : undefined;
  add("entities", hasEntities, entities && entitiesHold(entities));
  const target = entities && await openTarget(entities.manifest);
  if (target !== undefined && entities?.manifest.target === undefined) {
    throw usageError(`Cannot use --target: the entities in ${store.place} were made without one`, {
      hint: "Leave out --target, or run transform with --target first",
    });
  }
  const known = { snapshot, entities, target };
  const origin = hasEntities ? await originOf(store, findings, known) : undefined;
  add("origin", hasEntities, origin);
  for (const file of run.journals) await verifyJournal(store, file, { entities, findings });
  add("journals", run.journals.length > 0, run.journals.join(", "));
  findings.unchecked.push(...run.others.map((key) => `${key}: no manifest lists it`));
  return verificationOf(parts, findings);
}

/** `verify` for a folder that survey wrote. */
export async function verifyTargetFolder(store: Store): Promise<Verification> {
  const findings = new Findings();
  const manifest = await verifyTarget(store, findings);
  const state = findings.count > 0 ? "faulty" : "verified";
  const holds = manifest === undefined ? "" : targetHolds(manifest);
  return verificationOf([{ name: "target", state, holds }], findings);
}

function verificationOf(
  parts: readonly VerifiedPart[],
  { listed, counts, unchecked }: Findings,
): Verification {
  return { parts, findings: listed, counts, unchecked };
}

async function originOf(
  store: Store,
  findings: Findings,
  { snapshot, entities, target }: {
    readonly snapshot: VerifiedSnapshot | undefined;
    readonly entities: VerifiedEntities | undefined;
    readonly target: GivenTarget | undefined;
  },
): Promise<string | undefined> {
  if (entities === undefined || BEFORE_ORIGIN.some((check) => check in findings.counts)) {
    findings.unchecked.push("Origin of the entities: fix the problems in the files first");
    return undefined;
  }
  const { manifest } = entities;
  const snapshotSha256 = snapshot?.sha256;
  return await verifyOrigin({ store, manifest, snapshotSha256, target }, findings);
}

function snapshotHolds({ manifest: { files, counts, outcome } }: VerifiedSnapshot): string {
  return `${files.length} files, ${counts.answers} answers, ${counts.failed} of them failed: ${outcome}`;
}

function entitiesHold({ manifest: { files, counts, left_out } }: VerifiedEntities): string {
  return `${files.length} files, ${total(counts)} entities, ${total(left_out)} left out`;
}

function targetHolds({ files, counts, outcome }: TargetManifest): string {
  return `${files.length} files, ${total(counts)} objects of ${
    Object.keys(counts).length
  } types: ${outcome}`;
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** A push journal: unchanged, and about files and requests that exist. */
async function verifyJournal(
  store: Store,
  file: string,
  { entities, findings }: {
    readonly entities: VerifiedEntities | undefined;
    readonly findings: Findings;
  },
): Promise<void> {
  const bytes = await findings.attempt("journal", { file }, () => readRequired(store, file));
  const journal = bytes &&
    await findings.attempt("journal", { file }, () => readPushJournal(bytes, file));
  if (journal === undefined) return;
  const { head, entries, tail } = journal;
  if (tail === "changed") findings.add("journal", { file }, "The last line was changed");
  if (tail === "cut") {
    findings.unchecked.push(`The last line of ${file}: it was cut off and does not count`);
  }
  if (head === undefined) return;
  if (entities === undefined || head.entities !== entities.sha256) {
    findings.unchecked.push(`Acknowledgements in ${file}: they are about other entity files`);
    return;
  }
  const about = {
    hashes: new Map(entities.manifest.files.map(({ path, sha256 }) => [path, sha256])),
    requests: entities.requests,
    // With --since, push sent requests of its own.
    isWhole: head.since === undefined,
  };
  entries.forEach((entry, i) => {
    const fault = faultOf(entry, about);
    if (fault === undefined) return;
    findings.add("journal", { file, line: i + FIRST_LINE, field: fault.field }, fault.sentence);
  });
}

/** Line 1 is the head. */
const FIRST_LINE = 2;

function faultOf(
  entry: PushJournalEntry,
  { hashes, requests, isWhole }: {
    readonly hashes: ReadonlyMap<string, string>;
    readonly requests: VerifiedEntities["requests"];
    readonly isWhole: boolean;
  },
): { readonly field: string; readonly sentence: string } | undefined {
  const { file, sha256 } = entry;
  const hash = hashes.get(file);
  if (hash === undefined) return { field: "file", sentence: `Reference to unknown ${file}` };
  if (hash !== sha256) return { field: "sha256", sentence: `Does not match ${file}` };
  const request = requests.get(file);
  if (request === undefined) return undefined;
  if ("confirmed_at" in entry) {
    const field = (["except", "doubled"] as const).find((key) =>
      entry[key]?.some((index) => index >= request.entities)
    );
    const sentence = `Does not match ${file}, which has ${request.entities} entities`;
    return field && { field, sentence };
  }
  if (!isWhole || !("acknowledged_at" in entry) || request.id === entry.request_id) {
    return undefined;
  }
  return { field: "request_id", sentence: `Does not match ${file}, which has ${request.id}` };
}
