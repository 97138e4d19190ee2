/** TABLE: what capture asks, one row a question, and the privilege that each answer needs. */

/** Which question an answer belongs to, and in which file of the run folder it stands. */

export const CLUSTER_FILE = "pve/cluster.json";
export const NODES_FOLDER = "pve/nodes/";

export type GuestKind = "qemu" | "lxc";

export interface GuestAddress {
  readonly node: string;
  readonly kind: GuestKind;
  readonly vmid: number;
}

/** API paths below /api2/json. Source: PVE/API2/*.pm of pve-manager, qemu-server and pve-container. */
export const PATHS = {
  version: "/version",
  permissions: "/access/permissions",
  acl: "/access/acl",
  clusterStatus: "/cluster/status",
  resources: "/cluster/resources?type=vm",
  nodes: "/nodes",
  nodeStatus: (node: string): string => `/nodes/${node}/status`,
  network: (node: string): string => `/nodes/${node}/network`,
  /** What is in force: without the query, changes that wait for a restart are merged in. */
  config: ({ node, kind, vmid }: GuestAddress): string =>
    `/nodes/${node}/${kind}/${vmid}/config?current=1`,
  osinfo: ({ node, vmid }: GuestAddress): string => `/nodes/${node}/qemu/${vmid}/agent/get-osinfo`,
  agentInterfaces: ({ node, vmid }: GuestAddress): string =>
    `/nodes/${node}/qemu/${vmid}/agent/network-get-interfaces`,
  lxcInterfaces: ({ node, vmid }: GuestAddress): string => `/nodes/${node}/lxc/${vmid}/interfaces`,
} as const;

const CONFIG_REGEXP = /^\/nodes\/[^/]+\/(qemu|lxc)\/(\d+)\/config(\?current=1)?$/;

/** "/nodes/pve1/qemu/101/config?current=1" → qemu and 101; the same of the form of older snapshots. */
export function guestOfConfig(path: string): Pick<GuestAddress, "kind" | "vmid"> | undefined {
  const [, kind, vmid] = CONFIG_REGEXP.exec(path) ?? [];
  return kind === "qemu" || kind === "lxc" ? { kind, vmid: Number(vmid) } : undefined;
}

/**
 * The path under which a file holds the answer to `path`. Snapshots of before hold configs without a
 * query: no matter which form is asked for, the one that is there is found.
 */
export function heldPath(path: string, isHeld: (path: string) => boolean): string {
  if (isHeld(path) || guestOfConfig(path) === undefined) return path;
  const [plain = path, query] = path.split("?");
  const other = query === undefined ? `${path}?current=1` : plain;
  return isHeld(other) ? other : path;
}

/** The answers that are lists of rows in no order: sorted by these keys when they are written. */
const ROW_KEYS: readonly { readonly path: RegExp; readonly keys: readonly string[] }[] = [
  { path: /^\/cluster\/(?:status|resources(?:\?.*)?)$/, keys: ["id"] },
  { path: /^\/nodes$/, keys: ["node"] },
  { path: /^\/access\/acl$/, keys: ["path"] },
  { path: /^\/nodes\/[^/]+\/network$/, keys: ["iface"] },
];

export function rowKeys(path: string): readonly string[] | undefined {
  return ROW_KEYS.find((row) => row.path.test(path))?.keys;
}

/** What a row is sorted by: the first of its keys that it has. */
export function rowKey(row: unknown, keys: readonly string[]): string {
  if (typeof row !== "object" || row === null) return "";
  const values = keys.map((key) => (row as Record<string, unknown>)[key]);
  const value = values.find((given) => given !== undefined);
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

// What a host may be called (RFC 1123), which is all that Proxmox lets a node be called; so short that
// ".name.json.part", as a file is called while it is written, has no more than 255 bytes.
const NODE_NAME_REGEXP = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,242}[A-Za-z0-9])?$/;

/** "pve1" → "pve/nodes/pve1.json"; undefined for what is no node name, such as "../x". */
export function nodeFile(node: string): string | undefined {
  if (!NODE_NAME_REGEXP.test(node) || node.includes("..")) return undefined;
  return `${NODES_FOLDER}${node}.json`;
}

/** "pve/nodes/pve1.json" → "pve1"; undefined for any other file. */
export function nodeOfFile(file: string): string | undefined {
  const node = file.startsWith(NODES_FOLDER)
    ? file.slice(NODES_FOLDER.length, -".json".length)
    : "";
  return nodeFile(node) === file ? node : undefined;
}

export interface EndpointRow {
  /** For people; braces stand for what varies. */
  readonly shown: string;
  readonly fanOut: "cluster" | "node" | "guest";
  /** Absent: whoever has a token may read it. */
  readonly needs?: Need;
  /** A release that lacks it, or a server that only plays Proxmox VE, is no reason to stop. */
  readonly mayBeMissing?: true;
  /** Goes through the guest agent, which may be dead: has limits of its own. */
  readonly isAgent?: true;
}

export interface Need {
  /** Path in the access control list. */
  readonly on: "/" | "/access" | "/nodes/{node}" | "/vms/{vmid}" | "/sdn/zones/localnetwork";
  /** Any of these, by the major version of Proxmox VE. */
  readonly privileges: (major: number) => readonly string[];
  /** What its lack does: the call is refused, or the answer is shortened and looks complete. */
  readonly without: "denied" | "filtered";
  /** What is then missing, for people. */
  readonly missing: string;
}

const SYS_AUDIT = (): readonly string[] => ["Sys.Audit"];
const VM_AUDIT = (): readonly string[] => ["VM.Audit"];
const AGENT: Need = {
  on: "/vms/{vmid}",
  // VM.Monitor is gone since 9, where PVEAuditor holds the other.
  privileges: (major) =>
    major < 9 ? ["VM.Monitor"] : ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"],
  without: "denied",
  missing: "what guest agents tell: addresses and operating systems",
};

/** Source: PVE/API2/*.pm of pve-manager, qemu-server and pve-container; proxmox.md §2.2. */
export const ENDPOINTS = {
  version: { shown: PATHS.version, fanOut: "cluster", mayBeMissing: true },
  permissions: { shown: PATHS.permissions, fanOut: "cluster", mayBeMissing: true },
  acl: {
    shown: PATHS.acl,
    fanOut: "cluster",
    needs: {
      on: "/access",
      privileges: SYS_AUDIT,
      without: "filtered",
      missing: "whether an entry of the access control list hides guests, nodes or bridges",
    },
  },
  clusterStatus: {
    shown: PATHS.clusterStatus,
    fanOut: "cluster",
    needs: {
      on: "/",
      privileges: SYS_AUDIT,
      without: "denied",
      missing: "the cluster's name and whether it has a quorum",
    },
  },
  nodes: {
    shown: PATHS.nodes,
    fanOut: "cluster",
    needs: {
      on: "/nodes/{node}",
      privileges: SYS_AUDIT,
      without: "filtered",
      missing: "CPUs and memory of nodes",
    },
  },
  resources: {
    shown: PATHS.resources,
    fanOut: "cluster",
    needs: { on: "/vms/{vmid}", privileges: VM_AUDIT, without: "filtered", missing: "guests" },
  },
  nodeStatus: {
    shown: PATHS.nodeStatus("{node}"),
    fanOut: "node",
    needs: {
      on: "/nodes/{node}",
      privileges: SYS_AUDIT,
      without: "denied",
      missing: "versions of nodes",
    },
  },
  network: {
    shown: PATHS.network("{node}"),
    fanOut: "node",
    needs: {
      on: "/sdn/zones/localnetwork",
      // Up to PVE 7 nothing is hidden. Source: PVE/API2/Network.pm, index.
      privileges: (major) => (major < 8 ? [] : ["SDN.Audit", "SDN.Use"]),
      without: "filtered",
      missing: "bridges of nodes",
    },
  },
  config: {
    shown: "/nodes/{node}/{qemu|lxc}/{vmid}/config?current=1",
    fanOut: "guest",
    needs: {
      on: "/vms/{vmid}",
      privileges: VM_AUDIT,
      without: "denied",
      missing: "configs of guests: NICs, disks, operating systems",
    },
  },
  osinfo: {
    shown: "/nodes/{node}/qemu/{vmid}/agent/get-osinfo",
    fanOut: "guest",
    needs: AGENT,
    isAgent: true,
  },
  agentInterfaces: {
    shown: "/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces",
    fanOut: "guest",
    needs: AGENT,
    isAgent: true,
  },
  lxcInterfaces: {
    shown: "/nodes/{node}/lxc/{vmid}/interfaces",
    fanOut: "guest",
    needs: {
      on: "/vms/{vmid}",
      privileges: VM_AUDIT,
      without: "denied",
      missing: "live addresses of containers",
    },
    mayBeMissing: true,
  },
} as const satisfies Readonly<Record<string, EndpointRow>>;

export type EndpointName = keyof typeof ENDPOINTS;

type NamesOf<FanOut extends EndpointRow["fanOut"]> = {
  [Name in EndpointName]: (typeof ENDPOINTS)[Name]["fanOut"] extends FanOut ? Name : never;
}[EndpointName];

/** One call: what is asked, and where its answer is kept. */
export interface Question {
  readonly endpoint: EndpointName;
  readonly path: string;
  /** File of the run folder. */
  readonly file: string;
  readonly node?: string;
}

export function clusterQuestion(endpoint: NamesOf<"cluster">): Question {
  return { endpoint, path: PATHS[endpoint], file: CLUSTER_FILE };
}

/** `node` is a name that `nodeFile` takes. */
export function nodeQuestion(endpoint: NamesOf<"node">, node: string): Question {
  return { endpoint, path: PATHS[endpoint](node), file: nodeFile(node) ?? CLUSTER_FILE, node };
}

export function guestQuestion(endpoint: NamesOf<"guest">, guest: GuestAddress): Question {
  const { node } = guest;
  return { endpoint, path: PATHS[endpoint](guest), file: nodeFile(node) ?? CLUSTER_FILE, node };
}

const PATTERNS = Object.entries(ENDPOINTS).map(([endpoint, { shown }]) => {
  const pattern = shown.replaceAll("?", "\\?").replace("{qemu|lxc}", "(?:qemu|lxc)")
    .replace(/\{\w+\}/g, "[^/]+");
  return { endpoint: endpoint as EndpointName, pattern: new RegExp(`^${pattern}$`) };
});

/** "/nodes/pve1/status" → "nodeStatus" */
export function endpointOf(path: string): EndpointName | undefined {
  return PATTERNS.find(({ pattern }) => pattern.test(path))?.endpoint;
}

/** Any of these is needed for a path. */
export function privilegesFor(path: string, major: number): readonly string[] {
  const endpoint = endpointOf(path);
  const row: EndpointRow | undefined = endpoint && ENDPOINTS[endpoint];
  return row?.needs?.privileges(major) ?? [];
}
