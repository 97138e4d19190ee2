/** Summary of a run folder, as `inspect --json` prints it. */
import type { SettingTable } from "../../base/setting.ts";
import { shownSteps } from "../../netbox/types/steps.ts";
import { stepOfFile, type TransformedSet } from "../../run-folder/entity-set.ts";
import type { Snapshot } from "../../run-folder/snapshot.ts";
import { recordedRules } from "../../run-folder/recorded-rules.ts";
import { SETTINGS } from "../../transform/settings.ts";
import { Counts } from "../counts.ts";
import { type Guest, readRunInventory, type RunInventory } from "../inventory.ts";
import type { ItemSource, Run, RunJournal } from "../run.ts";

export type Inspection = Awaited<ReturnType<typeof inspect>>;

/** `whole`: the inventory, if it was read already. @throws AppError "input" if a file was changed. */
export async function inspect(run: Run, source: ItemSource | undefined, whole?: RunInventory) {
  const { snapshot, entities, journals } = run;
  const inventory = whole ?? (source && await readRunInventory(run, source, "summary"));
  return {
    folder: run.place,
    ...(snapshot && { snapshot: snapshotFacts(snapshot) }),
    ...(inventory && { inventory: inventoryFacts(inventory) }),
    ...(entities && { entities: entityFacts(entities, run) }),
    journals: journals.map((journal) => journalFacts(journal, entities)),
    /** Warnings about parts that are unfinished or do not belong together. */
    remarks: remarksOn(run),
  };
}

function snapshotFacts({ manifest }: Snapshot) {
  const { source, tool, scope, counts, files, incomplete } = manifest;
  return {
    ...source,
    captured_at: manifest.captured_at,
    tool: `${tool.name} ${tool.version}`,
    nodes_in_scope: scope.nodes,
    outcome: manifest.outcome,
    /** Number of missing answers. */
    incomplete: incomplete.length,
    /** Cause → number of missing answers. */
    causes: new Counts(incomplete.map(({ cause = "failed" }) => cause)).toObject(),
    answers: counts.answers,
    failed: counts.failed,
    files: files.length,
    bytes: bytesOf(files),
  };
}

function inventoryFacts({ from, clusters, sites, nodes, guests, totals, strangers }: RunInventory) {
  const byKind = Map.groupBy(guests.filter(isMade), ({ row }) => row.kind ?? "unknown");
  return {
    from,
    clusters,
    sites,
    nodes: nodes.map(({ name, status, platform, site, cpus, memory_mib, guests: own }) => ({
      name,
      status,
      platform,
      site,
      cpus,
      memory_mib,
      guests: own.filter(isMade).length,
    })),
    /** Kind → status → number of guests. */
    guests: Object.fromEntries(
      [...byKind].map(([kind, own]) => [
        kind,
        new Counts(own.map(({ row }) => row.status ?? "").sort()).toObject(),
      ]),
    ),
    strangers,
    counts: totals.counts,
    left_out: totals.left_out,
    notes: totals.notes,
  };
}

function isMade({ key }: Guest): boolean {
  return key !== undefined;
}

function entityFacts({ manifest }: TransformedSet, { isOwn }: Run) {
  const { tool, snapshots, target, files, counts, found } = manifest;
  return {
    tool: `${tool.name} ${tool.version}`,
    /** Was it made from the pve/ in the same folder, and is that unchanged since? */
    is_of_this_snapshot: isOwn,
    /** Empty for a bootstrap. With names only if several snapshots were transformed together. */
    snapshots: snapshots.map(({ policy, ...snapshot }) => ({
      ...snapshot,
      settings: changedSettings(policy),
    })),
    /** What NetBox held, if transform was given it. */
    ...(target && { target }),
    /** left-out.json included. */
    files: files.length,
    bytes: bytesOf(files),
    steps: shownSteps(counts).map(({ name }) => {
      const own = files.filter(({ path }) => stepOfFile(path) === name);
      return {
        step: name,
        entities: counts[name] ?? 0,
        /** How many of these NetBox had already. */
        ...(found && { found: found[name] ?? 0 }),
        files: own.length,
        bytes: bytesOf(own),
      };
    }),
  };
}

/** Those that differ from the defaults. */
function changedSettings(policy: Readonly<Record<string, string>>): Record<string, string> {
  const known: SettingTable = SETTINGS;
  const changed = Object.entries(policy).filter(([name, text]) =>
    !Object.hasOwn(known, name) || text !== known[name]?.default
  );
  return Object.fromEntries(
    changed.map(([name, text]) => [name, name === "rules" ? countOfRules(text) : text]),
  );
}

function journalFacts(
  { file, head, acknowledged: entries, sent, confirmed, except }: RunJournal,
  entities: TransformedSet | undefined,
) {
  return {
    file,
    ...(head && { target: head.target }),
    /** Is it about the entity files in this folder, and are they unchanged since? */
    is_about_these: head !== undefined && head.entities === entities?.sha256,
    /** Only the differences from an earlier set were sent (--since). */
    is_difference: head?.since !== undefined,
    /** Number of files that were sent, with an answer or without. */
    sent: sent.size,
    /** Number of files that were acknowledged. */
    files: entries.length,
    entities: entries.reduce((sum, entry) => sum + entry.entities, 0),
    /** Number of files of which NetBox was seen to have all that was sent. */
    confirmed: confirmed.size,
    /** Entities that NetBox was last seen not to have as they were sent. */
    not_arrived: [...except.values()].flat().length,
    /** Number of files that the target rejected. */
    refused: entries.filter(({ errors }) => errors !== undefined).length,
    last_at: entries.map(({ acknowledged_at }) => acknowledged_at).sort().at(-1),
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

export function bytesOf(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** "9 of policy.yaml": the manifest has them whole. A manifest may be sealed by hand. */
function countOfRules(text: string): string {
  const { file, rules } = recordedRules(text) ?? {};
  return rules === undefined ? text : `${rules.length} of ${file}`;
}
