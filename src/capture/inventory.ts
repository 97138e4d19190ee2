/** The listings → the nodes and guests that there are to ask about. */
import { compareNatural } from "../kernel/natural-order.ts";
import { type GuestAddress, nodeFile } from "../snapshot/paths.ts";
import { count, flag, records, text } from "../snapshot/scalar.ts";
import type { Answer } from "../snapshot/schema.ts";

export interface Guest extends GuestAddress {
  /** Known only while its node is. */
  readonly isTemplate: boolean;
  /** "running", "stopped", "unknown", … */
  readonly status: string;
}

export interface NodeGuests {
  readonly node: string;
  readonly isInScope: boolean;
  /** As the listing has it; whether the node answers is another question. */
  readonly isOnline: boolean;
  /** By VMID. */
  readonly guests: readonly Guest[];
}

export interface Inventory {
  /** In natural order: those that are listed, and those that a guest is said to be on. */
  readonly nodes: readonly NodeGuests[];
  /** What no question can be made of: names of nodes that are none. */
  readonly refused: readonly string[];
}

export interface Listings {
  readonly nodes: Answer;
  readonly resources: Answer;
  readonly clusterStatus: Answer;
}

/** `scope`: undefined for all nodes. */
export function readInventory(
  listings: Listings,
  scope: ReadonlySet<string> | undefined,
): Inventory {
  const nodeRows = rowsOf(listings.nodes);
  const guests = rowsOf(listings.resources).flatMap((row) => guestOf(row) ?? []);
  const members = rowsOf(listings.clusterStatus).filter(({ type }) => type === "node");
  const online = new Map([
    ...guests.map(({ node }) => [node, true] as const),
    ...members.map((row) => [text(row["name"]) ?? "", flag(row["online"]) ?? true] as const),
    ...nodeRows.map((row) => [text(row["node"]) ?? "", row["status"] !== "offline"] as const),
  ]);
  const byNode = Map.groupBy(guests, ({ node }) => node);
  const names = [...online.keys()].sort(compareNatural);
  const good = names.filter((node) => nodeFile(node) !== undefined);
  return {
    nodes: good.map((node) => ({
      node,
      isInScope: scope?.has(node) ?? true,
      isOnline: online.get(node) ?? true,
      guests: guestsOf(byNode.get(node) ?? []),
    })),
    refused: names.filter((node) => node !== "" && nodeFile(node) === undefined),
  };
}

type Row = Readonly<Record<string, unknown>>;

function rowsOf(answer: Answer): readonly Row[] {
  return "data" in answer ? records(answer.data) : [];
}

/** undefined for what has no config: a row of another type, or without a VMID. */
function guestOf(row: Row): Guest | undefined {
  const vmid = count(row["vmid"]);
  const kind = row["type"];
  const node = text(row["node"]);
  if (vmid === undefined || node === undefined || (kind !== "qemu" && kind !== "lxc")) {
    return undefined;
  }
  return {
    node,
    kind,
    vmid,
    isTemplate: flag(row["template"]) ?? false,
    status: text(row["status"]) ?? "unknown",
  };
}

/** Each once. */
function guestsOf(rows: readonly Guest[]): Guest[] {
  const unique = new Map(rows.map((guest) => [`${guest.kind}/${guest.vmid}`, guest]));
  return [...unique.values()].sort((a, b) => a.vmid - b.vmid || compareNatural(a.kind, b.kind));
}
