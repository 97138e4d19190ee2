/** Summary of a run folder, as `inspect --json` prints it. */
import type { SettingTable } from "../../base/setting.ts";
import { STEPS } from "../../netbox/types/order.ts";
import type { Incomplete } from "../../proxmox/answers.ts";
import { stepOfFile, type TransformedSet } from "../../run-folder/entity-set.ts";
import type { Snapshot } from "../../run-folder/snapshot.ts";
import { SETTINGS } from "../../transform/settings.ts";
import type { ItemSource, Run, RunJournal } from "../run.ts";
import { Counts, type RunInventory, takeInventory } from "./inventory.ts";

export interface Inspection {
  readonly folder: string;
  readonly snapshot?: SnapshotFacts;
  readonly inventory?: RunInventory;
  readonly entities?: EntitySetFacts;
  readonly journals: readonly JournalFacts[];
  /** Warnings about parts that are unfinished or do not belong together. */
  readonly remarks: readonly string[];
}

export interface SnapshotFacts {
  readonly host: string;
  readonly port?: number | undefined;
  /** Of Proxmox VE on the host. */
  readonly version?: string | undefined;
  /** The host that answered, if it was not the first one given. */
  readonly answered_by?: string | undefined;
  /** SHA-256 of the host's certificate. */
  readonly fingerprint?: string | undefined;
  readonly captured_at: string;
  readonly tool: string;
  readonly nodes_in_scope: readonly string[];
  readonly outcome: "complete" | "partial";
  /** Number of missing answers. */
  readonly incomplete: number;
  /** Cause → number of missing answers. */
  readonly causes: Readonly<Record<string, number>>;
  readonly answers: number;
  readonly failed: number;
  readonly files: number;
  readonly bytes: number;
}

export interface EntitySetFacts {
  readonly tool: string;
  /** Was it made from the pve/ in the same folder, and is that unchanged since? */
  readonly is_of_this_snapshot: boolean;
  /** Empty for a bootstrap. */
  readonly snapshots: readonly {
    /** Only if several snapshots were transformed together. */
    readonly name?: string;
    readonly sha256: string;
    /** Those that differ from the defaults. */
    readonly settings: Readonly<Record<string, string>>;
  }[];
  /** left-out.json included. */
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
  /** Is it about the entity files in this folder, and are they unchanged since? */
  readonly is_about_these: boolean;
  /** Only the differences from an earlier set were sent (--since). */
  readonly is_difference: boolean;
  readonly files: number;
  readonly entities: number;
  /** Number of files that the target rejected. */
  readonly refused: number;
  readonly last_at?: string | undefined;
}

/** @throws AppError "input" if a file was changed. */
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
    is_about_these: header !== undefined && header.entities === entities?.sha256,
    is_difference: header?.since !== undefined,
    files: lines.length,
    entities: lines.reduce((sum, line) => sum + line.entities, 0),
    refused: lines.filter(({ errors }) => errors !== undefined).length,
    last_at: lines.map(({ acknowledged_at }) => acknowledged_at).sort().at(-1),
  };
}

function remarksOn({ parts, snapshot, entities, isOwn }: Run): string[] {
  const remarks = [];
  if (parts.snapshot === "unfinished") {
    remarks.push("The snapshot is unfinished: continue it with capture --resume");
  }
  if (parts.entities === "unfinished") {
    remarks.push("The entity files are unfinished: run transform again");
  }
  if (snapshot !== undefined && entities !== undefined && !isOwn) {
    remarks.push("netbox/ was made from another snapshot than pve/: run transform again");
  }
  return remarks;
}

function bytesOf(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
