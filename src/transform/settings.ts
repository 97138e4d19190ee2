/** TABLE: the settings of `transform`, one row each. Flags, `--help` and README are printed from it. */
import {
  type SettingReader,
  settingReader,
  type SettingRow,
  SWITCH,
  switchOf,
  type TextsOf,
} from "../base/setting.ts";
import { isLonger, MAX_LONG_NAME } from "../netbox/names.ts";
import { parseHosts, parseScope, scopeFault } from "../proxmox/host.ts";
import { cleanText } from "../proxmox/values.ts";
import type { Manifest } from "../run-folder/snapshot.ts";

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
      "auto scopes the cluster to its site if all nodes are in one; site to SITE_NAME; none to nothing",
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

/** The settings, checked. */
export interface Policy {
  /** As typed, without a port. */
  readonly host: string;
  readonly clusterName: string | undefined;
  readonly siteName: string;
  /** Node name → site name. */
  readonly nodeSites: ReadonlyMap<string, string>;
  /** undefined: all nodes. */
  readonly nodes: ReadonlySet<string> | undefined;
  readonly tenantName: string | undefined;
  readonly clusterScope: "auto" | "site" | "none";
  readonly prefixScope: "auto" | "site";
  readonly diskBaseUnit: 1000 | 1024;
  readonly allInterfaces: boolean;
  readonly lxcLiveAddresses: boolean;
  readonly platformWithoutAgent: "ostype" | "keep";
  readonly clearEmpty: boolean;
  readonly nodeDeviceType: string;
  readonly nodeDeviceRole: string;
  readonly nodeManufacturer: string;
  readonly deviceCluster: boolean;
}

/** What capture recorded of the settings: the defaults for its snapshot. */
export function recordedTexts({ source, scope, settings }: Manifest): SettingTexts {
  return { PROXMOX_HOST: source.host, nodes: scope.nodes.join(","), ...settings };
}

/** Every setting that the entity files depend on, with the text that is in force, for their manifest. */
export function settingsInForce(texts: SettingTexts): Record<string, string> {
  const used: Record<string, string> = {};
  for (const [name, row] of Object.entries<SettingRow>(SETTINGS)) {
    const text = texts[name as SettingName] ?? row.default;
    if (text !== undefined && name !== "BOOTSTRAP") used[name] = text;
  }
  return used;
}

/** BOOTSTRAP, which needs no other setting. @throws AppError "usage". */
export function isBootstrapOn({ BOOTSTRAP }: SettingTexts): boolean {
  return settingReader(SETTINGS, { BOOTSTRAP }).checked("BOOTSTRAP", switchOf);
}

/** @throws AppError "usage" that names the setting, its value and what is allowed. */
export function parsePolicy(texts: SettingTexts): Policy {
  const settings = settingReader(SETTINGS, texts);
  const { text, checked, choice } = settings;
  const name = (setting: SettingName): string =>
    checked(setting, (given) => checkedName(given, setting, settings));
  const optionalName = (setting: SettingName): string | undefined =>
    text(setting) === undefined ? undefined : name(setting);
  return {
    // Of several hosts the first, without its port.
    host: checked("PROXMOX_HOST", (given) => parseHosts(given)?.[0].name),
    clusterName: optionalName("CLUSTER_NAME"),
    siteName: name("SITE_NAME"),
    nodeSites: parseNodeSiteMap(text("NODE_SITE_MAP") ?? "", settings),
    nodes: parseNodes(text("nodes") ?? "", settings),
    tenantName: optionalName("TENANT_NAME"),
    clusterScope: choice("CLUSTER_SCOPE"),
    prefixScope: choice("PREFIX_SCOPE"),
    diskBaseUnit: choice("DISK_BASE_UNIT") === "1000" ? 1000 : 1024,
    allInterfaces: checked("ALL_INTERFACES", switchOf),
    lxcLiveAddresses: checked("LXC_LIVE_ADDRESSES", switchOf),
    platformWithoutAgent: choice("PLATFORM_WITHOUT_AGENT"),
    clearEmpty: checked("CLEAR_EMPTY", switchOf),
    nodeDeviceType: name("NODE_DEVICE_TYPE"),
    nodeDeviceRole: name("NODE_DEVICE_ROLE"),
    nodeManufacturer: name("NODE_MANUFACTURER"),
    deviceCluster: checked("DEVICE_CLUSTER", switchOf),
  };
}

type Reader = SettingReader<typeof SETTINGS>;

/** NetBox would refuse a longer one, and neither protobuf nor PostgreSQL takes every character. */
function checkedName(name: string, setting: SettingName, { refuse }: Reader): string {
  if (isLonger(name, MAX_LONG_NAME)) {
    refuse(setting, `a name has at most ${MAX_LONG_NAME} characters`);
  }
  if (cleanText(name) !== name) {
    refuse(setting, "a name has no NUL character and no unpaired surrogate");
  }
  return name;
}

/** "pve1:London, pve2:Amsterdam" → Map; split at the first ":", blanks trimmed. */
function parseNodeSiteMap(value: string, settings: Reader): ReadonlyMap<string, string> {
  const sites = new Map<string, string>();
  for (const pair of value.split(",").map((part) => part.trim()).filter((part) => part !== "")) {
    const colon = pair.indexOf(":");
    const node = pair.slice(0, Math.max(colon, 0)).trim();
    const site = checkedName(pair.slice(colon + 1).trim(), "NODE_SITE_MAP", settings);
    if (colon === -1 || node === "" || site === "") {
      settings.refuse("NODE_SITE_MAP", `"${pair}" is not a node and a site`);
    }
    if (sites.has(node)) settings.refuse("NODE_SITE_MAP", `it names the node "${node}" twice`);
    sites.set(node, site);
  }
  return sites;
}

function parseNodes(value: string, { refuse }: Reader): ReadonlySet<string> | undefined {
  const fault = scopeFault(value);
  return fault === undefined ? parseScope(value) : refuse("nodes", fault);
}
