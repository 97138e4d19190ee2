/** The networks of a snapshot: interfaces and guest NICs of each node, and the networks of each guest. */
import { compareNatural } from "../../base/natural-order.ts";
import { objectOf, type Reading, rowsOf, thenRead } from "../../proxmox/answers.ts";
import { PATHS } from "../../proxmox/endpoints.ts";
import { type AddressedGuest, addressedGuests, readListing } from "../../proxmox/listing.ts";
import { parentOf, portsOf, vlanIdOf } from "../../proxmox/node-interfaces.ts";
import { flag, integer, parsePropertyString, parseVlanId, text } from "../../proxmox/values.ts";
import type { AnswersFile, Snapshot } from "../../run-folder/snapshot.ts";
import { interfaceType } from "../../transform/mapping/values.ts";

export interface Topology {
  readonly nodes: readonly NodeWiring[];
  /** In natural order, VLANs first. */
  readonly networks: readonly string[];
  /** "qemu/101" → its networks. */
  readonly ofGuest: ReadonlyMap<string, readonly string[]>;
}

/** Memory holds the answers of one node at a time. @throws AppError "input". */
export async function readTopology(snapshot: Snapshot): Promise<Topology> {
  const listing = readListing(await snapshot.cluster());
  const listedGuests = addressedGuests(listing.resources);
  const byKey = new Map(listedGuests.map((guest) => [guestKey(guest), guest]));
  const guests = Map.groupBy(byKey.values(), ({ node }) => node);
  const names = [...new Set([...listing.nodes.keys(), ...snapshot.nodes, ...guests.keys()])]
    .sort(compareNatural);
  const nodes: NodeWiring[] = [];
  for (const node of names) {
    const listed = (guests.get(node) ?? []).toSorted((a, b) => a.vmid - b.vmid);
    nodes.push(nodeWiring({ node, guests: listed }, await snapshot.node(node)));
  }
  const nics = nodes.flatMap((node) => node.nics);
  const networks = new Set(nics.flatMap((nic) => networkNameOf(nic) ?? []));
  return {
    nodes,
    networks: [...networks].sort(byKindAndName),
    ofGuest: new Map(
      [...Map.groupBy(nics, ({ guest }) => guestKey(guest))].map(([key, own]) => [
        key,
        [...new Set(own.flatMap((nic) => networkNameOf(nic) ?? []))],
      ]),
    ),
  };
}

export function guestKey({ kind, vmid }: Pick<AddressedGuest, "kind" | "vmid">): string {
  return `${kind}/${vmid}`;
}

/** "VLAN 20", "vmbr0" (untagged) or "vmbr0 trunk"; undefined for a NIC without a bridge. */
export function networkNameOf({ bridge, vlanId, trunks }: GuestNic): string | undefined {
  if (vlanId !== undefined) return `VLAN ${vlanId}`;
  if (bridge === undefined || bridge === "") return undefined;
  return trunks === undefined || trunks === "" ? bridge : `${bridge} trunk`;
}

function byKindAndName(a: string, b: string): number {
  const [isVlanA, isVlanB] = [a.startsWith("VLAN "), b.startsWith("VLAN ")];
  return Number(isVlanB) - Number(isVlanA) || compareNatural(a, b);
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
  /** "net0" */
  readonly key: string;
  readonly bridge: string | undefined;
  readonly vlanId: number | undefined;
  /** "10;20;40-42" */
  readonly trunks: string | undefined;
}

export interface NodeWiring {
  readonly node: string;
  /** Or why they are not known. */
  readonly ports: Reading<readonly NodePort[]>;
  readonly nics: readonly GuestNic[];
  /** Guests whose config was not read. */
  readonly unread: readonly AddressedGuest[];
}

interface Listed {
  readonly node: string;
  readonly guests: readonly AddressedGuest[];
}

export function nodeWiring({ node, guests }: Listed, file: AnswersFile | undefined): NodeWiring {
  const configs = guests.map((guest) => ({
    guest,
    config: objectOf(file?.get(PATHS.config(guest))),
  }));
  return {
    node,
    ports: thenRead(
      rowsOf(file?.get(PATHS.network(node))),
      (rows) => ({ value: rows.flatMap(portOf) }),
    ),
    nics: configs.flatMap(({ guest, config }) =>
      "value" in config ? nicsOf(guest, config.value) : []
    ),
    unread: configs.flatMap(({ guest, config }) => "value" in config ? [] : [guest]),
  };
}

type Row = Readonly<Record<string, unknown>>;

function portOf(row: Row): NodePort[] {
  const name = text(row["iface"]);
  if (name === undefined) return [];
  const mtu = text(row["mtu"]);
  const facts = [
    text(row["bond_mode"]),
    flag(row["bridge_vlan_aware"]) === true ? "VLAN aware" : undefined,
    mtu === undefined ? undefined : `MTU ${mtu}`,
  ];
  return [{
    name,
    type: interfaceType(text(row["type"]) ?? ""),
    isActive: flag(row["active"]) ?? false,
    vlanId: vlanIdOf(row),
    addresses: [row["cidr"], row["cidr6"]].flatMap((cidr) => text(cidr) ?? []),
    facts: facts.filter((fact) => fact !== undefined),
    over: overOf(row),
  }];
}

/** A row has some of these keys, depending on its type. Source: PVE/INotify.pm. */
const LOWER_KEYS = ["bridge_ports", "slaves", "ovs_ports", "ovs_bonds"] as const;

function overOf(row: Row): string[] {
  const parent = parentOf(row);
  const lower = LOWER_KEYS.flatMap((key) => portsOf(row[key]));
  return [...new Set([...lower, ...(parent === undefined ? [] : [parent])])];
}

function nicsOf(guest: AddressedGuest, config: Row): GuestNic[] {
  return Object.entries(config).flatMap(([key, value]) => {
    if (!/^net\d+$/.test(key)) return [];
    const pairs = parsePropertyString(text(value) ?? "", "model");
    if (pairs === undefined) return [];
    return [{
      guest,
      key,
      bridge: pairs.get("bridge"),
      vlanId: parseVlanId(integer(pairs.get("tag") ?? "")),
      trunks: pairs.get("trunks"),
    }];
  });
}
