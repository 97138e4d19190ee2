/** A node → the answer of /nodes/{node}/network. */
import { createRandom, type Random } from "../random.ts";
import { NODE_NETWORKS, placeOf, type Site, type SiteNode } from "./site.ts";

export type InterfaceRow = Record<string, unknown>;

/** No address. */
export const MANUAL = { families: ["inet"], method: "manual", method6: "manual" } as const;

/** Since PVE 9 with the alternative names of the kernel. */
export function nic(of: { node: SiteNode; random: Random }, iface: string): InterfaceRow {
  return {
    ...MANUAL,
    iface,
    type: "eth",
    active: 1,
    exists: 1,
    altnames: of.node.release.major >= 9 ? [`enx${of.random.hex(12)}`] : undefined,
  };
}

export function bond(iface: string, slaves: string): InterfaceRow {
  return {
    ...MANUAL,
    iface,
    type: "bond",
    active: 1,
    autostart: 1,
    bond_miimon: "100",
    bond_mode: "802.3ad",
    bond_xmit_hash_policy: "layer3+4",
    slaves,
  };
}

export function bridge(iface: string, ports: string): InterfaceRow {
  return {
    ...MANUAL,
    iface,
    type: "bridge",
    active: 1,
    autostart: 1,
    bridge_fd: "0",
    bridge_ports: ports,
    bridge_stp: "off",
  };
}

export function vlan(iface: string, raw: { device: string; id: string }): InterfaceRow {
  return {
    ...MANUAL,
    iface,
    type: "vlan",
    active: 1,
    autostart: 1,
    exists: null,
    "vlan-id": raw.id,
    "vlan-raw-device": raw.device,
  };
}

interface Port {
  readonly node: SiteNode;
  readonly random: Random;
  /** Static addresses of the node on one of its networks. */
  address(network: keyof typeof NODE_NETWORKS): InterfaceRow;
}

/** Source: PVE/API2/Network.pm; PVE/INotify.pm, __read_etc_network_interfaces. Numbers there are strings. */
export function networkRows(site: Site, node: SiteNode): InterfaceRow[] {
  const random = createRandom(site.seed, `network/${node.number}`);
  const port: Port = { node, random, address: (network) => staticAddress(site, { node, network }) };
  const inFile = [
    ...(random.chance(0.06) ? ovsRows(port) : linuxRows(port)),
    ...secondBond(port),
    hostOnlyBridge(),
    ...oddRows(port),
  ];
  // Order in the file; NICs that are not in the file have none.
  return [...inFile.map((row, line) => ({ priority: line + 3, ...row })), ...spareNics(port)];
}

/** The management address, which /cluster/status shows, too. */
export function managementAddress(site: Site, node: SiteNode): string {
  return placeOf(site.addressing, { octet: NODE_NETWORKS.management, host: node.number }).ipv4;
}

function staticAddress(
  site: Site,
  at: { node: SiteNode; network: keyof typeof NODE_NETWORKS },
): InterfaceRow {
  const place = placeOf(site.addressing, {
    octet: NODE_NETWORKS[at.network],
    host: at.node.number,
  });
  const ipv4 = {
    method: "static",
    families: ["inet"],
    address: place.ipv4,
    netmask: String(place.prefix),
    cidr: `${place.ipv4}/${place.prefix}`,
  };
  if (at.network !== "management") return ipv4;
  const gateway = { ...ipv4, gateway: place.gateway };
  if (at.node.number % 3 === 0) return gateway;
  return {
    ...gateway,
    method6: "static",
    families: ["inet", "inet6"],
    address6: place.ipv6,
    netmask6: "64",
    cidr6: `${place.ipv6}/64`,
    gateway6: place.gateway6,
  };
}

/** Most nodes: two NICs in a bond, a VLAN-aware bridge on it, two VLANs. */
function linuxRows(port: Port): InterfaceRow[] {
  const { random } = port;
  const isBonded = random.chance(0.85);
  const uplink = isBonded ? "bond0" : "eno1np0";
  const isAware = random.chance(0.75);
  return [
    nic(port, "eno1np0"),
    nic(port, "eno2np1"),
    ...(isBonded ? [bond("bond0", "eno1np0 eno2np1")] : []),
    {
      ...bridge("vmbr0", uplink),
      ...port.address("management"),
      ...(isAware ? { bridge_vlan_aware: 1, bridge_vids: "2-4094" } : {}),
      comments: random.chance(0.3) ? "Verwaltung – nicht ändern\n" : undefined,
    },
    { ...vlan("vmbr0.20", { device: "vmbr0", id: "20" }), ...port.address("storage"), mtu: "9000" },
    { ...vlan("vlan30", { device: uplink, id: "30" }), ...port.address("migration") },
    ...(random.chance(0.2)
      ? [vlan(`${uplink}.40`, { device: uplink, id: "40" }), bridge("vmbr40", `${uplink}.40`)]
      : []),
  ];
}

/** Open vSwitch: the addresses are on internal ports. */
function ovsRows(port: Port): InterfaceRow[] {
  const shared = { ...MANUAL, active: 1, autostart: 1, exists: null };
  const inside = { ...shared, type: "OVSIntPort", ovs_type: "OVSIntPort", ovs_bridge: "vmbr0" };
  return [
    nic(port, "eno1np0"),
    nic(port, "eno2np1"),
    {
      ...shared,
      iface: "bond0",
      type: "OVSBond",
      ovs_type: "OVSBond",
      ovs_bridge: "vmbr0",
      ovs_bonds: "eno1np0 eno2np1",
      bond_mode: "balance-slb",
    },
    {
      ...shared,
      iface: "vmbr0",
      type: "OVSBridge",
      ovs_type: "OVSBridge",
      ovs_ports: "bond0 mgmt stor0",
    },
    { ...inside, iface: "mgmt", ...port.address("management") },
    { ...inside, iface: "stor0", ovs_tag: "20", ...port.address("storage"), mtu: "9000" },
  ];
}

function secondBond(port: Port): InterfaceRow[] {
  const ports = "enp65s0f0np0 enp65s0f1np1";
  return [
    ...ports.split(" ").map((name) => ({ ...nic(port, name), mtu: "9000" })),
    { ...bond("bond1", ports), mtu: "9000" },
    { ...bridge("vmbr1", "bond1"), bridge_vlan_aware: 1, bridge_vids: "2-4094" },
  ];
}

/** The same address on every node, not routed: a duplicate on purpose. */
function hostOnlyBridge(): InterfaceRow {
  const address = {
    method: "static",
    address: "192.168.100.1",
    netmask: "24",
    cidr: "192.168.100.1/24",
  };
  return { ...bridge("vmbr9", ""), ...address, comments: "host only\n" };
}

/** An alias, a tunnel, a NIC with DHCP, a stanza without family, an address without mask. */
function oddRows(port: Port): InterfaceRow[] {
  const { node, random } = port;
  const host = `${node.number >> 8}.${node.number & 255}`;
  const manual = { ...MANUAL, active: 1 };
  const rows: InterfaceRow[] = [];
  if (random.chance(0.05)) {
    rows.push({ ...manual, iface: "vmbr1:1", type: "alias", ...port.address("tunnel") });
  }
  if (random.chance(0.04)) {
    const address = `10.254.${host}`;
    rows.push({
      ...manual,
      iface: "wg0",
      type: "unknown",
      method: "static",
      address,
      cidr: `${address}/32`,
    });
  }
  if (random.chance(0.15)) rows.push({ ...nic(port, `enx${random.hex(12)}`), method: "dhcp" });
  if (random.chance(0.03)) rows.push({ ...nic(port, "eno8"), families: [null], active: undefined });
  return rows;
}

function spareNics(port: Port): InterfaceRow[] {
  return ["eno3np2", "eno4np3"].slice(0, port.random.below(3)).map((name) => {
    const { iface, type, method, method6, families, altnames } = nic(port, name);
    return { iface, type, method, method6, families, altnames, exists: 1 };
  });
}
