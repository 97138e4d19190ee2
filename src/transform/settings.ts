/** TABLE: the settings of `transform`, one row each. Flags, `--help` and README are printed from it. */
import { type SettingRow, SWITCH, type TextsOf } from "../kernel/setting.ts";

export const SETTINGS = {
  BOOTSTRAP: {
    flag: "bootstrap",
    default: "false",
    allowed: SWITCH,
    help: "Make only the static entities, from no snapshot",
  },
  PROXMOX_HOST: {
    flag: "proxmox-host",
    allowed: "a host name or an address",
    help: "Names the host tag, and the cluster when nothing else does",
    recorded: true,
  },
  CLUSTER_NAME: {
    flag: "cluster-name",
    allowed: "a text of at most 100 characters",
    help: "Overrides the name that Proxmox gives the cluster",
    recorded: true,
  },
  SITE_NAME: {
    flag: "site-name",
    default: "Proxmox",
    allowed: "a text of at most 100 characters",
    help: "NetBox site of all nodes that NODE_SITE_MAP does not name",
    recorded: true,
  },
  NODE_SITE_MAP: {
    flag: "node-site-map",
    default: "",
    allowed: 'pairs such as "pve1:London,pve2:Amsterdam"',
    help: "NetBox site of single nodes",
    recorded: true,
  },
  nodes: {
    flag: "nodes",
    // NODES is what schedulers call the number of theirs.
    variable: "PROXMOX_NODES",
    default: "*",
    allowed: 'node names such as "pve1,pve2", or "*" alone for all',
    help: "Scope: the nodes to transform, with their guests",
    recorded: true,
  },
  CLUSTER_SCOPE: {
    flag: "cluster-scope",
    default: "auto",
    allowed: ["auto", "site", "none"],
    help:
      "auto scopes the cluster to its site if all nodes stand in one; site to SITE_NAME; none to nothing",
    extension: true,
  },
  PREFIX_SCOPE: {
    flag: "prefix-scope",
    default: "auto",
    allowed: ["auto", "site"],
    help: "site writes one prefix per site even if NetBox would take them for one",
    extension: true,
  },
  TENANT_NAME: {
    flag: "tenant-name",
    allowed: "a text of at most 100 characters",
    help: "NetBox tenant of every virtual machine and device",
    extension: true,
  },
  DISK_BASE_UNIT: {
    flag: "disk-base-unit",
    default: "1024",
    allowed: ["1024", "1000"],
    help: "How many MB a G of a disk size is; what NetBox calls DISK_BASE_UNIT",
    extension: true,
  },
  ALL_INTERFACES: {
    flag: "all-interfaces",
    default: "false",
    allowed: SWITCH,
    help:
      "Node interfaces without an address too, and the lag, bridge, parent and MAC address of each",
    extension: true,
  },
  LXC_LIVE_ADDRESSES: {
    flag: "lxc-live-addresses",
    default: "false",
    allowed: SWITCH,
    help:
      "Addresses of running containers from Proxmox VE ≥ 8.1, for those whose config leaves an address open",
    recorded: true,
    extension: true,
  },
  PLATFORM_WITHOUT_AGENT: {
    flag: "platform-without-agent",
    default: "ostype",
    allowed: ["ostype", "keep"],
    help:
      "keep leaves the platform as it is in NetBox while an enabled guest agent does not answer",
    extension: true,
  },
  CLEAR_EMPTY: {
    flag: "clear-empty",
    default: "false",
    allowed: SWITCH,
    help:
      "Empty in NetBox what Proxmox says is empty: comments, platform, untagged VLAN, primary addresses, HA state",
    extension: true,
  },
  NODE_DEVICE_TYPE: {
    flag: "node-device-type",
    default: "Proxmox Node",
    allowed: "a text of at most 100 characters",
    help: "Device type of the nodes",
    extension: true,
  },
  NODE_DEVICE_ROLE: {
    flag: "node-device-role",
    default: "Hypervisor",
    allowed: "a text of at most 100 characters",
    help: "Device role of the nodes",
    extension: true,
  },
  NODE_MANUFACTURER: {
    flag: "node-manufacturer",
    default: "Proxmox",
    allowed: "a text of at most 100 characters",
    help: "Manufacturer of the nodes",
    extension: true,
  },
  DEVICE_CLUSTER: {
    flag: "device-cluster",
    default: "false",
    allowed: SWITCH,
    help: "Put each device into its cluster",
    extension: true,
  },
} as const satisfies Readonly<Record<string, SettingRow>>;

export type SettingName = keyof typeof SETTINGS;

/** Setting → text, as a flag, the environment, a policy file or a manifest gave it. */
export type SettingTexts = TextsOf<typeof SETTINGS>;
