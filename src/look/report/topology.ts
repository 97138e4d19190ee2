/** The networks of a snapshot: interfaces and guest NICs of each node, and the networks of each guest. */
import { compareNatural } from "../../base/natural-order.ts";
import { nicsOf } from "../../proxmox/nics.ts";
import { objectOf, rowsOf, thenRead } from "../../proxmox/answers.ts";
import { PATHS } from "../../proxmox/endpoints.ts";
import { type AddressedGuest, addressedGuests, readListing } from "../../proxmox/listing.ts";
import { parentOf, portsOf, vlanIdOf } from "../../proxmox/node-interfaces.ts";
import { type DataRow, flag, text } from "../../proxmox/values.ts";
import type { AnswersFile, Snapshot } from "../../run-folder/snapshot.ts";
import { interfaceType } from "../../transform/mapping/values.ts";

export type Topology = Awaited<ReturnType<typeof readTopology>>;
export type NodeWiring = ReturnType<typeof nodeWiring>;
export type NodePort = ReturnType<typeof portOf>[number];
export type GuestNic = ReturnType<typeof guestNics>[number];

/** Memory holds the answers of one node at a time. @throws AppError "input". */
export async function readTopology(snapshot: Snapshot) {
  const listing = readListing(await snapshot.cluster(), ["type", "vmid", "node", "name"]);
  const guests = new Map(
    addressedGuests(listing.resources).map((guest) => [guestKey(guest), guest]),
  );
  const byNode = Map.groupBy(guests.values(), ({ node }) => node);
  const names = new Set([...listing.nodes.keys(), ...snapshot.nodes, ...byNode.keys()]);
  const nodes: NodeWiring[] = [];
  for (const node of [...names].sort(compareNatural)) {
    const listed = (byNode.get(node) ?? []).toSorted((a, b) => a.vmid - b.vmid);
    nodes.push(nodeWiring(node, listed, await snapshot.node(node)));
  }
  const nics = nodes.flatMap((node) => node.nics);
  const byGuest = Map.groupBy(nics, ({ guest }) => guestKey(guest));
  return {
    nodes,
    /** In natural order, VLANs first. */
    networks: networksOf(nics).sort(byKindAndName),
    /** "qemu/101" → its networks. */
    ofGuest: new Map([...byGuest].map(([key, own]) => [key, networksOf(own)])),
  };
}

export function guestKey(
  { kind = "", vmid }: { readonly kind?: string | undefined; readonly vmid: string | number },
): string {
  return `${kind}/${vmid}`;
}

function networksOf(nics: readonly GuestNic[]): string[] {
  return [...new Set(nics.flatMap(({ network }) => network ?? []))];
}

function byKindAndName(a: string, b: string): number {
  const [isVlanA, isVlanB] = [a.startsWith("VLAN "), b.startsWith("VLAN ")];
  return Number(isVlanB) - Number(isVlanA) || compareNatural(a, b);
}

function nodeWiring(
  node: string,
  guests: readonly AddressedGuest[],
  file: AnswersFile | undefined,
) {
  const rows = rowsOf(file?.get(PATHS.network(node)));
  const configs = guests.map((guest) => ({
    guest,
    config: objectOf(file?.get(PATHS.config(guest))),
  }));
  return {
    node,
    /** Or why they are not known. */
    ports: thenRead(rows, (value) => ({ value: value.flatMap(portOf) })),
    nics: configs.flatMap(({ guest, config }) =>
      "value" in config ? guestNics(guest, config.value) : []
    ),
    /** Guests whose config was not read. */
    unread: configs.flatMap(({ guest, config }) => "value" in config ? [] : [guest]),
  };
}

/** A row has some of these keys, depending on its type. Source: PVE/INotify.pm. */
const LOWER_KEYS = ["bridge_ports", "slaves", "ovs_ports", "ovs_bonds"] as const;

/** An interface of a node. */
function portOf(row: DataRow) {
  const name = text(row["iface"]);
  if (name === undefined) return [];
  const mtu = text(row["mtu"]);
  const facts = [
    text(row["bond_mode"]),
    flag(row["bridge_vlan_aware"]) === true ? "VLAN aware" : undefined,
    mtu === undefined ? undefined : `MTU ${mtu}`,
  ];
  const lower = LOWER_KEYS.flatMap((key) => portsOf(row[key]));
  return [{
    name,
    /** As in NetBox: "virtual" is a VLAN or an alias, "other" mostly a physical port. */
    type: interfaceType(text(row["type"]) ?? ""),
    isActive: flag(row["active"]) ?? false,
    vlanId: vlanIdOf(row),
    addresses: [row["cidr"], row["cidr6"]].flatMap((cidr) => text(cidr) ?? []),
    /** "802.3ad", "MTU 9000", … */
    facts: facts.filter((fact) => fact !== undefined),
    /** Names of the interfaces below it. */
    over: [...new Set([...lower, parentOf(row) ?? []].flat())],
  }];
}

function guestNics(guest: AddressedGuest, config: DataRow) {
  return nicsOf(guest.kind, config).map(({ net: { bridge, trunks, vlanId } }) => {
    const vlan = vlanId === undefined ? undefined : `VLAN ${vlanId}`;
    return {
      guest,
      bridge,
      /** On its bridge. */
      title: vlan ?? (bridge === undefined ? "on no bridge" : trunks ? "trunk" : "untagged"),
      /** On its node: "VLAN 20", "vmbr0" (untagged) or "vmbr0 trunk"; undefined without a bridge. */
      network: vlan ?? (bridge !== undefined && trunks ? `${bridge} trunk` : bridge),
    };
  });
}
