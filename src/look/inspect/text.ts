/** Summary of a run folder as tables for a terminal. */
import { printable } from "../../base/log.ts";
import { CAUSES } from "../../proxmox/answers.ts";
import { NOTES, REASONS } from "../../run-folder/left-out.ts";
import { type Cell, groupDigits, renderFacts, renderTable } from "../../terminal/tables.ts";
import { countTable } from "../../transform/command/summary.ts";
import type { Inspection } from "./inspect.ts";

/** A part of a run folder that is there. */
type Part<Name extends keyof Inspection> = NonNullable<Inspection[Name]>;

export function inspectionText(inspection: Inspection): string {
  const { snapshot, inventory, entities, journals, remarks } = inspection;
  return [
    ...(snapshot === undefined ? [] : snapshotSections(snapshot)),
    ...(inventory === undefined ? [] : inventorySections(inventory)),
    ...(entities === undefined ? [] : entitySections(entities)),
    ...(inventory === undefined ? [] : recordSections(inventory)),
    ...(journals.length === 0 ? [] : journalSections(journals, entities)),
    ...remarks.map(printable),
  ].join("\n\n");
}

function snapshotSections(snapshot: Part<"snapshot">): string[] {
  const { host, port, version, nodes_in_scope: nodes, incomplete } = snapshot;
  const place = port === undefined ? host : `${host}:${port}`;
  const missing = `${snapshot.outcome}: ${groupDigits(incomplete)} answers are missing (--failed)`;
  const facts = [
    ["Source", version === undefined ? place : `${place}, Proxmox VE ${version}`],
    ["Captured", `${snapshot.captured_at} by ${snapshot.tool}`],
    ...(nodes.join() === "*" ? [] : [["Scope", nodes.join(", ")] as const]),
    ["Answers", `${groupDigits(snapshot.answers)} in ${sizeOf(snapshot)}`],
    ["Outcome", incomplete === 0 ? snapshot.outcome : missing],
  ] as const;
  return [
    "Snapshot",
    renderFacts(facts),
    ...(incomplete === 0 ? [] : [countTable("Cause", snapshot.causes, CAUSES)]),
  ];
}

/** TABLE: the steps that the inventory counts, in the words of Proxmox VE. */
const THINGS = {
  device: "Nodes",
  "virtual-machine": "Guests",
  "vm-interface": "NICs of guests",
  interface: "Interfaces of nodes",
  "ip-address": "Addresses",
  "virtual-disk": "Disks",
  vlan: "VLANs",
} as const;

const FROM = {
  netbox: "counted in netbox/",
  transform: "transformed in memory with the settings that capture recorded",
} as const;

function inventorySections(inventory: Part<"inventory">): string[] {
  const { clusters, sites, guests, nodes, counts, strangers } = inventory;
  // A bootstrap has no clusters or nodes.
  if (clusters.length === 0 && nodes.length === 0) return [];
  const kinds = Object.entries(guests).map(([kind, statuses]) => {
    const counts = Object.entries(statuses).map(([status, count]) =>
      `${groupDigits(count)} ${status}`
    );
    return `${kind}: ${counts.join(", ")}`;
  });
  const rows: Cell[][] = [
    ["Clusters", clusters.length, firstOf(clusters)],
    ["Sites", sites.length, firstOf(sites)],
    ...Object.entries(THINGS).map(([step, name]) => [
      name,
      counts[step] ?? 0,
      step === "virtual-machine" ? kinds.join("; ") : "",
    ]),
  ];
  const table = nodes.map(({ name, status, platform, site, ...node }) => [
    name,
    status,
    platform ?? "",
    site,
    node.cpus ?? "",
    node.memory_mib ?? "",
    node.guests,
  ]);
  const foreign = `${groupDigits(strangers)} more entities were not made by transform`;
  return [
    `Inventory, ${FROM[inventory.from]}`,
    renderTable(["What", "Count", "Details"], rows),
    ...(table.length === 0 ? [] : [renderTable(NODE_HEAD, table)]),
    ...(strangers === 0 ? [] : [foreign]),
  ];
}

const NODE_HEAD = ["Node", "Status", "Platform", "Site", "CPUs", "MiB", "Guests"];
const MOST_NAMED = 5;

/** ["a", "b", …] → "a, b, … and 7 more" */
function firstOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  const shown = names.slice(0, MOST_NAMED).join(", ");
  return more > 0 ? `${shown} and ${groupDigits(more)} more` : shown;
}

function entitySections(entities: Part<"entities">): string[] {
  const { snapshots, is_of_this_snapshot: isOwn, steps, tool } = entities;
  const settings = snapshots.map(({ name, settings }) => {
    const texts = Object.entries(settings).map(([setting, text]) => `${setting}=${text}`);
    return [name === undefined ? "Settings" : `Settings of ${name}`, texts.join("  ")] as const;
  });
  const facts = [
    ["Made", `by ${tool} from ${isOwn ? "this snapshot" : sourceOf(entities)}`],
    ...settings,
    ["Files", sizeOf(entities)],
  ] as const;
  return [
    "Entities",
    renderFacts(facts),
    renderTable(
      ["Step", "Entities", "Files", "Bytes"],
      steps.map(({ step, entities, files, bytes }) => [step, entities, files, bytes]),
    ),
  ];
}

function sourceOf({ snapshots }: Part<"entities">): string {
  if (snapshots.length === 0) return "no snapshot";
  return snapshots.length === 1 ? "another snapshot" : `${snapshots.length} other snapshots`;
}

function recordSections({ left_out, notes }: Part<"inventory">): string[] {
  return [
    ...(Object.keys(left_out).length === 0
      ? []
      : ["Left out (--left-out)", countTable("Reason", left_out, REASONS)]),
    ...(Object.keys(notes).length === 0 ? [] : ["Noted", countTable("Note", notes, NOTES)]),
  ];
}

function journalSections(
  journals: Inspection["journals"],
  entities: Inspection["entities"],
): string[] {
  const all = (entities?.files ?? 1) - 1;
  const rows = journals.map((journal) => [
    journal.target ?? journal.file,
    journal.is_about_these ? `${journal.files} of ${all}` : `${journal.files} of other files`,
    journal.entities,
    journal.refused,
    journal.last_at ?? "",
  ]);
  return ["Pushed", renderTable(["Target", "Files", "Entities", "Rejected", "Last"], rows)];
}

function sizeOf({ files, bytes }: { readonly files: number; readonly bytes: number }): string {
  return `${groupDigits(files)} files, ${groupDigits(bytes)} bytes`;
}

/**
 * An entity on one line, each stub by its name; --json has all of it.
 * { name: "net0", virtual_machine: { name: "git", … }, … } → "name=net0  virtual_machine=git  …"
 */
export function entityText(entity: object): string {
  return Object.entries(entity).map(([field, value]) => `${field}=${valueText(value)}`).join("  ");
}

/** A stub by its name. */
export function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  return typeof value === "object" && value !== null ? stubText(value) : String(value);
}

/** A stub's first plain value names it; a NIC or an interface is preceded by its machine. */
function stubText(stub: object): string {
  const { virtual_machine: machine, device = machine } = stub as Readonly<Record<string, unknown>>;
  const own = Object.values(stub).find((value) => typeof value !== "object");
  if (own === undefined) return `{${entityText(stub)}}`;
  return typeof device === "object" ? `${valueText(device)}/${String(own)}` : String(own);
}
