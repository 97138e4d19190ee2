/** TABLE: how the endpoints are served, and the view of the token. */
import {
  type EndpointName,
  nodeOfPath,
  type ParsedPath,
  parsePath,
} from "../../proxmox/endpoints.ts";
import { records } from "../../proxmox/values.ts";
import { type Dialect, mapRows, picked, type World } from "./cluster.ts";

/** What the server needs besides the row of proxmox/endpoints.ts. */
export interface ServedEndpoint {
  /** Query parameters and their allowed values. */
  readonly query?: Readonly<Record<string, readonly string[]>>;
  /** False: the release does not have it. */
  readonly isIn?: (dialect: Dialect) => boolean;
  /** Blocks one of the node's workers. */
  readonly isBlocking?: true;
  /** Recorded data → what the token sees in the disturbed cluster. */
  readonly view?: View;
}

export const SERVED: Readonly<Record<EndpointName, ServedEndpoint>> = {
  version: {},
  permissions: { view: permissionListing },
  acl: { view: aclRows },
  clusterStatus: { view: clusterRows },
  resources: { query: { type: ["vm"] }, view: guestRows },
  nodes: { view: nodeRows },
  nodeStatus: {},
  network: { view: interfaceRows },
  config: { query: { current: ["0", "1"] } },
  osinfo: { isBlocking: true },
  agentInterfaces: { isBlocking: true },
  lxcInterfaces: { isIn: (dialect) => dialect.hasLxcInterfaces, isBlocking: true },
};

/** The variable parts of a path. */
export type Variables = Omit<ParsedPath, "endpoint">;

/** Source: PVE/JSONSchema.pm, pve-vmid. */
function isVmid(vmid: number): boolean {
  return vmid >= 100 && vmid < 1e9;
}

/** "/nodes/pve1/status" → nodeStatus and { node: "pve1" }; or only the node of an unknown endpoint. */
function findEndpoint(path: string): Pick<ApiCall, "endpoint" | "variables"> {
  // Other commands of the guest agent are checked in the same way as this one.
  const found = parsePath(path) ??
    parsePath(path.replace(/(?<=\/agent\/)[a-z-]+$/, "get-osinfo"));
  if (found !== undefined && isVmid(found.vmid ?? 100)) {
    const { endpoint, ...variables } = found;
    return { endpoint, variables };
  }
  const node = nodeOfPath(path);
  return { endpoint: undefined, variables: node === undefined ? {} : { node } };
}

export interface ApiCall {
  /** False outside of the JSON API, such as "/". */
  readonly isCall: boolean;
  /** As in a snapshot: "/cluster/resources?type=vm". */
  readonly name: string;
  /** Without the query: "/cluster/resources". */
  readonly path: string;
  readonly query: URLSearchParams;
  /** undefined: not in the table. */
  readonly endpoint: EndpointName | undefined;
  readonly variables: Variables;
}

/** Source: PVE/APIServer/AnyEvent.pm, split_abs_uri. Other formats than "json" are not served. */
const CALL_REGEXP = /^\/api2\/+json(?=[/?]|$)/;

/** "/api2/json/nodes" → "/nodes" */
export function parseQuestion(url: string): ApiCall {
  const isCall = CALL_REGEXP.test(url);
  const [before = "", ...behind] = url.replace(CALL_REGEXP, "").split("?");
  const path = decoded(before).replace(/(?<=.)\/$/, "") || "/";
  const query = new URLSearchParams(behind.join("?"));
  // Web pages add it against caching.
  query.delete("_dc");
  const name = query.size === 0 ? path : `${path}?${query.toString()}`;
  return { isCall, name, path, query, ...findEndpoint(isCall ? path : "") };
}

/** Invalid percent encoding stays as it is. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

export type View = (data: unknown, world: World) => unknown;

/** Keys of a guest whose node has been offline for long. Source: PVE/API2Tools.pm, extract_vm_stats. */
const LASTING_GUEST_KEYS = ["id", "vmid", "node", "type", "tags", "lock", "pool", "hastate"];
/** Keys of a node without Sys.Audit. Source: PVE/API2Tools.pm, extract_node_stats. */
const PUBLIC_NODE_KEYS = ["id", "node", "type", "status", "level", "ssl_fingerprint"];
const LASTING_NODE_KEYS = ["id", "node", "type", "ssl_fingerprint"];
const BRIDGE_TYPES = new Set<unknown>(["bridge", "OVSBridge"]);

export function permissionListing(data: unknown, { rights }: World): unknown {
  return rights.listing() ?? data;
}

/** As recorded; for older snapshots and with denials: entries that give the token its privileges. */
export function aclRows(data: unknown, { rights, token }: World): unknown {
  if (Array.isArray(data) && rights.listing() === undefined) return data;
  const own = rights.acl(token) ?? [];
  return own.length === 0
    ? own
    : [...own, ...records(data).filter(({ ugid }) => !isOf(ugid, token))];
}

function isOf(ugid: unknown, { user, name }: World["token"]): boolean {
  return ugid === user || ugid === `${user}!${name}`;
}

/** Source: PVE/API2/Cluster.pm, resources. */
export function guestRows(data: unknown, { rights, moves, offline }: World): unknown {
  return mapRows(data, (row) => {
    const { pool, ...unpooled } = row;
    const vmid = Number(row["vmid"]);
    const home = String(row["node"]);
    const node = moves.nodeOf(vmid, home);
    if (node === undefined || rights.lost(["VM.Audit"], `/vms/${vmid}`)) return undefined;
    const seen = rights.lost(["Pool.Audit"], `/pool/${String(pool)}`) ? unpooled : row;
    const here = node === home ? seen : { ...seen, node };
    return offline.has(node) ? { ...picked(here, LASTING_GUEST_KEYS), status: "unknown" } : here;
  });
}

/** Source: PVE/API2/Nodes.pm, index. */
export function nodeRows(data: unknown, { rights, offline }: World): unknown {
  return mapRows(data, (row) => {
    const node = String(row["node"]);
    if (offline.has(node)) return { ...picked(row, LASTING_NODE_KEYS), status: "offline" };
    return rights.lost(["Sys.Audit"], `/nodes/${node}`) ? picked(row, PUBLIC_NODE_KEYS) : row;
  });
}

/** Source: PVE/API2/Cluster.pm, get_status. */
export function clusterRows(data: unknown, { offline }: World): unknown {
  return mapRows(
    data,
    (row) =>
      row["type"] === "node" && offline.has(String(row["name"])) ? { ...row, online: 0 } : row,
  );
}

/** Source: PVE/API2/Network.pm, index. */
export function interfaceRows(data: unknown, { cluster, rights }: World): unknown {
  if (!cluster.dialect.hidesBridges) return data;
  return mapRows(data, (row) => {
    const path = `/sdn/zones/localnetwork/${String(row["iface"])}`;
    const isHidden = BRIDGE_TYPES.has(row["type"]) && rights.lost(["SDN.Audit", "SDN.Use"], path);
    return isHidden ? undefined : row;
  });
}
