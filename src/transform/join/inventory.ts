/** /cluster/resources → the guests of each node, each with its NetBox name or the reason it gets none. */
import type { Reason } from "../../entities/left-out.ts";
import type { GuestKind } from "../../snapshot/paths.ts";
import { RESOURCE_KEYS, type ResourceRow } from "../../snapshot/rows.ts";
import { compareCodeUnits } from "../../kernel/natural-order.ts";
import { MAX_NAME, NamePool } from "../parse/name.ts";
import { count, flag, text } from "../parse/scalar.ts";
import type { Policy } from "../policy.ts";
import type { Ledger, Subject } from "./ledger.ts";

/** A row of the listing, decided. */
export interface Guest {
  readonly row: ResourceRow;
  /** "vm/101". */
  readonly what: string;
  /** Absent for what is no guest, or has no VMID. */
  readonly id?: { readonly vmid: number; readonly kind: GuestKind };
  /** Its name in NetBox, or why it gets none. */
  readonly fate: { readonly name: string } | { readonly reason: Reason };
}

/** A guest that the answers can be looked up of. */
export type ListedGuest = Guest & Required<Pick<Guest, "id">>;

interface Listing {
  readonly policy: Policy;
  readonly ledger: Ledger;
  readonly subject: (what: string) => Subject;
}

/** Node → guests by VMID. Rows that name no node are left out at once. */
export function readGuests(
  rows: readonly Readonly<Record<string, unknown>>[],
  listing: Listing,
): Map<string, Guest[]> {
  const sorted = rows.map(pickKeys).sort((a, b) =>
    (count(a.vmid) ?? 0) - (count(b.vmid) ?? 0) ||
    compareCodeUnits(text(a.id) ?? "", text(b.id) ?? "")
  );
  const names = new NamePool();
  const byNode = new Map<string, Guest[]>();
  for (const row of sorted) {
    const node = text(row.node);
    if (node === undefined) {
      const { what, fate } = decide(row, new NamePool(), listing);
      const reason = "reason" in fate ? fate.reason : "unparsable";
      listing.ledger.leave(listing.subject(what), reason, {
        detail: "the listing gives it no node",
      });
      continue;
    }
    const guest = decide(row, names, listing);
    const others = byNode.get(node);
    if (others === undefined) byNode.set(node, [guest]);
    else others.push(guest);
  }
  return byNode;
}

function decide(row: ResourceRow, names: NamePool, listing: Listing): Guest {
  const vmid = count(row.vmid);
  const kind = text(row.type);
  const isGuest = kind === "qemu" || kind === "lxc";
  const what = isGuest && vmid !== undefined
    ? `vm/${vmid}`
    : `resource/${text(row.id) ?? text(row.name) ?? kind ?? "?"}`;
  const reason = reasonOf(row, listing.policy);
  if (reason !== undefined || vmid === undefined || !isGuest) {
    const fate = { reason: reason ?? "unparsable" } as const;
    return isGuest && vmid !== undefined
      ? { row, what, id: { vmid, kind }, fate }
      : { row, what, fate };
  }
  const given = text(row.name) ?? "";
  const name = names.take(given, vmid, MAX_NAME);
  const isCut = [...given].length > MAX_NAME;
  if (isCut) listing.ledger.note(listing.subject(what), "cut", `${given.slice(0, 100)}… → ${name}`);
  else if (name !== given) {
    listing.ledger.note(listing.subject(what), "renamed", `${given} → ${name}`);
  }
  return { row, what, id: { vmid, kind }, fate: { name } };
}

/** The first reason in the order of the closed list, if the guest is left out. */
function reasonOf(row: ResourceRow, policy: Policy): Reason | undefined {
  const node = text(row.node);
  if (node !== undefined && policy.nodes !== undefined && !policy.nodes.has(node)) {
    return "out-of-scope";
  }
  if (row.type !== "qemu" && row.type !== "lxc") return "other-type";
  if (count(row.vmid) === undefined) return "no-vmid";
  // A guest on a node that is away has neither name nor sizes. Source: proxmox.md §3.3.
  if (row.status === "unknown" && text(row.name) === undefined) return "unreachable";
  if (text(row.name) === undefined) return "no-name";
  return flag(row.template) === true ? "template" : undefined;
}

/** Telemetry goes: the listing of a large fleet stays in memory until its last node is done. */
function pickKeys(row: Readonly<Record<string, unknown>>): ResourceRow {
  const picked: Record<string, unknown> = {};
  for (const key of RESOURCE_KEYS) {
    if (row[key] !== undefined) picked[key] = row[key];
  }
  return picked;
}
