/** /cluster/resources → the guests of each node, each with its NetBox name or the reason it gets none. */
import { compareCodeUnits } from "../base/natural-order.ts";
import { isLonger, MAX_NAME, NamePool } from "../netbox/names.ts";
import type { GuestKind } from "../proxmox/endpoints.ts";
import { readGuestRow, rowName, unmappedReason } from "../proxmox/listing.ts";
import { RESOURCE_KEYS, type ResourceRow } from "../proxmox/rows.ts";
import { count, text } from "../proxmox/values.ts";
import type { Reason } from "../run-folder/left-out.ts";
import type { Ledger } from "./ledger.ts";
import type { Policy } from "./settings.ts";
import type { Subject } from "./sources.ts";

/** A row of the listing with its name in NetBox, or why it gets none. Kept small: a fleet has many. */
export interface Entry {
  readonly row: ResourceRow;
  readonly fate: string | { readonly reason: Reason };
}

/** A guest on its way: an entry, opened when its node's turn comes. */
export interface Guest extends Entry {
  /** "vm/101". */
  readonly what: string;
  /** Absent for what is no guest, or has no VMID. */
  readonly id?: { readonly vmid: number; readonly kind: GuestKind };
}

/** A guest that the answers can be looked up of. */
export type IdentifiedGuest = Guest & Required<Pick<Guest, "id">>;

interface Listing {
  readonly policy: Policy;
  readonly ledger: Ledger;
  readonly subject: (what: string) => Subject;
}

/** Node → entries by VMID. Rows that name no node are left out at once. */
export function readEntries(
  rows: readonly Readonly<Record<string, unknown>>[],
  listing: Listing,
): Map<string, Entry[]> {
  const sorted = rows.map(pickKeys).sort((a, b) =>
    (count(a.vmid) ?? 0) - (count(b.vmid) ?? 0) ||
    compareCodeUnits(text(a.id) ?? "", text(b.id) ?? "") ||
    compareCodeUnits(text(a.name) ?? "", text(b.name) ?? "")
  );
  const names = new NamePool();
  const byNode = new Map<string, Entry[]>();
  for (const row of sorted) {
    const reason = reasonOf(row, listing.policy);
    const node = text(row.node);
    if (node === undefined) {
      const remark = { detail: "the listing gives it no node" };
      listing.ledger.leave(listing.subject(rowName(row)), reason ?? "unparsable", remark);
      continue;
    }
    const fate = fateOf(row, reason, { names, listing });
    const others = byNode.get(node);
    if (others === undefined) byNode.set(node, [{ row, fate }]);
    else others.push({ row, fate });
  }
  return byNode;
}

export function openGuest(entry: Entry): Guest {
  const what = rowName(entry.row);
  const guest = readGuestRow(entry.row);
  return typeof guest === "string"
    ? { ...entry, what }
    : { ...entry, what, id: { vmid: guest.vmid, kind: guest.kind } };
}

/** A guest out of scope takes its name too: in a narrower scope the others are called the same. */
function fateOf(
  row: ResourceRow,
  reason: Reason | undefined,
  { names, listing }: { readonly names: NamePool; readonly listing: Listing },
): Entry["fate"] {
  const isNamed = reason === undefined ||
    (reason === "out-of-scope" && unmappedReason(row) === undefined);
  if (!isNamed) return { reason };
  const given = text(row.name) ?? "";
  const name = names.take(given, count(row.vmid) ?? "", MAX_NAME);
  if (reason !== undefined) return { reason };
  if (name === given) return name;
  const isCut = isLonger(given, MAX_NAME);
  const detail = isCut ? `${given.slice(0, 100)}… → ${name}` : `${given} → ${name}`;
  listing.ledger.note(listing.subject(rowName(row)), isCut ? "cut" : "renamed", detail);
  return name;
}

/** The first reason in the order of the closed list, if the guest is left out. */
function reasonOf(row: ResourceRow, policy: Policy): Reason | undefined {
  const node = text(row.node);
  if (node !== undefined && policy.nodes !== undefined && !policy.nodes.has(node)) {
    return "out-of-scope";
  }
  return unmappedReason(row);
}

/** Telemetry goes: the listing of a large fleet stays in memory until its last node is done. */
function pickKeys(row: Readonly<Record<string, unknown>>): ResourceRow {
  const picked: Record<string, unknown> = {};
  for (const key of RESOURCE_KEYS) {
    if (row[key] !== undefined) picked[key] = row[key];
  }
  return picked;
}
