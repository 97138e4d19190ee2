/** TABLE: recorded data → the data that the token sees of the cluster as it is now. */
import type { World } from "./disturbances.ts";
import { mapRows, picked, rowsOf } from "./rows.ts";

export type View = (data: unknown, world: World) => unknown;

/** What is known of a guest whose node has been away for long. PVE/API2Tools.pm, extract_vm_stats. */
const LASTING_GUEST_KEYS = ["id", "vmid", "node", "type", "tags", "lock", "pool", "hastate"];
/** What is known of any node without Sys.Audit. PVE/API2Tools.pm, extract_node_stats. */
const PUBLIC_NODE_KEYS = ["id", "node", "type", "status", "level", "ssl_fingerprint"];
const LASTING_NODE_KEYS = ["id", "node", "type", "ssl_fingerprint"];
const BRIDGE_TYPES = new Set<unknown>(["bridge", "OVSBridge"]);

export function permissionListing(data: unknown, { rights }: World): unknown {
  return rights.listing() ?? data;
}

/** As recorded; in a snapshot of before, or with denials, with entries that give the token its rights. */
export function aclRows(data: unknown, { rights, token }: World): unknown {
  if (Array.isArray(data) && rights.listing() === undefined) return data;
  const own = rights.acl(token) ?? [];
  return own.length === 0
    ? own
    : [...own, ...rowsOf(data).filter(({ ugid }) => !isOf(ugid, token))];
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
