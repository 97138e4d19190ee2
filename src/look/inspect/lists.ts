/** The lists of `inspect`: their rows for --json, and their columns for a terminal. */
import { labelOf, machineOf, naturalKey } from "../../netbox/types/order.ts";
import type { StepName } from "../../netbox/types/steps.ts";
import { FIRST_ENTITY_LINE } from "../../run-folder/request.ts";
import type { TableLayout } from "../../terminal/tables.ts";
import { type GuestRow, readRunInventory, type RunInventory } from "../inventory.ts";
import { NodeNames } from "../node-names.ts";
import type { EntityItem, ItemSource, Run } from "../run.ts";
import type { Filter, GuestFacets } from "./filter.ts";
import { entityText } from "./text.ts";

export interface ListSource {
  readonly run: Run;
  readonly items: ItemSource;
  readonly filter: Filter;
  /** Read when a list needs it. */
  readonly inventory: () => Promise<RunInventory>;
}

export function listSource(run: Run, items: ItemSource, filter: Filter): ListSource {
  let inventory: Promise<RunInventory> | undefined;
  const read = (): Promise<RunInventory> => readRunInventory(run, items, "whole");
  return { run, items, filter, inventory: () => inventory ??= read() };
}

// oxlint-disable-next-line typescript/no-explicit-any -- each list has rows of its own type
export interface List<Row = any> extends TableLayout<Row> {
  /** Its key in the JSON output. */
  readonly name: string;
  /** As --json prints them. */
  readonly rows: (source: ListSource) => AsyncIterable<Row>;
}

/** Its rows have the type that `rows` yields. */
function listOf<Row>(list: List<Row>): List<Row> {
  return list;
}

export const GUESTS: List<GuestRow> = {
  name: "guests",
  async *rows({ inventory, filter }) {
    for (const { row } of (await inventory()).guests) {
      if (filter.allows(guestFacets(row))) yield row;
    }
  },
  head: ["VMID", "Name", "Kind", "Node", "Status", "vCPUs", "MiB", "NICs", "Disks", "Address"],
  cells: (guest) => [
    guest.vmid,
    guest.name ?? "",
    guest.kind ?? "",
    guest.node ?? "",
    guest.left_out === undefined ? guest.status ?? "" : `(${guest.left_out})`,
    guest.vcpus ?? "",
    guest.memory_mib ?? "",
    guest.nics,
    guest.disks,
    addressCell(guest),
  ],
};

/** "10.0.0.5 +2": the primary address, and how many others. */
function addressCell({ primary_ip4, primary_ip6, addresses }: GuestRow): string {
  const [primary = ""] = (primary_ip4 ?? primary_ip6 ?? "").split("/", 1);
  const others = addresses - (primary === "" ? 0 : 1);
  return `${primary}${others > 0 ? ` +${others}` : ""}`.trim();
}

/** `reason`: "true" lists the records of all reasons. */
export function leftOutList(reason: string) {
  return listOf({
    name: "left_out",
    async *rows(source) {
      const allows = await matcher(source);
      for await (const item of source.items.read({ steps: [], leftOut: true })) {
        if (item.kind !== "leftOut") continue;
        const { what, reason: code, sentence, answer } = item.record;
        if ((reason === "true" || code === reason) && allows(what)) {
          yield { what, reason: code, sentence, ...answer };
        }
      }
    },
    head: ["What", "Reason", "Why", "Answer"],
    cells: ({ what, reason: code, sentence, path }) => [what, code, sentence, path],
  });
}

/** An entity that was made in memory has no file and no line. */
export function entityList(step: StepName) {
  return listOf({
    name: step.replaceAll("-", "_"),
    async *rows(source) {
      const allows = await matcher(source);
      for await (const item of source.items.read({ steps: [step], leftOut: false })) {
        if (item.kind !== "entity" || item.step !== step || !allows(item)) continue;
        const { entity, file, line } = item;
        yield { name: labelOf(step, entity), file, line, entity };
      }
    },
    head: ["Name", "File", "Fields"],
    cells: ({ name, file, line, entity }) => [
      name,
      file === undefined ? "" : `${file}:${line}`,
      entityText(entity),
    ],
  });
}

/**
 * API paths that could not be read, entity files that a target rejected, and entities that did not arrive, each with
 * the file that records it.
 */
export const FAILED = listOf({
  name: "failed",
  async *rows(source) {
    const { run: { snapshot, journals }, filter } = source;
    const allows = await matcher(source);
    for (const { path, reason, cause } of snapshot?.manifest.incomplete ?? []) {
      if (allows(path)) yield { what: path, reason, cause, file: "manifest.json" };
    }
    // A rejected file is about many guests, so no filter matches it.
    if (!filter.isEmpty) return;
    for (const { file, acknowledged, except } of journals) {
      for (const { file: what, errors = [] } of acknowledged) {
        for (const reason of errors) yield { what, reason, cause: undefined, file };
      }
      for (const [path, indices] of except) {
        for (const index of indices) {
          const what = `${path}:${index + FIRST_ENTITY_LINE}`;
          yield { what, reason: NOT_ARRIVED, cause: undefined, file };
        }
      }
    }
  },
  head: ["What", "Cause", "Error", "Source"],
  cells: ({ what, reason, cause, file }) => [what, cause ?? "", reason, file],
});

const NOT_ARRIVED = "NetBox was not seen to have it as it was sent";

/** Does the filter match an entity, or the guest or node of a record or an API path? */
type Matcher = (subject: EntityItem | string) => boolean;

async function matcher({ run, filter, inventory }: ListSource): Promise<Matcher> {
  if (filter.isEmpty) return () => true;
  const { guests } = await inventory();
  const nodes = new NodeNames(run.entities?.manifest.snapshots);
  const byKey = new Map(guests.map(({ key, row }) => [key, guestFacets(row)]));
  const byVmid = new Map(guests.map(({ row }) => [row.vmid, guestFacets(row)]));
  return (subject) =>
    filter.allows(
      typeof subject === "string"
        ? pathFacets(subject, byVmid)
        : entityFacets(subject, byKey, nodes),
    );
}

function guestFacets({ vmid, name, node, tags }: GuestRow): GuestFacets {
  return { vmid, name, node, tag: tags };
}

/** `guests`: by natural key. */
function entityFacets(
  { step, entity }: EntityItem,
  guests: ReadonlyMap<string | undefined, GuestFacets>,
  nodes: NodeNames,
): GuestFacets {
  const holder = machineOf(step, entity);
  if (step === "virtual-machine" || holder?.step === "virtual-machine") {
    return guests.get(naturalKey("virtual-machine", (holder?.ref ?? entity) as never)) ?? {};
  }
  const device = holder?.ref.name ?? (step === "device" ? entity.name : undefined);
  if (device === undefined) return { name: labelOf(step, entity) };
  return { name: device, node: [device, nodes.of(device)] };
}

/**
 * "vm/101/net1", "node/pve1/lo", or an API path: "/nodes/pve1/qemu/101/config?current=1".
 * `guests`: by VMID.
 */
function pathFacets(path: string, guests: ReadonlyMap<string, GuestFacets>): GuestFacets {
  const [, vmid = ""] = /(?:^vm|\/qemu|\/lxc)\/(\d+)(?:\/|$)/.exec(path) ?? [];
  const [, node] = /^(?:node|\/nodes)\/([^/]+)/.exec(path) ?? [];
  return guests.get(vmid) ?? (vmid === "" ? { node, name: node } : { vmid, node });
}
