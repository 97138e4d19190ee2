/** The networks of a snapshot: interfaces and guest NICs of each node, and the networks of each guest. */
import { compareNatural } from "../../base/natural-order.ts";
import { nicsOf } from "../../proxmox/nics.ts";
import { objectOf, rowsOf, thenRead } from "../../proxmox/answers.ts";
import { PATHS } from "../../proxmox/endpoints.ts";
import { type AddressedGuest, addressedGuests, readListing } from "../../proxmox/listing.ts";
import { parentOf, portsOf, vlanIdOf } from "../../proxmox/node-interfaces.ts";
import { readSdn, type Sdn, type Vnet, type Zone } from "../../proxmox/sdn.ts";
import { type DataRow, flag, splitList, text } from "../../proxmox/values.ts";
import type { AnswersFile, Snapshot } from "../../run-folder/snapshot.ts";
import { interfaceType } from "../../transform/mapping/values.ts";

export type Topology = Awaited<ReturnType<typeof readTopology>>;
export type NodeWiring = ReturnType<typeof nodeWiring>;
export type NodePort = ReturnType<typeof portOf>[number];
export type GuestNic = ReturnType<typeof guestNics>[number];
export type SdnRow = ReturnType<typeof sdnRows>[number];

/** Memory holds the answers of one node at a time. @throws AppError "input". */
export async function readTopology(snapshot: Snapshot) {
  const answers = await snapshot.cluster();
  const sdn = readSdn(answers);
  const listing = readListing(answers, ["type", "vmid", "node", "name"]);
  const guests = new Map(
    addressedGuests(listing.resources).map((guest) => [guestKey(guest), guest]),
  );
  const byNode = Map.groupBy(guests.values(), ({ node }) => node);
  const names = new Set([...listing.nodes.keys(), ...snapshot.nodes, ...byNode.keys()]);
  const nodes: NodeWiring[] = [];
  for (const node of [...names].sort(compareNatural)) {
    const listed = (byNode.get(node) ?? []).toSorted((a, b) => a.vmid - b.vmid);
    nodes.push(nodeWiring(node, { guests: listed, file: await snapshot.node(node), sdn }));
  }
  const nics = nodes.flatMap((node) => node.nics);
  const byGuest = Map.groupBy(nics, ({ guest }) => guestKey(guest));
  return {
    nodes,
    /** Zone by zone, every VNet. */
    sdn: sdn === undefined ? [] : sdnRows(sdn, nics),
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
  { guests, file, sdn }: {
    readonly guests: readonly AddressedGuest[];
    readonly file: AnswersFile | undefined;
    readonly sdn: Sdn | undefined;
  },
) {
  const rows = rowsOf(file?.get(PATHS.network(node)));
  const configs = guests.map((guest) => ({
    guest,
    config: objectOf(file?.get(PATHS.config(guest))),
  }));
  const nics = configs.flatMap(({ guest, config }) =>
    "value" in config ? guestNics(guest, config.value, sdn) : []
  );
  const used = [...new Set(nics.flatMap(({ vnet }) => vnet ?? []))];
  return {
    node,
    /** Those that NICs are on. */
    vnets: used.map(vnetPort),
    /** Or why they are not known. */
    ports: thenRead(rows, (value) => ({ value: value.flatMap(portOf) })),
    nics,
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
    flag(row["bridge_vlan_aware"]) === true ? vlanAware(text(row["bridge_vids"])) : undefined,
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

/** "VLAN aware: 2, 5-7"; without a list, or with that of Proxmox VE, it passes all VLANs. */
function vlanAware(vids: string | undefined): string {
  const isAll = vids === undefined || vids === "2-4094";
  return isAll ? "VLAN aware" : `VLAN aware: ${listed(vids)}`;
}

/** "2;5-7" and "2 5-7" → "2, 5-7" */
function listed(vids: string): string {
  return splitList(vids).join(", ");
}

function guestNics(guest: AddressedGuest, config: DataRow, sdn: Sdn | undefined) {
  return nicsOf(guest.kind, config).map(({ net: { bridge, trunks, vlanId } }) => {
    const vnet = bridge === undefined ? undefined : sdn?.vnets.get(bridge);
    const own = vlanId === undefined ? undefined : `VLAN ${vlanId}`;
    const trunk = trunks ? `trunk ${listed(trunks)}` : undefined;
    const titles = [own, trunk].filter((title) => title !== undefined).join(", ");
    return {
      guest,
      bridge,
      vnet,
      /** On its bridge or VNet: "VLAN 20, trunk 30-39". */
      title: titles || (bridge === undefined ? "on no bridge" : "untagged"),
      network: networkOf({ bridge, own, isTrunk: Boolean(trunks), vnet }),
    };
  });
}

/**
 * On its node: "VLAN 20", "vmbr0" (untagged) or "vmbr0 trunk"; undefined without a bridge. A VNet in a VLAN is that VLAN,
 * and what a NIC sends in VLANs of another VNet stays in the VNet.
 */
function networkOf(
  { bridge, own, isTrunk, vnet }: {
    readonly bridge: string | undefined;
    readonly own: string | undefined;
    readonly isTrunk: boolean;
    readonly vnet: Vnet | undefined;
  },
): string | undefined {
  if (vnet?.kind === "vlan" && vnet.vlanId !== undefined) return `VLAN ${vnet.vlanId}`;
  if (vnet !== undefined && vnet.kind !== undefined && vnet.kind !== "simple") return vnet.name;
  return own ?? (bridge !== undefined && isTrunk ? `${bridge} trunk` : bridge);
}

/** A VNet as a bridge of the node. */
function vnetPort(vnet: Vnet): NodePort {
  const { zone, zoneName } = vnet;
  return {
    name: vnet.name,
    type: "bridge",
    isActive: true,
    vlanId: undefined,
    addresses: vnet.alias === undefined ? [] : [vnet.alias],
    facts: [
      ...tagsOf(vnet),
      zone === undefined ? `zone ${zoneName} not listed` : `${zone.type} zone ${zoneName}`,
    ],
    over: zone?.bridge === undefined ? [] : [zone.bridge],
  };
}

/** ["VLAN 10 in 200"] of a QinQ zone. */
function tagsOf({ kind, vlanId, vni, zone }: Vnet): string[] {
  if (vni !== undefined) return [`VNI ${vni}`];
  const outer = kind === "qinq" ? zone?.serviceVlanId : undefined;
  if (outer === undefined) return vlanId === undefined ? [] : [`VLAN ${vlanId}`];
  return vlanId === undefined ? [`VLAN ${outer}`] : [`VLAN ${vlanId} in ${outer}`];
}

/** A zone without VNets is a row, too. */
function sdnRows({ zones, vnets }: Sdn, nics: readonly GuestNic[]) {
  const guests = Map.groupBy(nics, ({ vnet }) => vnet?.name);
  const known = [...vnets.values()].map((vnet) => ({
    zone: vnet.zoneName,
    type: vnet.zone?.type,
    vnet: vnet.name,
    tag: tagsOf(vnet).join(", "),
    isVlanAware: vnet.isVlanAware,
    alias: vnet.alias,
    subnets: vnet.subnets.map(({ cidr }) => cidr),
    guests: new Set(guests.get(vnet.name)?.map(({ guest }) => guestKey(guest))).size,
  }));
  const bare = [...zones.values()].filter((zone: Zone) =>
    !known.some((row) => row.zone === zone.name)
  ).map(({ name, type }) => ({
    zone: name,
    type,
    vnet: undefined,
    tag: "",
    isVlanAware: false,
    alias: undefined,
    subnets: [],
    guests: 0,
  }));
  return [...known, ...bare].sort((a, b) =>
    compareNatural(a.zone, b.zone) || compareNatural(a.vnet ?? "", b.vnet ?? "")
  );
}
