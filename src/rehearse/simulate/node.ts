/** The answers about a simulated node: its row in the listing, its status and its network. */
import { createRandom, type Random } from "../random.ts";
import models from "./node-models.json" with { type: "json" };
import { NODE_NETWORKS, placeOf, type Site, type SiteNode } from "./site.ts";

type Row = Record<string, unknown>;

const GIB = 2 ** 30;
const ROOT_DISK = 100_861_726_720;

/** An offline node has only its name. Source: PVE/API2/Nodes.pm, index. */
export function nodeRow(site: Site, node: SiteNode): Row {
  const random = createRandom(site.seed, `node/${node.number}`);
  const row = {
    id: `node/${node.name}`,
    level: random.pick(["", "c", "b", "s"]),
    node: node.name,
    ssl_fingerprint: (random.hex(64).toUpperCase().match(/../g) ?? []).join(":"),
    status: node.online ? "online" : "offline",
    type: "node",
  };
  if (!node.online) return row;
  const maxmem = totalMemory(node);
  return {
    ...row,
    cpu: random.fraction(),
    disk: random.between(5, 60) * GIB,
    maxcpu: node.hardware.threads,
    maxdisk: ROOT_DISK,
    maxmem,
    mem: Math.floor(maxmem * random.fraction()),
    uptime: random.between(3600, 20_000_000),
  };
}

/** Kernel and firmware reserve a share, so totals are not round. */
function totalMemory(node: SiteNode): number {
  return node.hardware.memoryGib * GIB - 1_611_661_312 - node.number * 4096;
}

/** Source: PVE/API2/Nodes.pm, status; sizes in bytes. */
export function nodeStatusAnswer(site: Site, node: SiteNode): Row {
  const random = createRandom(site.seed, `status/${node.number}`);
  const { hardware, release } = node;
  const build = release.kernel.replace("-pve", "");
  const version = `#1 SMP PREEMPT_DYNAMIC PMX ${build} ${release.built}`;
  const { common, ...own } = models.flags;
  const flags = [...common, ...own[hardware.vendor as keyof typeof own]];
  return {
    "boot-info": random.chance(0.7)
      ? { mode: "efi", secureboot: random.below(2) }
      : { mode: "legacy-bios" },
    cpu: random.fraction(),
    cpuinfo: {
      cores: hardware.cores,
      cpus: hardware.threads,
      // Most of the bytes of the answer.
      flags: flags.join(" "),
      hvm: "1",
      mhz: `${random.between(800, 3600)}.${random.between(100, 999)}`,
      model: hardware.model,
      sockets: hardware.sockets,
      user_hz: 100,
    },
    "current-kernel": { machine: "x86_64", release: release.kernel, sysname: "Linux", version },
    idle: 0,
    ksm: { shared: random.below(4 * GIB) },
    kversion: `Linux ${release.kernel} ${version}`,
    loadavg: Array.from({ length: 3 }, () => `${random.below(40)}.${random.between(10, 99)}`),
    memory: memoryOf(node, random),
    pveversion: `pve-manager/${release.version}/${release.repoid}`,
    rootfs: rootfsOf(random),
    swap: { free: 8 * GIB, total: 8 * GIB, used: 0 },
    uptime: random.between(3600, 20_000_000),
    wait: random.chance(0.5) ? 0 : random.fraction() / 16,
  };
}

/** Since PVE 8.4, used and free do not add up to the total; `available` came with 9.0. */
function memoryOf(node: SiteNode, random: Random): Row {
  const total = totalMemory(node);
  const used = Math.floor(total * random.fraction());
  const free = Math.floor((total - used) * random.fraction());
  return { total, used, free, available: node.release.major >= 9 ? total - used : undefined };
}

function rootfsOf(random: Random): Row {
  const used = random.between(5, 60) * GIB;
  const free = ROOT_DISK - used;
  return { total: ROOT_DISK, used, free, avail: free - 5 * GIB };
}

/** The address on the management network, which /cluster/status shows, too. */
export function managementAddress(site: Site, node: SiteNode): string {
  return placeOf(site.addressing, { octet: NODE_NETWORKS.management, host: node.number }).ipv4;
}

/** No address. */
const MANUAL = { families: ["inet"], method: "manual", method6: "manual" } as const;

/** TABLE: type of an interface → keys that all of this type have. */
const TYPES = {
  alias: { active: 1 },
  bond: {
    active: 1,
    autostart: 1,
    bond_miimon: "100",
    bond_mode: "802.3ad",
    bond_xmit_hash_policy: "layer3+4",
  },
  bridge: { active: 1, autostart: 1, bridge_fd: "0", bridge_stp: "off" },
  eth: { active: 1, exists: 1 },
  OVSBond: { active: 1, autostart: 1, exists: null, ovs_type: "OVSBond" },
  OVSBridge: { active: 1, autostart: 1, exists: null, ovs_type: "OVSBridge" },
  OVSIntPort: { active: 1, autostart: 1, exists: null, ovs_type: "OVSIntPort" },
  unknown: { active: 1 },
  vlan: { active: 1, autostart: 1, exists: null },
} as const;

const VLAN_AWARE = { bridge_vlan_aware: 1, bridge_vids: "2-4094" } as const;

function row(type: keyof typeof TYPES, iface: string, own: Row): Row {
  return { ...MANUAL, iface, type, ...TYPES[type], ...own };
}

function vlan(iface: string, device: string, id: string): Row {
  return row("vlan", iface, { "vlan-id": id, "vlan-raw-device": device });
}

/** What the interfaces of one node are made with. */
interface Ports {
  readonly node: SiteNode;
  readonly random: Random;
  /** A NIC; since PVE 9 with the alternative names of the kernel. */
  nic(iface: string): Row;
  /** The static address of the node on one of its networks. */
  address(network: keyof typeof NODE_NETWORKS): Row;
}

/** Source: PVE/API2/Network.pm; PVE/INotify.pm, __read_etc_network_interfaces. Numbers there are strings. */
export function networkRows(site: Site, node: SiteNode): Row[] {
  const random = createRandom(site.seed, `network/${node.number}`);
  const hasAltnames = node.release.major >= 9;
  const ports: Ports = {
    node,
    random,
    nic: (iface) =>
      row("eth", iface, { altnames: hasAltnames ? [`enx${random.hex(12)}`] : undefined }),
    address: (network) => staticAddress(site, node, network),
  };
  const inFile = [
    ...(random.chance(0.06) ? ovsRows(ports) : linuxRows(ports)),
    ...secondBond(ports),
    // The same address on every node, not routed: a duplicate on purpose.
    row("bridge", "vmbr9", {
      ...ipv4Of("192.168.100.1", 24),
      bridge_ports: "",
      comments: "host only\n",
    }),
    ...oddRows(ports),
  ];
  // Order in the file; NICs that are not in the file have none.
  return [...inFile.map((each, line) => ({ priority: line + 3, ...each })), ...spareNics(ports)];
}

function ipv4Of(address: string, prefix: number): Row {
  return { method: "static", address, netmask: String(prefix), cidr: `${address}/${prefix}` };
}

function staticAddress(site: Site, node: SiteNode, network: keyof typeof NODE_NETWORKS): Row {
  const place = placeOf(site.addressing, { octet: NODE_NETWORKS[network], host: node.number });
  const ipv4 = ipv4Of(place.ipv4, place.prefix);
  if (network !== "management") return ipv4;
  if (node.number % 3 === 0) return { ...ipv4, gateway: place.gateway };
  return {
    ...ipv4,
    gateway: place.gateway,
    method6: "static",
    families: ["inet", "inet6"],
    address6: place.ipv6,
    netmask6: "64",
    cidr6: `${place.ipv6}/64`,
    gateway6: place.gateway6,
  };
}

/** Most nodes: two NICs in a bond, a VLAN-aware bridge on it, two VLANs. */
function linuxRows({ random, nic, address }: Ports): Row[] {
  const isBonded = random.chance(0.85);
  const uplink = isBonded ? "bond0" : "eno1np0";
  const isAware = random.chance(0.75);
  return [
    nic("eno1np0"),
    nic("eno2np1"),
    ...(isBonded ? [row("bond", "bond0", { slaves: "eno1np0 eno2np1" })] : []),
    row("bridge", "vmbr0", {
      ...address("management"),
      ...(isAware ? VLAN_AWARE : {}),
      bridge_ports: uplink,
      comments: random.chance(0.3) ? "Verwaltung – nicht ändern\n" : undefined,
    }),
    { ...vlan("vmbr0.20", "vmbr0", "20"), ...address("storage"), mtu: "9000" },
    { ...vlan("vlan30", uplink, "30"), ...address("migration") },
    ...(random.chance(0.2)
      ? [
        vlan(`${uplink}.40`, uplink, "40"),
        row("bridge", "vmbr40", { bridge_ports: `${uplink}.40` }),
      ]
      : []),
  ];
}

/** Open vSwitch: the addresses are on internal ports. */
function ovsRows({ nic, address }: Ports): Row[] {
  const slaves = "eno1np0 eno2np1";
  return [
    nic("eno1np0"),
    nic("eno2np1"),
    row("OVSBond", "bond0", { ovs_bridge: "vmbr0", ovs_bonds: slaves, bond_mode: "balance-slb" }),
    row("OVSBridge", "vmbr0", { ovs_ports: "bond0 mgmt stor0" }),
    row("OVSIntPort", "mgmt", { ...address("management"), ovs_bridge: "vmbr0" }),
    row("OVSIntPort", "stor0", {
      ...address("storage"),
      ovs_bridge: "vmbr0",
      ovs_tag: "20",
      mtu: "9000",
    }),
  ];
}

function secondBond({ nic }: Ports): Row[] {
  const slaves = ["enp65s0f0np0", "enp65s0f1np1"];
  return [
    ...slaves.map((name) => ({ ...nic(name), mtu: "9000" })),
    row("bond", "bond1", { slaves: slaves.join(" "), mtu: "9000" }),
    row("bridge", "vmbr1", { ...VLAN_AWARE, bridge_ports: "bond1" }),
  ];
}

/** An alias, a tunnel, a NIC with DHCP, a stanza without family, an address without mask. */
function oddRows({ node, random, nic, address }: Ports): Row[] {
  const rows: Row[] = [];
  if (random.chance(0.05)) rows.push(row("alias", "vmbr1:1", address("tunnel")));
  if (random.chance(0.04)) {
    const host = `10.254.${node.number >> 8}.${node.number & 255}`;
    rows.push(row("unknown", "wg0", { method: "static", address: host, cidr: `${host}/32` }));
  }
  if (random.chance(0.15)) rows.push({ ...nic(`enx${random.hex(12)}`), method: "dhcp" });
  if (random.chance(0.03)) rows.push({ ...nic("eno8"), families: [null], active: undefined });
  return rows;
}

function spareNics({ random, nic }: Ports): Row[] {
  return ["eno3np2", "eno4np3"].slice(0, random.below(3))
    .map((name) => ({ ...nic(name), active: undefined }));
}
