/** What the token may read, endpoint by endpoint: all of it, a part, or none. */
import { PATHS } from "../snapshot/paths.ts";
import type { AclPlace, Rights } from "../snapshot/rights.ts";
import { count, record, text } from "../snapshot/scalar.ts";
import type { Answer } from "../snapshot/schema.ts";
import { type EndpointName, type EndpointRow, ENDPOINTS, type Need } from "./endpoints.ts";

export interface Access {
  readonly endpoint: EndpointName;
  readonly may: "all" | "part" | "none";
  /** Any of these would do; empty when nothing is missing. */
  readonly lacks: readonly string[];
  /** Where they are missing, as paths of the access control list. */
  readonly on: readonly Gap[];
}

/** Where the token lacks a privilege. */
export interface Gap extends AclPlace {
  /** Nothing is missing but that NoAccess is taken away. */
  readonly isBarred?: boolean;
}

/** A privilege, and where it is missing. */
export interface Lack extends Gap {
  readonly privilege: string;
}

export interface Setting {
  readonly rights: Rights;
  /** Of Proxmox VE. */
  readonly major: number;
  readonly nodes: readonly string[];
}

export function accessTo(endpoint: EndpointName, setting: Setting): Access {
  const { needs }: EndpointRow = ENDPOINTS[endpoint];
  const privileges = needs?.privileges(setting.major) ?? [];
  if (needs === undefined || privileges.length === 0) {
    return { endpoint, may: "all", lacks: [], on: [] };
  }
  const on = JUDGES[needs.on](privileges, setting);
  // The token may read it, and the call failed.
  if (endpoint === "acl" && on.length === 0 && setting.rights.acl === undefined) {
    return { endpoint, may: "none", lacks: [], on };
  }
  if (on.length === 0) return { endpoint, may: "all", lacks: [], on };
  const isPart = mayReadSome(needs, privileges, setting);
  return { endpoint, may: isPart ? "part" : "none", lacks: privileges, on };
}

type Judge = (privileges: readonly string[], setting: Setting) => Gap[];

const LOCAL_NETWORK = "/sdn/zones/localnetwork";

/** TABLE: where privileges are looked for → where they are missing. */
const JUDGES: Readonly<Record<Need["on"], Judge>> = {
  "/": (privileges, { rights }) => lacking(["/"], privileges, rights),
  "/access": (privileges, { rights }) => lacking(["/access"], privileges, rights),
  "/nodes/{node}": (privileges, { rights, nodes }) =>
    lacking(nodes.map((node) => `/nodes/${node}`), privileges, rights),
  "/vms/{vmid}": (privileges, { rights }) => [
    ...notHandedDown("/vms", privileges, rights),
    ...lacking(rights.below("/vms"), privileges, rights),
    ...rights.barredPools().map((place): Gap => ({ ...place, isBarred: true })),
  ],
  // A bridge is shown with rights on one of its VLANs as well.
  // Source: PVE/RPCEnvironment.pm, check_sdn_bridge.
  "/sdn/zones/localnetwork": (privileges, { rights }) => {
    const below = rights.below(LOCAL_NETWORK);
    const bridges = below.filter((path) =>
      path.split("/").length === BRIDGE_DEPTH &&
      !below.some((vlan) => vlan.startsWith(`${path}/`) && rights.has(privileges, vlan))
    );
    return [
      ...notHandedDown(LOCAL_NETWORK, privileges, rights),
      ...lacking(bridges, privileges, rights),
    ];
  },
};

const BRIDGE_DEPTH = `${LOCAL_NETWORK}/vmbr0`.split("/").length;

function lacking(paths: readonly string[], privileges: readonly string[], rights: Rights): Gap[] {
  return paths.filter((path) => !rights.has(privileges, path)).map((path) => ({ path }));
}

function notHandedDown(path: string, privileges: readonly string[], rights: Rights): Gap[] {
  return rights.handsDown(privileges, path) ? [] : [{ path, isBelow: true }];
}

function mayReadSome({ on }: Need, privileges: readonly string[], setting: Setting): boolean {
  const { rights, nodes } = setting;
  if (on === "/nodes/{node}") {
    return nodes.some((node) => rights.has(privileges, `/nodes/${node}`));
  }
  // Whoever may read nothing else still gets the entries that the token may change.
  if (on === "/access") return true;
  const top = on.replace("/{vmid}", "");
  return top !== "/" && (rights.handsDown(privileges, top) ||
    rights.below(top).some((path) => rights.has(privileges, path)));
}

/** Of several privileges the first would do. */
export function lacksOf({ lacks: [privilege], on }: Access): Lack[] {
  return privilege === undefined ? [] : on.map((place) => ({ privilege, ...place }));
}

/** API paths of good answers that are shorter than the cluster is, since the token sees but a part. */
export function filteredPaths(setting: Setting): string[] {
  const isShort = (endpoint: EndpointName): boolean => accessTo(endpoint, setting).may !== "all";
  return [
    ...(setting.rights.acl === undefined ? [PATHS.acl] : []),
    ...(isShort("resources") ? [PATHS.resources] : []),
    ...(isShort("nodes") ? [PATHS.nodes] : []),
    ...(isShort("network") ? setting.nodes.map(PATHS.network) : []),
  ];
}

/** "9.1.4", "7.4-16"; undefined when the answer does not say. */
export function versionOf(answer: Answer): string | undefined {
  return "data" in answer ? text(record(answer.data)?.["version"]) : undefined;
}

/** 9, 7 */
export function majorOf(answer: Answer): number | undefined {
  return count(/^\d+/.exec(versionOf(answer) ?? "")?.[0]);
}
