/** TABLE: recorded data → the data that the token sees of the cluster as it is now. */
import type { World } from "./disturbances.ts";

export type View = (data: unknown, world: World) => unknown;

type Row = Readonly<Record<string, unknown>>;

/** What is known of a guest whose node has been away for long. PVE/API2Tools.pm, extract_vm_stats. */
const LASTING_GUEST_KEYS = ["id", "vmid", "node", "type", "tags", "lock", "pool", "hastate"];
/** What is known of any node without Sys.Audit. PVE/API2Tools.pm, extract_node_stats. */
const PUBLIC_NODE_KEYS = ["id", "node", "type", "status", "level", "ssl_fingerprint"];
const LASTING_NODE_KEYS = ["id", "node", "type", "ssl_fingerprint"];
const BRIDGE_TYPES = new Set<unknown>(["bridge", "OVSBridge"]);

export function permissionListing(data: unknown, { rights }: World): unknown {
  return rights.listing() ?? data;
}

/** Source: PVE/API2/Cluster.pm, resources. */
export function guestRows(data: unknown, { rights, moves, offline }: World): unknown {
  return mapRows(data, (row) => {
    const vmid = Number(row["vmid"]);
    const node = moves.nodeOf(vmid, String(row["node"]));
    if (node === undefined || rights.lost(["VM.Audit"], `/vms/${vmid}`)) return undefined;
    const here = { ...row, ...(row["node"] === node ? {} : { node }) };
    const seen = rights.lost(["Pool.Audit"], `/pool/${String(row["pool"])}`)
      ? without(here, "pool")
      : here;
    return offline.has(node) ? { ...picked(seen, LASTING_GUEST_KEYS), status: "unknown" } : seen;
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

/** Rows for which `change` gives nothing are left out. What is no list of rows stays as it is. */
function mapRows(data: unknown, change: (row: Row) => Row | undefined): unknown {
  if (!Array.isArray(data)) return data;
  return data.flatMap((row: unknown) => {
    const isRow = typeof row === "object" && row !== null && !Array.isArray(row);
    return isRow ? change(row as Row) ?? [] : [row];
  });
}

function picked(row: Row, keys: readonly string[]): Row {
  return Object.fromEntries(Object.entries(row).filter(([key]) => keys.includes(key)));
}

function without(row: Row, key: string): Row {
  return Object.fromEntries(Object.entries(row).filter(([each]) => each !== key));
}
