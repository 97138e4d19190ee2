/** Guests by status, platform and node, and the list of all guests. */
import { counted, groupDigits } from "../../../terminal/tables.ts";
import type { Guest, RunInventory } from "../../inventory.ts";
import { guestKey, type Topology } from "../topology.ts";
import { listHtml, type ReportList } from "../page/list.ts";
import { gibOf, type Html, lookUp, markup } from "../page/markup.ts";
import type { Chapter } from "../page/page.ts";
import { type Bar, barsHtml } from "../page/charts.ts";

/** Status of a guest that is left out. */
export const LEFT_OUT = "left out";

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

export function guestsChapter({ guests }: RunInventory, topology: Topology | undefined): Chapter {
  const list = guestList(guests, topology);
  const kinds = [
    ...Map.groupBy(guests, ({ row }) => lookUp(KINDS, row.kind ?? "") ?? "other guest"),
  ];
  const kindsText = kinds.map(([kind, own]) => counted(own.length, kind)).join(", ");
  return {
    id: "guests",
    title: "Guests",
    lead: guests.length === 0 ? "No guests." : `${kindsText}.`,
    body: guests.length === 0 ? markup`` : markup`<div class="charts">
${chart("By status", statusBars(guests, list.id))}
${
      chart(
        "By platform",
        topBars(guests, {
          id: list.id,
          column: "Platform",
          of: ({ row }) => row.platform,
        }),
      )
    }
${chart("By node", topBars(guests, { id: list.id, column: "Node", of: ({ row }) => row.node }))}
</div><h3>All guests</h3>${listHtml(list)}`,
    lists: guests.length === 0 ? [] : [list],
  };
}

const KINDS: Readonly<Record<string, string>> = { qemu: "virtual machine", lxc: "container" };

function chart(title: string, bars: readonly Bar[]): Html {
  return markup`<figure><figcaption>${title}</figcaption>${barsHtml(bars)}</figure>`;
}

function statusBars(guests: readonly Guest[], id: string): Bar[] {
  const byStatus = Map.groupBy(guests, statusOf);
  return Object.keys(STATUS_NOTES).flatMap((status) => {
    const { length = 0 } = byStatus.get(status) ?? [];
    if (length === 0) return [];
    return [{
      label: filterLink(id, "Status", status),
      parts: [{ mark: status, value: length }],
      figure: groupDigits(length),
      note: STATUS_NOTES[status],
    }];
  });
}

interface Split {
  readonly id: string;
  readonly column: string;
  readonly of: (guest: Guest) => string | undefined;
}

const MOST_BARS = 12;

/** The largest groups, each divided by status. */
function topBars(guests: readonly Guest[], { id, column, of }: Split): Bar[] {
  const groups = [...Map.groupBy(guests, (guest) => of(guest) ?? "")]
    .sort(([a, own], [b, other]) => other.length - own.length || (a < b ? -1 : 1));
  const shown = groups.slice(0, groups.length > MOST_BARS + 1 ? MOST_BARS : MOST_BARS + 1);
  const rest = groups.slice(shown.length);
  const bars = shown.map(([name, own]): Bar => ({
    label: filterLink(id, column, name),
    parts: partsOf(own),
    figure: groupDigits(own.length),
  }));
  if (rest.length === 0) return bars;
  const others = rest.reduce((sum, [, own]) => sum + own.length, 0);
  const label = `${groupDigits(rest.length)} others`;
  // No bar: it would dwarf the others.
  return [...bars, { label, parts: [], figure: groupDigits(others) }];
}

function partsOf(guests: readonly Guest[]): Bar["parts"] {
  const byStatus = Map.groupBy(guests, statusOf);
  return Object.keys(STATUS_NOTES).map((status) => {
    const { length = 0 } = byStatus.get(status) ?? [];
    return { mark: status, value: length, tip: `${groupDigits(length)} ${status}` };
  });
}

function filterLink(id: string, column: string, value: string): Html {
  return markup`<a href="#list-${id}" data-list="${id}" data-column="${column}" data-value="${value}">${
    value === "" ? "(none)" : value
  }</a>`;
}

function guestList(
  guests: readonly Guest[],
  topology: Topology | undefined,
): ReportList<Guest> {
  const networks = ({ row: { kind, vmid } }: Guest): string | undefined =>
    topology?.ofGuest.get(guestKey({ kind: kind as "qemu", vmid: Number(vmid) }))?.join(", ");
  const clusters = new Set(guests.flatMap(({ row }) => row.cluster ?? []));
  return {
    id: "guest-rows",
    things: "guests",
    rows: guests,
    columns: [
      { title: "VMID", kind: "number", cell: ({ row }) => row.vmid },
      { title: "Name", cell: ({ row }) => row.name },
      { title: "Status", kind: "status", isFilter: true, cell: statusOf },
      { title: "Kind", isFilter: true, cell: ({ row }) => row.kind },
      { title: "Node", isFilter: true, cell: ({ row }) => row.node },
      ...(clusters.size > 1
        ? [{ title: "Cluster", isFilter: true, cell: ({ row }: Guest) => row.cluster }]
        : []),
      { title: "Platform", isFilter: true, cell: ({ row }) => row.platform },
      { title: "vCPUs", kind: "number", cell: ({ row }) => row.vcpus },
      {
        title: "Memory, GiB",
        kind: "number",
        cell: ({ row: { memory_mib: mib } }) => mib === undefined ? undefined : gibOf(mib),
      },
      {
        title: "Disks, GiB",
        kind: "number",
        cell: ({ row, diskMib }) => row.disks === 0 ? undefined : gibOf(diskMib),
      },
      ...(topology === undefined ? [] : [{ title: "Networks", cell: networks }]),
      {
        title: "Addresses",
        kind: "code",
        cell: ({ addresses }) => addresses.join(" "),
      },
      { title: "Tags", cell: ({ row }) => row.tags.join(", ") },
      { title: "Left out", isFilter: true, cell: ({ row }) => row.left_out },
    ],
  };
}
