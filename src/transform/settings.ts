/** TABLE: the settings of `transform`, one row each. Flags, `--help` and README are printed from it. */
import { PERIOD, periodMs } from "../base/duration.ts";
import { settingReader, type SettingRow, SWITCH, type TextsOf } from "../base/setting.ts";
import { isLonger, MAX_LONG_NAME } from "../netbox/names.ts";
import type { VirtualMachine } from "../netbox/types/virtual-machine.ts";
import { parseHosts, parseScope } from "../proxmox/host.ts";
import { cleanText } from "../proxmox/values.ts";
import type { Manifest } from "../run-folder/snapshot.ts";

/** Off by default, and without a default text: an entity set that was made without it keeps its manifest. */
const SWITCH_NOT_SET = { allowed: SWITCH.allowed, read: SWITCH.read } as const;
const NAME = { allowed: "a text of at most 100 characters", read: checkedName } as const;

export const SETTINGS = {
  BOOTSTRAP: {
    ...SWITCH,
    help: "Make only the static entities, from no snapshot",
  },
  PROXMOX_HOST: {
    allowed: "a host name or an address",
    hint: "host",
    // Of several hosts the first, without its port.
    read: (text: string) => parseHosts(text)?.[0].name,
    help: "Names the host tag, and the cluster when nothing else does",
  },
  CLUSTER_NAME: {
    ...NAME,
    help: "Overrides the name that Proxmox gives the cluster",
  },
  SITE_NAME: {
    default: "Proxmox",
    ...NAME,
    help: "NetBox site of all nodes that NODE_SITE_MAP does not name",
  },
  NODE_SITE_MAP: {
    default: "",
    allowed: 'pairs such as "pve1:London,pve2:Amsterdam"',
    hint: "node:site,…",
    read: (text: string) => parseNodeMap(text, "site"),
    help: "NetBox site of single nodes",
  },
  NODE_DEVICE_MAP: {
    allowed: 'pairs such as "pve1:srv-0815,pve2:srv-0816"',
    hint: "node:device,…",
    read: (text: string) => parseNodeMap(text, "device"),
    help: "With what survey read: NetBox device of nodes that NetBox has under another name",
    extension: true,
  },
  nodes: {
    // NODES is what schedulers call the number of theirs.
    variable: "PROXMOX_NODES",
    default: "*",
    allowed: 'node names such as "pve1,pve2", or "*" alone for all',
    hint: "node,…",
    read: parseScope,
    help: "Scope: the nodes to transform, with their guests",
  },
  CLUSTER_SCOPE: {
    default: "auto",
    allowed: ["auto", "site", "none"],
    help:
      "Scope of the cluster: auto = its site, if all nodes are in one; site = SITE_NAME; none = no scope",
    extension: true,
  },
  PREFIX_SCOPE: {
    default: "auto",
    allowed: ["auto", "site"],
    help: "auto = one prefix for a network at several sites; site = one per site",
    extension: true,
  },
  TENANT_NAME: {
    ...NAME,
    help: "NetBox tenant of every virtual machine and device",
    extension: true,
  },
  DISK_BASE_UNIT: {
    default: "1024",
    allowed: ["1024", "1000"],
    help: "MB per GB of disk size; set it to NetBox's DISK_BASE_UNIT",
    extension: true,
  },
  ALL_INTERFACES: {
    ...SWITCH,
    help:
      "Also send node interfaces without an address, and lag, bridge, parent and MAC address of each",
    extension: true,
  },
  NETWORK_DEPTH: {
    allowed: ["mapped", "full"],
    help:
      "full = also modes and tagged VLANs of NICs and node interfaces, and descriptions and MAC addresses of node interfaces; mapped, or not set = as the mapping document",
    extension: true,
  },
  LXC_LIVE_ADDRESSES: {
    ...SWITCH,
    help:
      "Use the addresses of running containers where the config leaves them open (captured with the same setting)",
    extension: true,
  },
  GUEST_SERIAL: {
    ...SWITCH_NOT_SET,
    help: "Send the serial number of a virtual machine's SMBIOS settings",
    extension: true,
  },
  SUSPENDED_STATUS: {
    allowed: [
      "active",
      "offline",
      "paused",
      "staged",
      "planned",
      "failed",
      "decommissioning",
    ] satisfies readonly VirtualMachine["status"][],
    help: "Status of a guest that is suspended to disk; not set: that of a stopped one",
    extension: true,
  },
  CLOUD_INIT_ADDRESSES: {
    ...SWITCH_NOT_SET,
    help:
      "Use the addresses that cloud-init is to give a virtual machine whose guest agent lists none",
    extension: true,
  },
  PLATFORM_WITHOUT_AGENT: {
    default: "ostype",
    allowed: ["ostype", "keep"],
    help:
      "keep leaves the platform as it is in NetBox while an enabled guest agent does not answer",
    extension: true,
  },
  CLEAR_EMPTY: {
    ...SWITCH,
    help:
      "Clear fields in NetBox that are empty in Proxmox VE: comments, platform, untagged VLAN, primary addresses, HA state",
    extension: true,
  },
  NODE_DEVICE_TYPE: {
    default: "Proxmox Node",
    ...NAME,
    help: "Device type of the nodes",
    extension: true,
  },
  NODE_DEVICE_ROLE: {
    default: "Hypervisor",
    ...NAME,
    help: "Device role of the nodes",
    extension: true,
  },
  NODE_MANUFACTURER: {
    default: "Proxmox",
    ...NAME,
    help: "Manufacturer of the nodes",
    extension: true,
  },
  GONE_STATUS: {
    allowed: ["keep", "offline", "decommissioning"],
    help:
      "With a survey and an earlier run: status of guests that are gone, whose addresses become deprecated; keep, or not set, leaves them as they are",
    extension: true,
  },
  GONE_AFTER: {
    allowed: PERIOD,
    hint: "time",
    read: periodMs,
    help:
      "With a survey and an earlier run: remove guests and nodes once they have been gone for so long; not set: at once, or never with GONE_STATUS",
    extension: true,
  },
  DEVICE_CLUSTER: {
    ...SWITCH,
    help: "Put each device into its cluster",
    extension: true,
  },
  rules: {
    // At the start of the program nothing is known of YAML.
    inFile: async (policy) => (await import("./rules/read.ts")).rulesText(policy),
    allowed: "the rules of a policy file, as JSON",
    help: "What the policy file says beyond Proxmox VE: tenants, roles, routing tables …",
    extension: true,
  },
} as const satisfies Readonly<Record<string, SettingRow>>;

export type SettingName = keyof typeof SETTINGS;

/** Setting → text, as a flag, the environment, a policy file or a manifest gave it. */
export type SettingTexts = TextsOf<typeof SETTINGS>;

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
  return settingReader(SETTINGS, { BOOTSTRAP }).value("BOOTSTRAP");
}

/** NetBox would refuse a longer one, and neither protobuf nor PostgreSQL takes every character. */
function checkedName(name: string): string {
  if (isLonger(name, MAX_LONG_NAME)) {
    throw new RangeError(`a name has at most ${MAX_LONG_NAME} characters`);
  }
  if (cleanText(name) !== name) {
    throw new RangeError("a name has no NUL character and no unpaired surrogate");
  }
  return name;
}

/** Node → name. "pve1:London, pve2:Amsterdam": split at the first ":", blanks trimmed. */
function parseNodeMap(value: string, what: "site" | "device"): ReadonlyMap<string, string> {
  const sites = new Map<string, string>();
  for (const pair of value.split(",").map((part) => part.trim()).filter((part) => part !== "")) {
    const colon = pair.indexOf(":");
    const node = pair.slice(0, Math.max(colon, 0)).trim();
    const site = checkedName(pair.slice(colon + 1).trim());
    if (colon === -1 || node === "" || site === "") {
      throw new RangeError(`"${pair}" is not a node and a ${what}`);
    }
    if (sites.has(node)) throw new RangeError(`it names the node "${node}" twice`);
    sites.set(node, site);
  }
  return sites;
}
