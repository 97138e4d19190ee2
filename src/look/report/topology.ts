/** The networks of a snapshot: interfaces and guest NICs of each node, and the networks of each guest. */
import { compareNatural } from "../../base/natural-order.ts";
import { objectOf, type Reading, rowsOf, thenRead } from "../../proxmox/answers.ts";
import { PATHS } from "../../proxmox/endpoints.ts";
import { type AddressedGuest, addressedGuests, readListing } from "../../proxmox/listing.ts";
import { parentOf, portsOf, vlanIdOf } from "../../proxmox/node-interfaces.ts";
import {
  type DataRow,
  flag,
  integer,
  parsePropertyString,
  parseVlanId,
  text,
} from "../../proxmox/values.ts";
import type { AnswersFile, Snapshot } from "../../run-folder/snapshot.ts";
import { interfaceType } from "../../transform/mapping/values.ts";

export interface Topology {
  readonly nodes: readonly NodeWiring[];
  /** In natural order, VLANs first. */
  readonly networks: readonly string[];
  /** "qemu/101" → its networks. */
  readonly ofGuest: ReadonlyMap<string, readonly string[]>;
}

export interface NodeWiring {
  readonly node: string;
  /** Or why they are not known. */
  readonly ports: Reading<readonly NodePort[]>;
  readonly nics: readonly GuestNic[];
  /** Guests whose config was not read. */
  readonly unread: readonly AddressedGuest[];
}

/** An interface of a node. */
export interface NodePort {
  readonly name: string;
  /** As in NetBox: "virtual" is a VLAN or an alias, "other" mostly a physical port. */
  readonly type: "bridge" | "lag" | "virtual" | "other";
  readonly isActive: boolean;
  readonly vlanId: number | undefined;
  readonly addresses: readonly string[];
  /** "802.3ad", "MTU 9000", … */
  readonly facts: readonly string[];
  /** Names of the interfaces below it. */
  readonly over: readonly string[];
}

export interface GuestNic {
  readonly guest: AddressedGuest;
  readonly bridge: string | undefined;
  /** On the bridge: "VLAN 20", "untagged" or "trunk". */
  readonly title: string;
  /** On the node: "VLAN 20", "vmbr0" (untagged) or "vmbr0 trunk"; undefined without a bridge. */
  readonly network: string | undefined;
}

/** Memory holds the answers of one node at a time. @throws AppError "input". */
export async function readTopology(snapshot: Snapshot): Promise<Topology> {
  const keys = ["type", "vmid", "node", "name"];
  const listing = readListing(await snapshot.cluster(), keys);
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
    networks: networksOf(nics).sort(byKindAndName),
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
): NodeWiring {
  const rows = rowsOf(file?.get(PATHS.network(node)));
  const configs = guests.map((guest) => ({
    guest,
    config: objectOf(file?.get(PATHS.config(guest))),
  }));
  return {
    node,
    ports: thenRead(rows, (value) => ({ value: value.flatMap(portOf) })),
    nics: configs.flatMap(({ guest, config }) =>
      "value" in config ? nicsOf(guest, config.value) : []
    ),
    unread: configs.flatMap(({ guest, config }) => "value" in config ? [] : [guest]),
  };
}

function portOf(row: DataRow): NodePort[] {
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
    type: interfaceType(text(row["type"]) ?? ""),
    isActive: flag(row["active"]) ?? false,
    vlanId: vlanIdOf(row),
    addresses: [row["cidr"], row["cidr6"]].flatMap((cidr) => text(cidr) ?? []),
    facts: facts.filter((fact) => fact !== undefined),
    over: [...new Set([...lower, parentOf(row) ?? []].flat())],
  }];
}

/** A row has some of these keys, depending on its type. Source: PVE/INotify.pm. */
const LOWER_KEYS = ["bridge_ports", "slaves", "ovs_ports", "ovs_bonds"] as const;

function nicsOf(guest: AddressedGuest, config: DataRow): GuestNic[] {
  return Object.entries(config).flatMap(([key, value]) => {
    const pairs = /^net\d+$/.test(key)
      ? parsePropertyString(text(value) ?? "", "model")
      : undefined;
    return pairs === undefined ? [] : [{ guest, ...networkIn(pairs) }];
  });
}

function networkIn(pairs: ReadonlyMap<string, string>): Omit<GuestNic, "guest"> {
  const bridge = pairs.get("bridge") || undefined;
  const vlanId = parseVlanId(integer(pairs.get("tag") ?? ""));
  if (vlanId !== undefined) return { bridge, title: `VLAN ${vlanId}`, network: `VLAN ${vlanId}` };
  if (bridge === undefined) return { bridge, title: "on no bridge", network: undefined };
  return pairs.get("trunks")
    ? { bridge, title: "trunk", network: `${bridge} trunk` }
    : { bridge, title: "untagged", network: bridge };
}
