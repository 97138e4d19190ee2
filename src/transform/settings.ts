/** TABLE: the settings of `transform`, one row each. Flags, `--help` and README are printed from it. */
import { usageError } from "../base/errors.ts";
import { allowedText, type SettingRow, SWITCH, switchOf, type TextsOf } from "../base/setting.ts";
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

/** The user's choices: texts in, one checked value out. */

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

/** A setting that is one of a few words. */
type ChoiceName = {
  [Name in SettingName]: (typeof SETTINGS)[Name]["allowed"] extends string ? never : Name;
}[SettingName];
type Choice<Name extends ChoiceName> = (typeof SETTINGS)[Name]["allowed"][number];

/** What capture recorded of the settings: the defaults for its snapshot. */
export function recordedTexts({ source, scope, settings }: Manifest): SettingTexts {
  return { PROXMOX_HOST: source.host, nodes: scope.nodes.join(","), ...settings };
}

/** @throws AppError "usage" that names the setting, its value and what is allowed. */
export function parsePolicy(texts: SettingTexts): Policy {
  const text = (name: SettingName): string | undefined => {
    const row: SettingRow = SETTINGS[name];
    // An empty text is how a pipeline says that it has none.
    return texts[name]?.trim() || row.default || undefined;
  };
  const name = (setting: SettingName): string | undefined => {
    const given = text(setting);
    return given === undefined ? undefined : checkName(setting, given);
  };
  const required = (name: SettingName): string => text(name) ?? refuse(name, texts[name]);
  const flag = (name: SettingName): boolean => parseFlag(name, required(name));
  const oneOf = <Name extends ChoiceName>(name: Name): Choice<Name> => {
    const allowed: readonly Choice<Name>[] = SETTINGS[name].allowed;
    return allowed.find((word) => word === text(name)) ?? refuse(name, texts[name]);
  };
  return {
    host: hostOf(required("PROXMOX_HOST")),
    clusterName: name("CLUSTER_NAME"),
    siteName: checkName("SITE_NAME", required("SITE_NAME")),
    nodeSites: parseNodeSiteMap(text("NODE_SITE_MAP") ?? ""),
    nodes: scopeOf(required("nodes")),
    tenantName: name("TENANT_NAME"),
    clusterScope: oneOf("CLUSTER_SCOPE"),
    prefixScope: oneOf("PREFIX_SCOPE"),
    diskBaseUnit: oneOf("DISK_BASE_UNIT") === "1000" ? 1000 : 1024,
    allInterfaces: flag("ALL_INTERFACES"),
    lxcLiveAddresses: flag("LXC_LIVE_ADDRESSES"),
    platformWithoutAgent: oneOf("PLATFORM_WITHOUT_AGENT"),
    clearEmpty: flag("CLEAR_EMPTY"),
    nodeDeviceType: checkName("NODE_DEVICE_TYPE", required("NODE_DEVICE_TYPE")),
    nodeDeviceRole: checkName("NODE_DEVICE_ROLE", required("NODE_DEVICE_ROLE")),
    nodeManufacturer: checkName("NODE_MANUFACTURER", required("NODE_MANUFACTURER")),
    deviceCluster: flag("DEVICE_CLUSTER"),
  };
}

/** "true", "yes", "on", "1" and their opposites, in any case. @throws AppError "usage". */
export function parseFlag(name: SettingName, value: string): boolean {
  return switchOf(value) ?? refuse(name, value);
}

/** NetBox would refuse a longer one, and neither protobuf nor PostgreSQL takes every character. */
function checkName(setting: SettingName, name: string): string {
  if (isLonger(name, MAX_LONG_NAME)) {
    refuse(setting, name, `a name has at most ${MAX_LONG_NAME} characters`);
  }
  if (cleanText(name) !== name) {
    refuse(setting, name.toWellFormed(), "a name has no NUL and no half characters");
  }
  return name;
}

/** "pve1:London, pve2:Amsterdam" → Map; split at the first ":", blanks trimmed. */
function parseNodeSiteMap(value: string): ReadonlyMap<string, string> {
  const sites = new Map<string, string>();
  for (const pair of value.split(",").map((part) => part.trim()).filter((part) => part !== "")) {
    const colon = pair.indexOf(":");
    const node = pair.slice(0, Math.max(colon, 0)).trim();
    const site = pair.slice(colon + 1).trim();
    checkName("NODE_SITE_MAP", site);
    if (colon === -1 || node === "" || site === "") {
      refuse("NODE_SITE_MAP", value, `"${pair}" is no pair of node and site`);
    }
    if (sites.has(node)) refuse("NODE_SITE_MAP", value, `it names the node "${node}" twice`);
    sites.set(node, site);
  }
  return sites;
}

function scopeOf(value: string): ReadonlySet<string> | undefined {
  const fault = scopeFault(value);
  return fault === undefined ? parseScope(value) : refuse("nodes", value, fault);
}

/** Of a list, the first; without its port. */
function hostOf(value: string): string {
  return parseHosts(value)?.[0].name ?? refuse("PROXMOX_HOST", value);
}

function refuse(name: SettingName, value: string | undefined, why?: string): never {
  const row: SettingRow = SETTINGS[name];
  const given = value === undefined || value.trim() === "" ? "is not set" : `is "${value}"`;
  throw usageError(`Setting ${name} ${given}${why === undefined ? "" : `: ${why}`}`, {
    hint: `Allowed: ${allowedText(row)}`,
  });
}
