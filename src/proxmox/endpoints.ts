/**
 * TABLE: the endpoints of Proxmox VE that capture reads, one row each. Every path, sort key, privilege and
 * title of an endpoint comes from here.
 * Source: PVE/API2/*.pm of pve-manager, qemu-server, pve-container and pve-network.
 */
import { withDevice, withoutDevice } from "../base/file-name.ts";

export type GuestKind = "qemu" | "lxc";

export interface GuestAddress {
  readonly node: string;
  readonly kind: GuestKind;
  readonly vmid: number;
}

/** A setting of `capture` without which an endpoint is not asked. */
export type EndpointSetting = "NETWORK_DEPTH" | "AGENT_HOST_NAMES";

export interface EndpointRow {
  /** Below /api2/json: fixed, or made from the name of a node or VNet, or the address of a guest. */
  readonly path: string | ((name: string) => string) | ((guest: GuestAddress) => string);
  /** One call for the cluster, for each node, for each guest or for each VNet. */
  readonly fanOut: "cluster" | "node" | "guest" | "vnet";
  /** For people; endpoints with one title are counted together. */
  readonly title: string;
  /** The answer is a list of rows in no order: they are written sorted by this key. */
  readonly sortKey?: string;
  /** Absent: every token may read it. */
  readonly needs?: Need;
  /** Older releases, or those without a package, answer with 501, which is not a gap. */
  readonly mayBeMissing?: true;
  /** Asked only with this setting. */
  readonly onlyWith?: EndpointSetting;
  /** Goes through the guest agent, which may be dead: has limits of its own. */
  readonly isAgent?: true;
}

export interface Need {
  /** Path in the access control list. */
  readonly on:
    | "/"
    | "/access"
    | "/nodes/{node}"
    | "/vms/{vmid}"
    | "/sdn/zones/localnetwork"
    | "/sdn/zones/{zone}"
    | "/sdn/zones/{zone}/{vnet}";
  /** Any one of these, by the major version of Proxmox VE. */
  readonly privileges: (major: number) => readonly string[];
  /** Without it, the call is refused, or rows are left out of an answer that looks complete. */
  readonly without: "denied" | "filtered";
  /** What is then missing, for people. */
  readonly missing: string;
}

const CLUSTER_TITLE = "Cluster, nodes and the listing of guests";
const SYS_AUDIT = (): readonly string[] => ["Sys.Audit"];
const VM_AUDIT = (): readonly string[] => ["VM.Audit"];
const AGENT_NEED: Need = {
  on: "/vms/{vmid}",
  // VM.Monitor was removed in 9, where PVEAuditor includes VM.GuestAgent.Audit.
  privileges: (major) =>
    major < 9 ? ["VM.Monitor"] : ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"],
  without: "denied",
  missing: "addresses and operating systems from guest agents",
};

const SDN_TITLE = "Zones, VNets and subnets of SDN";
const SDN_AUDIT = (): readonly string[] => ["SDN.Audit", "SDN.Allocate"];

export const ENDPOINTS = {
  version: { path: "/version", fanOut: "cluster", title: CLUSTER_TITLE },
  permissions: { path: "/access/permissions", fanOut: "cluster", title: CLUSTER_TITLE },
  acl: {
    path: "/access/acl",
    fanOut: "cluster",
    title: CLUSTER_TITLE,
    sortKey: "path",
    needs: {
      on: "/access",
      privileges: SYS_AUDIT,
      without: "filtered",
      missing: "whether an entry of the access control list hides guests, nodes or bridges",
    },
  },
  clusterStatus: {
    path: "/cluster/status",
    fanOut: "cluster",
    title: CLUSTER_TITLE,
    sortKey: "id",
    needs: {
      on: "/",
      privileges: SYS_AUDIT,
      without: "denied",
      missing: "the cluster's name and whether it has a quorum",
    },
  },
  nodes: {
    path: "/nodes",
    fanOut: "cluster",
    title: CLUSTER_TITLE,
    sortKey: "node",
    needs: {
      on: "/nodes/{node}",
      privileges: SYS_AUDIT,
      without: "filtered",
      missing: "CPUs and memory of nodes",
    },
  },
  resources: {
    path: "/cluster/resources?type=vm",
    fanOut: "cluster",
    title: CLUSTER_TITLE,
    sortKey: "id",
    needs: { on: "/vms/{vmid}", privileges: VM_AUDIT, without: "filtered", missing: "guests" },
  },
  nodeStatus: {
    path: (node: string): string => `/nodes/${node}/status`,
    fanOut: "node",
    title: "Status of nodes",
    needs: {
      on: "/nodes/{node}",
      privileges: SYS_AUDIT,
      without: "denied",
      missing: "versions of nodes",
    },
  },
  network: {
    path: (node: string): string => `/nodes/${node}/network`,
    fanOut: "node",
    title: "Networks of nodes",
    sortKey: "iface",
    needs: {
      on: "/sdn/zones/localnetwork",
      // Up to PVE 7 nothing is hidden. Source: PVE/API2/Network.pm, index.
      privileges: (major) => (major < 8 ? [] : ["SDN.Audit", "SDN.Use"]),
      without: "filtered",
      missing: "bridges of nodes",
    },
  },
  config: {
    // The configuration in force: without the query, changes that wait for a restart are merged in.
    path: ({ node, kind, vmid }: GuestAddress): string =>
      `/nodes/${node}/${kind}/${vmid}/config?current=1`,
    fanOut: "guest",
    title: "Configs of guests",
    needs: {
      on: "/vms/{vmid}",
      privileges: VM_AUDIT,
      without: "denied",
      missing: "configs of guests (NICs, disks, operating systems)",
    },
  },
  osinfo: {
    path: ({ node, vmid }: GuestAddress): string => `/nodes/${node}/qemu/${vmid}/agent/get-osinfo`,
    fanOut: "guest",
    title: "Operating systems, asked of guest agents",
    needs: AGENT_NEED,
    isAgent: true,
  },
  agentInterfaces: {
    path: ({ node, vmid }: GuestAddress): string =>
      `/nodes/${node}/qemu/${vmid}/agent/network-get-interfaces`,
    fanOut: "guest",
    title: "Addresses of VMs, asked of guest agents",
    needs: AGENT_NEED,
    isAgent: true,
  },
  agentHostName: {
    path: ({ node, vmid }: GuestAddress): string =>
      `/nodes/${node}/qemu/${vmid}/agent/get-host-name`,
    fanOut: "guest",
    title: "Host names of VMs, asked of guest agents",
    needs: { ...AGENT_NEED, missing: "host names from guest agents" },
    isAgent: true,
    onlyWith: "AGENT_HOST_NAMES",
  },
  lxcInterfaces: {
    path: ({ node, vmid }: GuestAddress): string => `/nodes/${node}/lxc/${vmid}/interfaces`,
    fanOut: "guest",
    title: "Addresses of containers",
    needs: {
      on: "/vms/{vmid}",
      privileges: VM_AUDIT,
      without: "denied",
      missing: "live addresses of containers",
    },
    mayBeMissing: true,
  },
  // The state in force: without the query, changes that are not applied are in the answer.
  // Source: PVE/API2/Network/SDN/Zones.pm, Vnets.pm and Subnets.pm of pve-network. No release lists all subnets.
  sdnZones: {
    path: "/cluster/sdn/zones?running=1",
    fanOut: "cluster",
    title: SDN_TITLE,
    sortKey: "zone",
    needs: {
      on: "/sdn/zones/{zone}",
      privileges: SDN_AUDIT,
      without: "filtered",
      missing: "zones of SDN",
    },
    mayBeMissing: true,
    onlyWith: "NETWORK_DEPTH",
  },
  sdnVnets: {
    path: "/cluster/sdn/vnets?running=1",
    fanOut: "cluster",
    title: SDN_TITLE,
    sortKey: "vnet",
    needs: {
      on: "/sdn/zones/{zone}/{vnet}",
      privileges: SDN_AUDIT,
      without: "filtered",
      missing: "VNets of SDN",
    },
    mayBeMissing: true,
    onlyWith: "NETWORK_DEPTH",
  },
  sdnSubnets: {
    path: (vnet: string): string => `/cluster/sdn/vnets/${vnet}/subnets?running=1`,
    fanOut: "vnet",
    title: SDN_TITLE,
    sortKey: "subnet",
    needs: {
      on: "/sdn/zones/{zone}/{vnet}",
      privileges: SDN_AUDIT,
      // Up to PVE 7, each subnet has a path of its own, and is left out.
      without: "denied",
      missing: "subnets of VNets",
    },
    onlyWith: "NETWORK_DEPTH",
  },
} as const satisfies Readonly<Record<string, EndpointRow>>;

export type EndpointName = keyof typeof ENDPOINTS;

export const ENDPOINT_NAMES = Object.keys(ENDPOINTS) as EndpointName[];

/** Endpoint → its path, or the function that makes it. */
export const PATHS = Object.fromEntries(
  ENDPOINT_NAMES.map((name) => [name, ENDPOINTS[name].path]),
) as { readonly [Name in EndpointName]: (typeof ENDPOINTS)[Name]["path"] };

/** By fan-out: what the function that makes the path is called with. */
const ANY = {
  node: "{node}",
  guest: { node: "{node}", kind: "{qemu|lxc}", vmid: "{vmid}" },
  vnet: "{vnet}",
};

function shownPath(endpoint: EndpointName): string {
  const { path, fanOut }: EndpointRow = ENDPOINTS[endpoint];
  if (typeof path === "string" || fanOut === "cluster") return String(path);
  return path(ANY[fanOut] as never);
}

/** Endpoint → its path with braces around what varies: "/nodes/{node}/status". */
export const SHOWN_PATHS = Object.fromEntries(
  ENDPOINT_NAMES.map((name) => [name, shownPath(name)]),
) as Readonly<Record<EndpointName, string>>;

/** What an answer is called below its node or guest: "status", "config", "agent/get-osinfo". */
export function answerName(endpoint: EndpointName): string {
  return SHOWN_PATHS[endpoint].replace(/^.*\}\/|\?.*$/g, "");
}

const PATTERNS = ENDPOINT_NAMES.map((endpoint) => {
  const [path = "", query] = SHOWN_PATHS[endpoint].split("?");
  const pattern = path.replace(
    /\{qemu\|lxc\}|(?<=\/)(?:qemu|lxc)(?=\/)/,
    (kind) => `(?<kind>${kind.replace(/[{}]/g, "")})`,
  )
    .replace("{node}", "(?<node>[^/]+)").replace("{vmid}", "(?<vmid>\\d+)")
    .replace("{vnet}", "(?<vnet>[^/]+)");
  const optional = query === undefined ? "" : `(?:\\?${query})?`;
  return { endpoint, pattern: new RegExp(`^${pattern}${optional}$`) };
});

/** An API path, taken apart. */
export interface ParsedPath {
  readonly endpoint: EndpointName;
  readonly node?: string;
  readonly kind?: GuestKind;
  readonly vmid?: number;
  readonly vnet?: string;
}

/** "/nodes/pve1/status" → nodeStatus of pve1. The query may be missing. */
export function parsePath(path: string): ParsedPath | undefined {
  for (const { endpoint, pattern } of PATTERNS) {
    const match = pattern.exec(path);
    if (match === null) continue;
    const { node, kind, vmid, vnet } = match.groups ?? {};
    return {
      endpoint,
      ...(node === undefined ? {} : { node }),
      ...(kind === undefined ? {} : { kind: kind as GuestKind }),
      ...(vmid === undefined ? {} : { vmid: Number(vmid) }),
      ...(vnet === undefined ? {} : { vnet }),
    };
  }
  return undefined;
}

export function endpointOf(path: string): EndpointRow | undefined {
  const endpoint = parsePath(path)?.endpoint;
  return endpoint && ENDPOINTS[endpoint];
}

/** "/nodes/pve1/status" → "pve1", also for a path that is not in the table. */
export function nodeOfPath(path: string): string | undefined {
  return /^\/nodes\/([^/]+)(?:\/|$)/.exec(path)?.[1];
}

const CONFIG_REGEXP = /^\/nodes\/[^/]+\/(qemu|lxc)\/(\d+)\/config(?:\?current=1)?$/;

/** "/nodes/pve1/qemu/101/config?current=1" → qemu and 101. As `parsePath`, and fast. */
export function guestOfConfig(path: string): Pick<GuestAddress, "kind" | "vmid"> | undefined {
  const [, kind, vmid] = CONFIG_REGEXP.exec(path) ?? [];
  return kind === "qemu" || kind === "lxc" ? { kind, vmid: Number(vmid) } : undefined;
}

/** The path under which a file has the answer to `path`: older snapshots have configs without a query. */
export function recordedPath(path: string, isRecorded: (path: string) => boolean): string {
  if (isRecorded(path) || guestOfConfig(path) === undefined) return path;
  const [plain = path, query] = path.split("?");
  const other = query === undefined ? `${path}?current=1` : plain;
  return isRecorded(other) ? other : path;
}

/** The key that the rows of an answer are sorted by; undefined when their order has a meaning. */
export function sortKeyOf(path: string): string | undefined {
  return endpointOf(path)?.sortKey;
}

/** The value that a row is sorted by. */
export function sortValue(row: unknown, key: string): string {
  if (typeof row !== "object" || row === null) return "";
  const value = (row as Record<string, unknown>)[key];
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** May capture ask it with these settings? */
export function isAskedWith(
  endpoint: EndpointName,
  settings: ReadonlySet<EndpointSetting>,
): boolean {
  const { onlyWith }: EndpointRow = ENDPOINTS[endpoint];
  return onlyWith === undefined || settings.has(onlyWith);
}

/** Files of the run folder. */
export const CLUSTER_FILE = "pve/cluster.json";
export const NODES_FOLDER = "pve/nodes/";

// A host name (RFC 1123), which is all that Proxmox VE accepts for a node; short enough that ".name.json.part",
// the name of a file while it is written, has at most 255 bytes.
const NODE_NAME_REGEXP = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,242}[A-Za-z0-9])?$/;

/** "pve1" → "pve/nodes/pve1.json"; undefined for what is not a node name, such as "../x". */
export function nodeFile(node: string): string | undefined {
  if (!NODE_NAME_REGEXP.test(node) || node.includes("..")) return undefined;
  return `${NODES_FOLDER}${withoutDevice(node)}.json`;
}

/** "pve/nodes/pve1.json" → "pve1"; undefined for any other file. */
export function nodeOfFile(file: string): string | undefined {
  const name = file.startsWith(NODES_FOLDER)
    ? file.slice(NODES_FOLDER.length, -".json".length)
    : "";
  if (file !== `${NODES_FOLDER}${name}.json`) return undefined;
  // Version 0.1.0 wrote "con.json", which is accepted, too.
  const node = withDevice(name);
  return nodeFile(node) === undefined ? undefined : node;
}

/** The file that has the answer to a path: that of its node, or the cluster's. */
export function fileOf(path: string): string {
  const [, node] = /^\/nodes\/([^/]+)\//.exec(path) ?? [];
  return node === undefined ? CLUSTER_FILE : nodeFile(node) ?? CLUSTER_FILE;
}

/** One call, and the file of the run folder that keeps its answer. */
export interface Question {
  readonly endpoint: EndpointName;
  readonly path: string;
  readonly file: string;
  readonly node?: string;
}

type NamesOf<FanOut extends EndpointRow["fanOut"]> = {
  [Name in EndpointName]: (typeof ENDPOINTS)[Name]["fanOut"] extends FanOut ? Name : never;
}[EndpointName];

export const CLUSTER_ENDPOINTS = ENDPOINT_NAMES.filter(
  (name): name is NamesOf<"cluster"> => ENDPOINTS[name].fanOut === "cluster",
);

export function clusterQuestion(endpoint: NamesOf<"cluster">): Question {
  return { endpoint, path: PATHS[endpoint], file: CLUSTER_FILE };
}

/** `node` is a name that `nodeFile` accepts. */
export function nodeQuestion(endpoint: NamesOf<"node">, node: string): Question {
  const path = PATHS[endpoint](node);
  return { endpoint, path, file: fileOf(path), node };
}

// Source: PVE/Network/SDN/VnetPlugin.pm, pve-sdn-vnet-id.
const VNET_REGEXP = /^[A-Za-z][A-Za-z0-9]{1,7}$/;

/** undefined for what is not the name of a VNet, such as "../x". */
export function vnetQuestion(endpoint: NamesOf<"vnet">, vnet: string): Question | undefined {
  if (!VNET_REGEXP.test(vnet)) return undefined;
  return { endpoint, path: PATHS[endpoint](vnet), file: CLUSTER_FILE };
}

export function guestQuestion(endpoint: NamesOf<"guest">, guest: GuestAddress): Question {
  const path = PATHS[endpoint](guest);
  return { endpoint, path, file: fileOf(path), node: guest.node };
}
