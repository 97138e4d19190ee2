/** Which question an answer belongs to, and in which file of the run folder it stands. */

export const MANIFEST_FILE = "manifest.json";
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
