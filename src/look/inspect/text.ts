/** Summary of a run folder as tables for a terminal. */
import { printable } from "../../base/log.ts";
import { CAUSES } from "../../proxmox/answers.ts";
import { NOTES, REASONS } from "../../run-folder/left-out.ts";
import { countTable, groupDigits, renderFacts, renderTable } from "../../terminal/tables.ts";
import { targetText } from "../target.ts";
import type { Inspection } from "./inspect.ts";

/** A part of a run folder that is there. */
type Part<Name extends keyof Inspection> = NonNullable<Inspection[Name]>;

export function inspectionText(inspection: Inspection): string {
  const { snapshot, inventory, entities, journals, remarks } = inspection;
  return joined(
    snapshot && snapshotText(snapshot),
    inventory && inventoryText(inventory),
    entities && entitiesText(entities),
    inventory && recordsText(inventory),
    journals.length > 0 && journalsText(journals, entities),
    ...remarks.map(printable),
  );
}

/** With an empty line between two texts. */
function joined(...texts: readonly (string | false | undefined)[]): string {
  return texts.filter(Boolean).join("\n\n");
}

function snapshotText(snapshot: Part<"snapshot">): string {
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
  const causes = incomplete > 0 && countTable("Cause", snapshot.causes, CAUSES);
  return joined("Snapshot", renderFacts(facts), causes);
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

const NODE_HEAD = ["Node", "Status", "Platform", "Site", "CPUs", "MiB", "Guests"];

function inventoryText(inventory: Part<"inventory">): string {
  const { from, clusters, sites, guests, nodes, counts, strangers } = inventory;
  // A bootstrap has no clusters or nodes.
  if (clusters.length === 0 && nodes.length === 0) return "";
  const kinds = Object.entries(guests).map(([kind, statuses]) => {
    const words = Object.entries(statuses).map(([word, count]) => `${groupDigits(count)} ${word}`);
    return `${kind}: ${words.join(", ")}`;
  });
  const things = [
    ["Clusters", clusters.length, firstOf(clusters)],
    ["Sites", sites.length, firstOf(sites)],
    ...Object.entries(THINGS).map(([step, name]) => [
      name,
      counts[step] ?? 0,
      step === "virtual-machine" ? kinds.join("; ") : "",
    ]),
  ];
  const rows = nodes.map(({ name, status, platform = "", site, ...node }) => {
    const { cpus = "", memory_mib: mib = "", guests: own } = node;
    return [name, status, platform, site, cpus, mib, own];
  });
  return joined(
    `Inventory, ${FROM[from]}`,
    renderTable(["What", "Count", "Details"], things),
    rows.length > 0 && renderTable(NODE_HEAD, rows),
    strangers > 0 && `${groupDigits(strangers)} more entities were not made by transform`,
  );
}

const MOST_NAMED = 5;

/** ["a", "b", …] → "a, b, … and 7 more" */
function firstOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  const shown = names.slice(0, MOST_NAMED).join(", ");
  return more > 0 ? `${shown} and ${groupDigits(more)} more` : shown;
}

function entitiesText(entities: Part<"entities">): string {
  const { snapshots, is_of_this_snapshot: isOwn, target, steps, tool } = entities;
  const facts = [
    ["Made", `by ${tool} from ${isOwn ? "this snapshot" : sourceOf(entities)}`],
    ...snapshots.map(({ name, settings }) =>
      [
        name === undefined ? "Settings" : `Settings of ${name}`,
        Object.entries(settings).map((pair) => pair.join("=")).join("  "),
      ] as const
    ),
    ...(target === undefined ? [] : [["Target", targetText(target)] as const]),
    ["Files", sizeOf(entities)],
  ] as const;
  const rows = steps.map((
    { step, entities: count, found, files, bytes },
  ) => [step, count, ...(found === undefined ? [] : [found]), files, bytes]);
  const isFound = steps.some(({ found }) => found !== undefined);
  const table = renderTable(
    ["Step", "Entities", ...(isFound ? ["In NetBox"] : []), "Files", "Bytes"],
    rows,
  );
  return joined("Entities", renderFacts(facts), table);
}

function sourceOf({ snapshots }: Part<"entities">): string {
  if (snapshots.length === 0) return "no snapshot";
  return snapshots.length === 1 ? "another snapshot" : `${snapshots.length} other snapshots`;
}

function recordsText({ left_out: leftOut, notes }: Part<"inventory">): string {
  const [isAnyLeftOut, isAnyNoted] = [leftOut, notes].map((codes) => Object.keys(codes).length > 0);
  return joined(
    isAnyLeftOut && joined("Left out (--left-out)", countTable("Reason", leftOut, REASONS)),
    isAnyNoted && joined("Noted", countTable("Note", notes, NOTES)),
  );
}

function journalsText(
  journals: Inspection["journals"],
  entities: Inspection["entities"],
): string {
  const all = entities?.steps.reduce((sum, { files }) => sum + files, 0) ?? 0;
  const isAnyOpen = journals.some(({ not_arrived: open }) => open > 0);
  const rows = journals.map((journal) => [
    journal.target ?? journal.file,
    journal.is_about_these ? `${journal.files} of ${all}` : `${journal.files} of other files`,
    journal.entities,
    journal.confirmed,
    ...(isAnyOpen ? [journal.not_arrived] : []),
    journal.refused,
    journal.last_at ?? "",
  ]);
  const open = isAnyOpen ? ["Not arrived"] : [];
  return joined(
    "Pushed",
    renderTable(["Target", "Files", "Entities", "Confirmed", ...open, "Rejected", "Last"], rows),
  );
}

export function sizeOf(
  { files, bytes }: { readonly files: number; readonly bytes: number },
): string {
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
