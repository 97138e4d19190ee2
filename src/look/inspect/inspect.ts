/** A run folder → what it holds, as one value. */
import type { SettingTable } from "../../base/setting.ts";
import { STEPS } from "../../netbox/types/order.ts";
import type { Incomplete } from "../../proxmox/answers.ts";
import { stepOfFile, type TransformedSet } from "../../run-folder/entity-set.ts";
import type { PushJournalHead } from "../../run-folder/push-journal.ts";
import type { Snapshot } from "../../run-folder/snapshot.ts";
import { SETTINGS } from "../../transform/settings.ts";
import { Counts } from "../counts.ts";
import type { ItemSource, Run, RunJournal } from "../run.ts";
import { type RunInventory, takeInventory } from "./inventory.ts";

export interface Inspection {
  readonly folder: string;
  readonly snapshot?: SnapshotFacts;
  readonly inventory?: RunInventory;
  readonly entities?: EntitySetFacts;
  readonly journals: readonly JournalFacts[];
  /** What else there is to know before any of it is used. */
  readonly remarks: readonly string[];
}

export interface SnapshotFacts {
  readonly host: string;
  readonly port?: number | undefined;
  /** What the host's own API calls itself. */
  readonly version?: string | undefined;
  /** The host of a list that answered, when it was not the first. */
  readonly answered_by?: string | undefined;
  /** SHA-256 of the certificate that the host showed. */
  readonly fingerprint?: string | undefined;
  readonly captured_at: string;
  readonly tool: string;
  readonly nodes_in_scope: readonly string[];
  readonly outcome: "complete" | "partial";
  /** How many answers are missing. */
  readonly incomplete: number;
  /** Cause → missing answers. */
  readonly causes: Readonly<Record<string, number>>;
  readonly answers: number;
  readonly failed: number;
  readonly files: number;
  readonly bytes: number;
}

export interface EntitySetFacts {
  readonly tool: string;
  /** Was it made of the pve/ beside it, as that is now? */
  readonly is_of_this_snapshot: boolean;
  /** What it was made of; none for a bootstrap. */
  readonly snapshots: readonly {
    /** Only when there are several. */
    readonly name?: string;
    readonly sha256: string;
    /** Those in force that are not the defaults. */
    readonly settings: Readonly<Record<string, string>>;
  }[];
  /** Those of all steps, and left-out.json. */
  readonly files: number;
  readonly bytes: number;
  readonly steps: readonly StepFacts[];
}

export interface StepFacts {
  readonly step: string;
  readonly entities: number;
  readonly files: number;
  readonly bytes: number;
}

export interface JournalFacts {
  readonly file: string;
  readonly target?: string;
  /** Is it about the entity files of this folder as they are now? */
  readonly is_about_these: boolean;
  /** Only the differences to another set were sent. */
  readonly is_difference: boolean;
  readonly files: number;
  readonly entities: number;
  /** Files that the target had errors about. */
  readonly refused: number;
  readonly last_at?: string | undefined;
}

/** @throws AppError "input" when a file was changed. */
export async function inspect(run: Run, source: ItemSource | undefined): Promise<Inspection> {
  const { snapshot, entities, journals } = run;
  const counted = source?.from === "netbox" ? entities : undefined;
  return {
    folder: run.place,
    ...(snapshot && { snapshot: snapshotFacts(snapshot) }),
    ...(source && { inventory: await takeInventory(source, counted) }),
    ...(entities && { entities: entityFacts(entities, run) }),
    journals: journals.map((journal) => journalFacts(journal, entities)),
    remarks: remarksOn(run),
  };
}

function snapshotFacts({ manifest }: Snapshot): SnapshotFacts {
  const { source, tool, scope, counts, files } = manifest;
  return {
    ...source,
    captured_at: manifest.captured_at,
    tool: `${tool.name} ${tool.version}`,
    nodes_in_scope: scope.nodes,
    outcome: manifest.outcome,
    incomplete: manifest.incomplete.length,
    causes: causesOf(manifest.incomplete),
    answers: counts.answers,
    failed: counts.failed,
    files: files.length,
    bytes: bytesOf(files),
  };
}

function causesOf(incomplete: readonly Incomplete[]): Readonly<Record<string, number>> {
  const causes = new Counts();
  for (const { cause = "failed" } of incomplete) causes.add(cause);
  return causes.toObject();
}

function entityFacts({ manifest }: TransformedSet, { isOwn }: Run): EntitySetFacts {
  const { tool, snapshots, files, counts } = manifest;
  return {
    tool: `${tool.name} ${tool.version}`,
    is_of_this_snapshot: isOwn,
    snapshots: snapshots.map(({ policy, ...snapshot }) => ({
      ...snapshot,
      settings: changedSettings(policy),
    })),
    files: files.length,
    bytes: bytesOf(files),
    steps: STEPS.map(({ name }) => {
      const own = files.filter(({ path }) => stepOfFile(path) === name);
      return {
        step: name,
        entities: counts[name] ?? 0,
        files: own.length,
        bytes: bytesOf(own),
      };
    }),
  };
}

/** Those that are not the default. */
function changedSettings(policy: Readonly<Record<string, string>>): Record<string, string> {
  const changed = Object.entries(policy).filter(([name, text]) => {
    const known: SettingTable = SETTINGS;
    return !Object.hasOwn(known, name) || text !== known[name]?.default;
  });
  return Object.fromEntries(changed);
}

function journalFacts(
  { file, header, lines }: RunJournal,
  entities: TransformedSet | undefined,
): JournalFacts {
  return {
    file,
    ...(header && { target: header.target }),
    is_about_these: isAbout(header, entities),
    is_difference: header?.since !== undefined,
    files: lines.length,
    entities: lines.reduce((sum, line) => sum + line.entities, 0),
    refused: lines.filter(({ errors }) => errors !== undefined).length,
    last_at: lines.map(({ acknowledged_at }) => acknowledged_at).sort().at(-1),
  };
}

function isAbout(header: PushJournalHead | undefined, set: TransformedSet | undefined): boolean {
  return header !== undefined && header.entities === set?.sha256;
}

function remarksOn({ parts, snapshot, entities, isOwn }: Run): string[] {
  const remarks = [];
  if (parts.snapshot === "unfinished") {
    remarks.push("The snapshot is unfinished: capture --resume goes on with it");
  }
  if (parts.entities === "unfinished") {
    remarks.push("The entity files are unfinished: run transform once more");
  }
  if (snapshot !== undefined && entities !== undefined && !isOwn) {
    remarks.push("netbox/ was made of another snapshot than pve/: run transform once more");
  }
  return remarks;
}

function bytesOf(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
