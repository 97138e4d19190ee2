/** The answer to an API call: as recorded, as the token sees it, or as Proxmox VE would answer. */
import { type Answer, rowsOf, type SkipReason, valueOf } from "../../proxmox/answers.ts";
import { type EndpointName, type EndpointRow, ENDPOINTS, PATHS } from "../../proxmox/endpoints.ts";
import { type DataRow, record, records } from "../../proxmox/values.ts";
import type { World } from "./cluster.ts";
import {
  apiError,
  bareError,
  type Dialect,
  notImplemented,
  type ReplyOrDrop,
  success,
} from "./replies.ts";
import type { ApiCall } from "./request.ts";

/** What the server needs besides the row of proxmox/endpoints.ts. */
interface ServedEndpoint {
  /** Query parameters and their allowed values. */
  readonly query?: Readonly<Record<string, readonly string[]>>;
  /** False: the release does not have it. */
  readonly isIn?: (dialect: Dialect) => boolean;
  /** Blocks one of the node's workers. */
  readonly isBlocking?: true;
  /** Recorded data → what the token sees in the disturbed cluster. */
  readonly view?: View;
}

/** Only what is in force is in a snapshot. */
const SDN_QUERY = { running: ["0", "1"], pending: ["0", "1"] };

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
  agentHostName: { isBlocking: true },
  lxcInterfaces: { isIn: (dialect) => dialect.hasLxcInterfaces, isBlocking: true },
  sdnZones: { query: SDN_QUERY, view: zoneRows },
  sdnVnets: { query: SDN_QUERY, view: vnetRows },
  sdnSubnets: { query: SDN_QUERY, view: subnetRows },
};

/**
 * In the order of Proxmox VE; the first outcome counts. Source: PVE/HTTPServer.pm, rest_handler.
 * @throws AppError "input" for a damaged line of the snapshot.
 */
export function answerCall(call: ApiCall, world: World): ReplyOrDrop {
  return forbidden(call, world) ?? unreachable(call, world) ?? movedAway(call, world) ??
    recorded(call, world);
}

/** Checked before the node: a token without the privilege learns nothing about the node. */
function forbidden({ endpoint, variables }: ApiCall, world: World): ReplyOrDrop | undefined {
  const { needs }: Partial<EndpointRow> = endpoint ? ENDPOINTS[endpoint] : {};
  const { cluster: { dialect }, rights } = world;
  // Up to PVE 7, all subnets are left out instead.
  const isLeftOut = endpoint === "sdnSubnets" && !dialect.hasSdnZonePaths;
  if (needs?.without !== "denied" || isLeftOut) return undefined;
  const { node = "", vmid = "", vnet = "" } = variables;
  const path = needs.on === "/sdn/zones/{zone}/{vnet}"
    ? vnetPath(vnet, world)
    : needs.on.replace("{node}", node).replace("{vmid}", String(vmid));
  const wanted = needs.privileges(dialect.major);
  if (!rights.lost(wanted, path)) return undefined;
  return apiError(dialect, 403, `Permission check failed (${path}, ${wanted.join("|")})`);
}

function unreachable({ variables: { node } }: ApiCall, { offline }: World) {
  return node !== undefined && offline.has(node) ? NO_ROUTE : undefined;
}

/** A guest that has moved is unknown on its old node. */
function movedAway(call: ApiCall, world: World): ReplyOrDrop | undefined {
  const { node, vmid = 0 } = call.variables;
  const guest = world.cluster.guests.get(vmid);
  if (guest === undefined || guest.node !== node) return undefined;
  const isHere = world.moves.nodeOf(vmid, guest.node) === node;
  return isHere ? undefined : noSuchGuest(call, world);
}

function recorded(call: ApiCall, world: World): ReplyOrDrop {
  const answer = lookUp(call, world);
  if (answer === undefined) return notRecorded(call, world);
  if ("skipped" in answer) return SKIPPED[answer.skipped](call, world);
  // One server cannot refuse connections by path, so all other failures become resets.
  if ("failed" in answer) return { drop: answer.failed === "timeout" ? "silence" : "reset" };
  const { status, error = "", data = null, ...beside } = answer;
  if (status >= 595) return bareError(status, error);
  if (status >= 400) {
    const reply = apiError(world.cluster.dialect, status, error);
    return { ...reply, envelope: { ...reply.envelope, ...beside } };
  }
  const view = call.endpoint && SERVED[call.endpoint].view;
  const seen = success({ ...beside, data: view === undefined ? data : view(data, world) });
  if (call.endpoint === "resources") world.moves.finish();
  return seen;
}

function lookUp(call: ApiCall, world: World): Answer | undefined {
  const { path, endpoint, variables, query } = call;
  const { cluster, moves } = world;
  // A snapshot has no pending changes: the config is the same with `current` and without.
  const isConfig = endpoint === "config" && queryErrors(query, SERVED.config) === undefined;
  const name = isConfig ? path : call.name;
  const { node, vmid } = variables;
  // Without `type`, Proxmox VE also lists nodes and storages, which a snapshot does not have.
  if (endpoint === "resources" && name === path) return cluster.answer(PATHS.resources);
  // Older snapshots have no ACL; its entries are made from the permissions.
  if (endpoint === "acl" && cluster.permissions !== undefined) {
    return cluster.answer(PATHS.acl) ?? { status: 200, data: null };
  }
  const guest = vmid === undefined ? undefined : cluster.guests.get(vmid);
  if (guest === undefined || moves.nodeOf(vmid ?? 0, guest.node) !== node) {
    return cluster.answer(name, node);
  }
  // The answers of a guest that moved are filed under the node on which it was captured.
  return cluster.answer(name.replace(`/nodes/${node}/`, `/nodes/${guest.node}/`), guest.node);
}

const NO_ROUTE = bareError(595, "No route to host");

type Answerer = (call: ApiCall, world: World) => ReplyOrDrop;

/** Not a text of Proxmox VE, so that it is clear that the snapshot has no answer. */
const unknown = failure("The snapshot has no answer for this path");

/** TABLE: why capture skipped a request → what Proxmox VE would have answered. Source: PVE/QemuServer/Agent.pm. */
const SKIPPED: Readonly<Record<SkipReason, Answerer>> = {
  "agent-not-running": failure("QEMU guest agent is not running"),
  "agent-off": failure("No QEMU guest agent configured"),
  "guest-stopped": notRunning,
  template: (call, world) => (call.endpoint === "config" ? unknown : notRunning)(call, world),
  unreachable: () => NO_ROUTE,
  "config-not-read": unknown,
  "out-of-scope": unknown,
};

function failure(text: string): Answerer {
  return (_, { cluster }) => apiError(cluster.dialect, 500, text);
}

function notRunning(call: ApiCall, world: World): ReplyOrDrop {
  if (call.endpoint === "lxcInterfaces") return success({ data: null });
  return failure(`VM ${call.variables.vmid} is not running`)(call, world);
}

/** A path that is not in the snapshot. */
function notRecorded(call: ApiCall, world: World): ReplyOrDrop {
  const { cluster } = world;
  const { endpoint, variables: { node, vmid, vnet } } = call;
  const row = endpoint && SERVED[endpoint];
  if (row === undefined || row.isIn?.(cluster.dialect) === false) {
    return notImplemented(cluster.dialect, `GET ${call.path}`);
  }
  const errors = queryErrors(call.query, row);
  if (errors !== undefined) {
    const reply = apiError(cluster.dialect, 400, "Parameter verification failed.");
    return { ...reply, envelope: { ...reply.envelope, errors } };
  }
  if (node !== undefined && !cluster.nodes.includes(node)) {
    // Source: PVE/Network.pm, get_ip_from_hostname.
    const reason = `failed to get address info for: ${node}: Name or service not known`;
    return apiError(cluster.dialect, 500, `hostname lookup '${node}' failed - ${reason}`);
  }
  if (vmid !== undefined && !isHere(call, world)) return noSuchGuest(call, world);
  if (vnet !== undefined && vnetRow(vnet, cluster) === undefined) {
    return failure(`sdn vnet '${vnet}' does not exist`)(call, world);
  }
  const isStopped = cluster.guests.get(vmid ?? 0)?.status === "stopped";
  return (isStopped && endpoint !== "config" ? notRunning : unknown)(call, world);
}

/** Parameter → what is wrong with it. Source: PVE/JSONSchema.pm, check_object. */
function queryErrors(
  query: URLSearchParams,
  row: ServedEndpoint,
): Record<string, string> | undefined {
  const errors = [...query].flatMap(([key, value]): [string, string][] => {
    const allowed = row.query?.[key] ?? [];
    if (allowed.includes(value)) return [];
    const text = allowed.length === 0
      ? "property is not defined in schema and the schema does not allow additional properties"
      : `value '${value}' does not have a value in the enumeration '${allowed.join(", ")}'`;
    return [[key, `${text}\n`]];
  });
  return errors.length === 0 ? undefined : Object.fromEntries(errors);
}

function isHere({ variables }: ApiCall, { cluster, moves }: World): boolean {
  const { node, kind, vmid = 0 } = variables;
  const guest = cluster.guests.get(vmid);
  return guest?.kind === kind && guest !== undefined && moves.nodeOf(vmid, guest.node) === node;
}

/** Source: PVE/AbstractConfig.pm, load_config. */
function noSuchGuest({ variables }: ApiCall, { cluster }: World): ReplyOrDrop {
  const folder = variables.kind === "lxc" ? "lxc" : "qemu-server";
  const file = `nodes/${variables.node}/${folder}/${variables.vmid}.conf`;
  return apiError(cluster.dialect, 500, `Configuration file '${file}' does not exist`);
}

type View = (data: unknown, world: World) => unknown;

/** Keys of a guest whose node has been offline for long. Source: PVE/API2Tools.pm, extract_vm_stats. */
const LASTING_GUEST_KEYS = ["id", "vmid", "node", "type", "tags", "lock", "pool", "hastate"];
/** Keys of a node without Sys.Audit. Source: PVE/API2Tools.pm, extract_node_stats. */
const PUBLIC_NODE_KEYS = ["id", "node", "type", "status", "level", "ssl_fingerprint"];
const LASTING_NODE_KEYS = ["id", "node", "type", "ssl_fingerprint"];
const BRIDGE_TYPES = new Set<unknown>(["bridge", "OVSBridge"]);

function permissionListing(data: unknown, { rights }: World): unknown {
  return rights.listing() ?? data;
}

/** As recorded; for older snapshots and with denials: entries that give the token its privileges. */
function aclRows(data: unknown, { rights, token }: World): unknown {
  if (Array.isArray(data) && rights.listing() === undefined) return data;
  const own = rights.acl(token) ?? [];
  const principals: readonly unknown[] = [token, token.replace(/!.*/, "")];
  return own.length === 0
    ? own
    : [...own, ...records(data).filter(({ ugid }) => !principals.includes(ugid))];
}

/** Source: PVE/API2/Cluster.pm, resources. */
function guestRows(data: unknown, { rights, moves, offline }: World): unknown {
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
function nodeRows(data: unknown, { rights, offline }: World): unknown {
  return mapRows(data, (row) => {
    const node = String(row["node"]);
    if (offline.has(node)) return { ...picked(row, LASTING_NODE_KEYS), status: "offline" };
    return rights.lost(["Sys.Audit"], `/nodes/${node}`) ? picked(row, PUBLIC_NODE_KEYS) : row;
  });
}

/** Source: PVE/API2/Cluster.pm, get_status. */
function clusterRows(data: unknown, { offline }: World): unknown {
  return mapRows(
    data,
    (row) =>
      row["type"] === "node" && offline.has(String(row["name"])) ? { ...row, online: 0 } : row,
  );
}

/** Source: PVE/API2/Network.pm, index. */
function interfaceRows(data: unknown, { cluster, rights }: World): unknown {
  if (!cluster.dialect.hidesBridges) return data;
  return mapRows(data, (row) => {
    const path = `/sdn/zones/localnetwork/${String(row["iface"])}`;
    const isHidden = BRIDGE_TYPES.has(row["type"]) && rights.lost(["SDN.Audit", "SDN.Use"], path);
    return isHidden ? undefined : row;
  });
}

const SDN_PRIVILEGES = ["SDN.Audit", "SDN.Allocate"];

/** Source: PVE/API2/Network/SDN/Zones.pm, index. */
function zoneRows(data: unknown, { rights }: World): unknown {
  return mapRows(
    data,
    (row) => rights.lost(SDN_PRIVILEGES, `/sdn/zones/${String(row["zone"])}`) ? undefined : row,
  );
}

/** Source: PVE/API2/Network/SDN/Vnets.pm, index. */
function vnetRows(data: unknown, world: World): unknown {
  return mapRows(data, (row) => {
    const path = vnetPath(String(row["vnet"]), world);
    return world.rights.lost(SDN_PRIVILEGES, path) ? undefined : row;
  });
}

/** Source: PVE/API2/Network/SDN/Subnets.pm, index. */
function subnetRows(data: unknown, world: World): unknown {
  if (world.cluster.dialect.hasSdnZonePaths) return data;
  return mapRows(data, (row) => {
    const path = `${vnetPath(String(row["vnet"]), world)}/subnets/${String(row["subnet"])}`;
    return world.rights.lost(SDN_PRIVILEGES, path) ? undefined : row;
  });
}

/** The path of a VNet in the access control list. */
function vnetPath(vnet: string, { cluster }: World): string {
  if (!cluster.dialect.hasSdnZonePaths) return `/sdn/vnets/${vnet}`;
  return `/sdn/zones/${String(vnetRow(vnet, cluster)?.["zone"])}/${vnet}`;
}

function vnetRow(vnet: string, cluster: World["cluster"]): DataRow | undefined {
  const rows = valueOf(rowsOf(cluster.answer(PATHS.sdnVnets))) ?? [];
  return rows.find((row) => row["vnet"] === vnet);
}

/** Drops rows for which `change` returns undefined. Other values than lists and rows stay. */
function mapRows(data: unknown, change: (row: DataRow) => DataRow | undefined): unknown {
  if (!Array.isArray(data)) return data;
  return data.map((item: unknown) => {
    const row = record(item);
    return row === undefined ? item : change(row);
  }).filter((item) => item !== undefined);
}

/** A row with only these keys. */
function picked(row: DataRow, keys: readonly string[]): DataRow {
  return Object.fromEntries(Object.entries(row).filter(([key]) => keys.includes(key)));
}
