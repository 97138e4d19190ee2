/** Guests by status, platform and node, and the list of all guests. */
import { counted } from "../../../terminal/tables.ts";
import { lookUp } from "../../../transform/mapping/values.ts";
import type { Guest, RunInventory } from "../../inventory.ts";
import { type Bar, barsHtml, columnBars } from "../page/charts.ts";
import { gibOf, type Html, markup } from "../page/markup.ts";
import { type Chapter, type ReportList, reportList } from "../page/page.ts";
import { guestKey, type Topology } from "../topology.ts";

/** Status of a guest that is left out. */
const LEFT_OUT = "left out";

export function statusOf({ row }: Guest): string {
  return row.status ?? LEFT_OUT;
}

/** TABLE: NetBox statuses and their meaning in Proxmox VE, from the mapping document. */
export const STATUS_NOTES: Readonly<Record<string, string>> = {
  active: "running",
  offline: "stopped",
  staged: "any other status",
  [LEFT_OUT]: "a template, or not mapped; see the reason in the list",
};

/** Platforms or nodes in a chart. */
const MOST_BARS = 12;

const KINDS: Readonly<Record<string, string>> = { qemu: "virtual machine", lxc: "container" };

export function guestsChapter({ guests }: RunInventory, topology: Topology | undefined): Chapter {
  const list = guestList(guests, topology);
  const kinds = Map.groupBy(guests, ({ row }) => lookUp(KINDS, row.kind ?? "") ?? "other guest");
  const statuses = Object.keys(STATUS_NOTES);
  const split = { most: MOST_BARS, statuses };
  return {
    id: "guests",
    title: "Guests",
    lead: guests.length === 0
      ? "No guests."
      : `${[...kinds].map(([kind, own]) => counted(own.length, kind)).join(", ")}.`,
    body: [
      guests.length > 0 && markup`<div class="charts">
${chart("By status", columnBars(list, "Status", { notes: STATUS_NOTES, statuses }))}
${chart("By platform", columnBars(list, "Platform", split))}
${chart("By node", columnBars(list, "Node", split))}
</div>`,
      list,
    ],
  };
}

function chart(title: string, bars: readonly Bar[]): Html {
  return markup`<figure><figcaption>${title}</figcaption>${barsHtml(bars)}</figure>`;
}

function guestList(guests: readonly Guest[], topology: Topology | undefined): ReportList {
  const networks = ({ row: { kind, vmid } }: Guest): string | undefined =>
    topology?.ofGuest.get(guestKey({ kind, vmid }))?.join(", ");
  const clusters = new Set(guests.flatMap(({ row }) => row.cluster ?? []));
  return reportList({ id: "guest-rows", heading: "All guests", things: "guests" }, guests, [
    { title: "VMID", kind: "number", cell: ({ row }) => row.vmid },
    { title: "Name", cell: ({ row }) => row.name },
    { title: "Status", kind: "status", isFilter: true, cell: statusOf },
    { title: "Kind", isFilter: true, cell: ({ row }) => row.kind },
    { title: "Node", isFilter: true, cell: ({ row }) => row.node },
    clusters.size > 1 && { title: "Cluster", isFilter: true, cell: ({ row }) => row.cluster },
    { title: "Platform", isFilter: true, cell: ({ row }) => row.platform },
    { title: "vCPUs", kind: "number", cell: ({ row }) => row.vcpus },
    {
      title: "Memory, GiB",
      kind: "number",
      cell: ({ row }) => row.memory_mib && gibOf(row.memory_mib),
    },
    {
      title: "Disks, GiB",
      kind: "number",
      cell: ({ row, diskMib }) => row.disks === 0 ? undefined : gibOf(diskMib),
    },
    topology !== undefined && { title: "Networks", cell: networks },
    { title: "Addresses", kind: "code", cell: ({ addresses }) => addresses.join(" ") },
    { title: "Tags", cell: ({ row }) => row.tags.join(", ") },
    { title: "Left out", isFilter: true, cell: ({ row }) => row.left_out },
  ]);
}
