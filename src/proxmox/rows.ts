/**
 * TABLE: the keys of the answers that are read, and how. A value is `unknown`: by version, one key is a
 * number, a number in a string, "", null or absent. All other keys are only kept in the snapshot.
 */
import {
  configMemoryMib,
  coresTimesSockets,
  MAX_INTEGER,
  mibOf,
  mtuOf,
  speedKbps,
  vcpusOf,
} from "./hardware.ts";
import { count, type DataRow, flag, number, text } from "./values.ts";

/** undefined: not a value that the key can have, such as a list for a text, or too many processors. */
export type Reader = (value: unknown, row: DataRow) => unknown;

/** Names, and texts with parts: the code that takes them apart lists what it cannot read. */
export const elsewhere: Reader = (value) => value;

/** The mapping tables name the answers so. */
export const ANSWERS = {
  /** A row of /cluster/status. Source: PVE/API2/Cluster.pm, get_status. */
  clusterStatus: {
    type: elsewhere,
    id: elsewhere,
    name: elsewhere,
    ip: elsewhere,
    online: number,
    quorate: elsewhere,
  },

  /** A row of /cluster/resources?type=vm. Source: PVE/API2/Cluster.pm, resources. */
  resources: {
    id: elsewhere,
    type: elsewhere,
    vmid: elsewhere,
    name: elsewhere,
    node: elsewhere,
    status: text,
    template: flag,
    maxcpu: vcpusOf,
    maxmem: (value) => mibOf(value, MAX_INTEGER),
    tags: text,
    pool: text,
    hastate: text,
    lock: elsewhere,
  },

  /** A row of /nodes. Source: PVE/API2/Nodes.pm, index. */
  nodes: {
    node: elsewhere,
    status: text,
    maxcpu: count,
    maxmem: (value) => mibOf(value, Number.MAX_SAFE_INTEGER),
  },

  /** /nodes/{node}/status. Source: PVE/API2/Nodes.pm, status. */
  nodeStatus: { pveversion: elsewhere },

  /**
   * A row of /nodes/{node}/network. `speed` and `vlanid` are in the mapping document, and not in the
   * releases of Proxmox VE that were seen.
   * Source: PVE/API2/Network.pm, PVE/INotify.pm (__read_etc_network_interfaces).
   */
  network: {
    "iface": elsewhere,
    "type": text,
    "method": text,
    "method6": text,
    "active": flag,
    "priority": number,
    "mtu": mtuOf,
    "speed": speedKbps,
    "cidr": elsewhere,
    "address": elsewhere,
    "netmask": elsewhere,
    "cidr6": elsewhere,
    "address6": elsewhere,
    "netmask6": elsewhere,
    "vlanid": elsewhere,
    "vlan-id": elsewhere,
    "vlan-raw-device": elsewhere,
    "slaves": elsewhere,
    "bridge_ports": elsewhere,
    "ovs_bridge": elsewhere,
    "ovs_ports": elsewhere,
    "ovs_bonds": elsewhere,
    "exists": elsewhere,
    "altnames": elsewhere,
    "comments": elsewhere,
    "bridge_vlan_aware": elsewhere,
    "bridge_vids": elsewhere,
    "ovs_tag": elsewhere,
    "ovs_options": elsewhere,
    "options": elsewhere,
    "options6": elsewhere,
  },

  /**
   * /nodes/{node}/{qemu|lxc}/{vmid}/config, one flat object. `netN`, `diskN` and `ipconfigN` are the numbered
   * keys (net0 …; scsi0 …, rootfs, mp0 …; ipconfig0 …). Source: PVE/QemuServer.pm and PVE/LXC/Config.pm ($confdesc).
   */
  config: {
    // Sockets that cannot be read have a record of their own.
    cores: (value, { sockets }) => vcpusOf(value) && coresTimesSockets(value, vcpusOf(sockets)),
    sockets: vcpusOf,
    memory: (value) => configMemoryMib(value, MAX_INTEGER),
    onboot: flag,
    ostype: text,
    description: text,
    tags: text,
    agent: text,
    smbios1: elsewhere,
    lock: elsewhere,
    netN: elsewhere,
    diskN: elsewhere,
    ipconfigN: elsewhere,
  },

  /** `result` of agent/get-osinfo. Source: qemu-ga, guest-get-osinfo. */
  osinfo: { "name": text, "version-id": text },

  /** `result` of agent/get-host-name. Source: qemu-ga, guest-get-host-name. */
  agentHostName: { "host-name": text },

  /** A row of `result` of agent/network-get-interfaces. */
  agentInterfaces: { "name": elsewhere, "hardware-address": elsewhere, "ip-addresses": elsewhere },

  /** A row of lxc/{vmid}/interfaces. */
  lxcInterfaces: {
    "name": elsewhere,
    "hardware-address": elsewhere,
    "ip-addresses": elsewhere,
    "hwaddr": elsewhere,
    "inet": elsewhere,
    "inet6": elsewhere,
  },

  /** A row of /cluster/sdn/zones. Source: PVE/API2/Network/SDN/Zones.pm. sdn.ts reads these three. */
  sdnZones: {
    "zone": elsewhere,
    "type": elsewhere,
    "tag": elsewhere,
    "bridge": elsewhere,
    "vrf-vxlan": elsewhere,
    "rt-import": elsewhere,
    "mtu": elsewhere,
    "nodes": elsewhere,
  },

  /** A row of /cluster/sdn/vnets. Source: PVE/API2/Network/SDN/Vnets.pm. */
  sdnVnets: {
    vnet: elsewhere,
    zone: elsewhere,
    tag: elsewhere,
    alias: elsewhere,
    vlanaware: elsewhere,
  },

  /** A row of /cluster/sdn/vnets/{vnet}/subnets. Source: PVE/API2/Network/SDN/Subnets.pm. */
  sdnSubnets: {
    "subnet": elsewhere,
    "cidr": elsewhere,
    "gateway": elsewhere,
    "snat": elsewhere,
    "dhcp-range": elsewhere,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Reader>>>>;

export type AnswerName = keyof typeof ANSWERS;

export type AnswerRows = {
  readonly [Name in AnswerName]: { readonly [Key in keyof (typeof ANSWERS)[Name]]?: unknown };
};
export type ClusterStatusRow = AnswerRows["clusterStatus"];
export type ResourceRow = AnswerRows["resources"];
export type NodeRow = AnswerRows["nodes"];
export type NetworkRow = AnswerRows["network"];
export type GuestConfig = AnswerRows["config"];
export type Osinfo = AnswerRows["osinfo"];
export type ZoneRow = AnswerRows["sdnZones"];
export type VnetRow = AnswerRows["sdnVnets"];
export type SubnetRow = AnswerRows["sdnSubnets"];
export type GuestInterfaceRow = AnswerRows["lxcInterfaces"];

/** "config.cores": one key of one answer. */
export type AnswerKey = {
  [Name in AnswerName]: `${Name}.${keyof AnswerRows[Name] & string}`;
}[AnswerName];

/** The keys of a guest's row that the mapping reads; most others are telemetry. */
export const RESOURCE_KEYS = Object.keys(ANSWERS.resources) as (keyof ResourceRow)[];
