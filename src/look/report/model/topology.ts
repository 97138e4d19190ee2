/** A snapshot → which networks there are, on which nodes, and how many guests are in each. */
import { compareNatural } from "../../../base/natural-order.ts";
import type { Snapshot } from "../../../run-folder/snapshot.ts";
import { type ListedGuest, readOverview } from "../../diff/overview.ts";
import { type GuestNic, type NodeNetwork, nodeNetwork } from "./node-network.ts";

export interface Topology {
  readonly nodes: readonly NodeNetwork[];
  /** In natural order, VLANs first. */
  readonly networks: readonly string[];
  /** "qemu/101" → its networks. */
  readonly ofGuest: ReadonlyMap<string, readonly string[]>;
}

/** Memory holds the answers of one node at a time. @throws AppError "input". */
export async function readTopology(snapshot: Snapshot): Promise<Topology> {
  const overview = await readOverview(snapshot);
  const guests = Map.groupBy(overview.guests.values(), ({ node }) => node);
  const names = [...new Set([...overview.nodes.keys(), ...guests.keys()])].sort(compareNatural);
  const nodes: NodeNetwork[] = [];
  for (const node of names) {
    const listed = (guests.get(node) ?? []).toSorted((a, b) => a.vmid - b.vmid);
    nodes.push(nodeNetwork({ node, guests: listed }, await snapshot.node(node)));
  }
  const nics = nodes.flatMap((node) => node.nics);
  const networks = new Set(nics.flatMap((nic) => networkOf(nic) ?? []));
  return {
    nodes,
    networks: [...networks].sort(byKindAndName),
    ofGuest: new Map(
      [...Map.groupBy(nics, ({ guest }) => guestKey(guest))].map(([key, own]) => [
        key,
        [...new Set(own.flatMap((nic) => networkOf(nic) ?? []))],
      ]),
    ),
  };
}

export function guestKey({ kind, vmid }: Pick<ListedGuest, "kind" | "vmid">): string {
  return `${kind}/${vmid}`;
}

/** "VLAN 20"; "vmbr0" when it is untagged; "vmbr0 trunk". A NIC on no bridge is in no network. */
export function networkOf({ bridge, vlanId, trunks }: GuestNic): string | undefined {
  if (vlanId !== undefined) return `VLAN ${vlanId}`;
  if (bridge === undefined || bridge === "") return undefined;
  return trunks === undefined || trunks === "" ? bridge : `${bridge} trunk`;
}

function byKindAndName(a: string, b: string): number {
  const [isVlanA, isVlanB] = [a.startsWith("VLAN "), b.startsWith("VLAN ")];
  return Number(isVlanB) - Number(isVlanA) || compareNatural(a, b);
}
