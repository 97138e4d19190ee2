/**
 * The rows inside the answers, with the keys that are read. A value is `unknown`: by version, one key is a
 * number, a number in a string, "", null or absent. All other keys are only kept in the snapshot.
 */

type Row<Key extends string> = { readonly [K in Key]?: unknown };

/** A row of /cluster/status. Source: PVE/API2/Cluster.pm, get_status. */
export type ClusterStatusRow = Row<"type" | "id" | "name" | "online" | "quorate">;

/** The keys of a guest's row that the mapping reads; most others are telemetry. */
export const RESOURCE_KEYS = [
  "id",
  "type",
  "vmid",
  "name",
  "node",
  "status",
  "template",
  "maxcpu",
  "maxmem",
  "tags",
  "hastate",
] as const;

/** A row of /cluster/resources?type=vm. Source: PVE/API2/Cluster.pm, resources. */
export type ResourceRow = Row<(typeof RESOURCE_KEYS)[number]>;

/** A row of /nodes. Source: PVE/API2/Nodes.pm, index. */
export type NodeRow = Row<"node" | "status" | "maxcpu" | "maxmem">;

/** /nodes/{node}/status. Source: PVE/API2/Nodes.pm, status. */
export type NodeStatus = Row<"pveversion">;

/**
 * A row of /nodes/{node}/network. `speed` and `vlanid` are in the mapping document, and not in the releases of
 * Proxmox VE that were seen.
 * Source: PVE/API2/Network.pm, PVE/INotify.pm (__read_etc_network_interfaces).
 */
export type NetworkRow = Row<
  | "iface"
  | "type"
  | "method"
  | "method6"
  | "active"
  | "mtu"
  | "speed"
  | "cidr"
  | "address"
  | "netmask"
  | "cidr6"
  | "address6"
  | "netmask6"
  | "priority"
  | "vlanid"
  | "vlan-id"
  | "vlan-raw-device"
  | "slaves"
  | "bridge_ports"
  | "ovs_bridge"
  | "ovs_ports"
  | "ovs_bonds"
  | "exists"
  | "altnames"
  | "options"
  | "options6"
>;

/**
 * /nodes/{node}/{qemu|lxc}/{vmid}/config, one flat object. `netN` and `diskN` are the numbered keys (net0 …; scsi0 …,
 * rootfs, mp0 …).
 * Source: PVE/QemuServer.pm ($confdesc), PVE/LXC/Config.pm ($confdesc).
 */
export type GuestConfig = Row<
  | "cores"
  | "sockets"
  | "memory"
  | "onboot"
  | "ostype"
  | "description"
  | "tags"
  | "agent"
  | "netN"
  | "diskN"
>;

/** `result` of agent/get-osinfo. Source: qemu-ga, guest-get-osinfo. */
export type Osinfo = Row<"name" | "version-id">;

/** A row of `result` of agent/network-get-interfaces, or of lxc/{vmid}/interfaces. */
export type GuestInterfaceRow = Row<
  "name" | "hardware-address" | "ip-addresses" | "hwaddr" | "inet" | "inet6"
>;

/** Every answer that the mapping reads, by the name that its tables use. */
export interface AnswerRows {
  readonly clusterStatus: ClusterStatusRow;
  readonly resources: ResourceRow;
  readonly nodes: NodeRow;
  readonly nodeStatus: NodeStatus;
  readonly network: NetworkRow;
  readonly config: GuestConfig;
  readonly osinfo: Osinfo;
  readonly agentInterfaces: GuestInterfaceRow;
  readonly lxcInterfaces: GuestInterfaceRow;
}

/** "config.cores": one key of one answer. */
export type AnswerKey = {
  [Name in keyof AnswerRows]: `${Name}.${keyof AnswerRows[Name] & string}`;
}[keyof AnswerRows];
