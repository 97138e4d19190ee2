/** What the token may read of each endpoint, and the commands that grant what is missing. */
import {
  type EndpointName,
  type EndpointRow,
  ENDPOINTS,
  type Need,
  parsePath,
  PATHS,
} from "../proxmox/endpoints.ts";
import {
  type AclEntry,
  type AclPlace,
  effectiveEntries,
  isInRole,
  mayHaveNoAccess,
  NO_ACCESS,
  type Principal,
  type Rights,
} from "../proxmox/rights.ts";
import type { ApiToken } from "./token.ts";

export interface Access {
  readonly endpoint: EndpointName;
  readonly may: "all" | "part" | "none";
  /** Any one of these is enough; empty when nothing is missing. */
  readonly lacks: readonly string[];
  /** Where they are missing, as paths of the access control list. */
  readonly on: readonly AclGap[];
}

/** Where the token lacks a privilege. */
export interface AclGap extends AclPlace {
  /** Only a role NoAccess is in the way. */
  readonly isBarred?: boolean;
}

/** A privilege that is missing, and where. */
export interface Lack extends AclGap {
  readonly privilege: string;
}

export interface AccessContext {
  readonly rights: Rights;
  /** Major version of Proxmox VE. */
  readonly major: number;
  readonly nodes: readonly string[];
}

export function accessTo(endpoint: EndpointName, context: AccessContext): Access {
  const { needs }: EndpointRow = ENDPOINTS[endpoint];
  const privileges = needs?.privileges(context.major) ?? [];
  if (needs === undefined || privileges.length === 0) {
    return { endpoint, may: "all", lacks: [], on: [] };
  }
  const on = GAP_FINDERS[needs.on](privileges, context);
  // The token has the privilege, but the call failed.
  if (endpoint === "acl" && on.length === 0 && context.rights.acl === undefined) {
    return { endpoint, may: "none", lacks: [], on };
  }
  if (on.length === 0) return { endpoint, may: "all", lacks: [], on };
  const isPart = mayReadSome(needs, privileges, context);
  return { endpoint, may: isPart ? "part" : "none", lacks: privileges, on };
}

type GapFinder = (privileges: readonly string[], context: AccessContext) => AclGap[];

const LOCAL_NETWORK = "/sdn/zones/localnetwork";

/** TABLE: where an endpoint needs its privileges → where they are missing. */
const GAP_FINDERS: Readonly<Record<Need["on"], GapFinder>> = {
  "/": (privileges, { rights }) => lacking(["/"], privileges, rights),
  "/access": (privileges, { rights }) => lacking(["/access"], privileges, rights),
  "/nodes/{node}": (privileges, { rights, nodes }) =>
    lacking(nodes.map((node) => `/nodes/${node}`), privileges, rights),
  "/vms/{vmid}": (privileges, { rights }) => [
    ...lackingBelow("/vms", privileges, rights),
    ...lacking(rights.pathsBelow("/vms"), privileges, rights),
    ...rights.poolsWithNoAccess().map((place): AclGap => ({ ...place, isBarred: true })),
  ],
  // A bridge is shown with rights on one of its VLANs as well.
  // Source: PVE/RPCEnvironment.pm, check_sdn_bridge.
  "/sdn/zones/localnetwork": (privileges, { rights }) => {
    const below = rights.pathsBelow(LOCAL_NETWORK);
    const bridges = below.filter((path) =>
      depthOf(path) === BRIDGE_DEPTH &&
      !below.some((vlan) => vlan.startsWith(`${path}/`) && rights.has(privileges, vlan))
    );
    return [
      ...lackingBelow(LOCAL_NETWORK, privileges, rights),
      ...lacking(bridges, privileges, rights),
    ];
  },
  "/sdn/zones/{zone}": (privileges, { rights }) => [
    ...lackingBelow(ZONES, privileges, rights),
    ...lacking(zonesIn(rights), privileges, rights),
  ],
  // Up to PVE 7, VNets and their subnets have paths of their own.
  "/sdn/zones/{zone}/{vnet}": (privileges, { rights, major }) => {
    const isOwn = major < SDN_PATHS_SINCE;
    const tops = isOwn ? [VNETS] : [ZONES, ...zonesIn(rights)];
    const vnets = isOwn ? rights.pathsBelow(VNETS) : vnetsIn(rights);
    return [
      ...tops.flatMap((path) => lackingBelow(path, privileges, rights)),
      ...lacking(vnets, privileges, rights),
    ];
  },
};

const BRIDGE_DEPTH = depthOf(`${LOCAL_NETWORK}/vmbr0`);

/**
 * The major version since which VNets are below their zone: since pve-network 0.8.2, so 8.0 is like 7, which makes a
 * difference only to entries for single VNets.
 */
export const SDN_PATHS_SINCE = 8;
const ZONES = "/sdn/zones";
const VNETS = "/sdn/vnets";

/** The known evaluated paths of zones. The bridges of nodes are in a zone of their own. */
function zonesIn(rights: Rights): string[] {
  return sdnPathsIn(rights).filter((path) => depthOf(path) === depthOf(LOCAL_NETWORK));
}

function vnetsIn(rights: Rights): string[] {
  return sdnPathsIn(rights).filter((path) => depthOf(path) === BRIDGE_DEPTH);
}

function sdnPathsIn(rights: Rights): string[] {
  return rights.pathsBelow(ZONES).filter((path) => !`${path}/`.startsWith(`${LOCAL_NETWORK}/`));
}

function depthOf(path: string): number {
  return path.split("/").length;
}

function lacking(
  paths: readonly string[],
  privileges: readonly string[],
  rights: Rights,
): AclGap[] {
  return paths.filter((path) => !rights.has(privileges, path)).map((path) => ({ path }));
}

function lackingBelow(path: string, privileges: readonly string[], rights: Rights): AclGap[] {
  return rights.hasBelow(privileges, path) ? [] : [{ path, isBelow: true }];
}

function mayReadSome({ on }: Need, privileges: readonly string[], context: AccessContext): boolean {
  const { rights, nodes, major } = context;
  if (on === "/nodes/{node}") {
    return nodes.some((node) => rights.has(privileges, `/nodes/${node}`));
  }
  // Every token gets the entries that it may change.
  if (on === "/access") return true;
  const isSdn = on.startsWith("/sdn/zones/{");
  const top = isSdn && on.endsWith("{vnet}") && major < SDN_PATHS_SINCE
    ? VNETS
    : on.replace(/\/\{.*$/, "");
  const below = isSdn && top === ZONES ? sdnPathsIn(rights) : rights.pathsBelow(top);
  return top !== "/" && (rights.hasBelow(privileges, top) ||
    below.some((path) => rights.has(privileges, path)));
}

/** Of several privileges the first is enough. */
export function lacksOf({ lacks: [privilege], on }: Access): Lack[] {
  return privilege === undefined ? [] : on.map((place) => ({ privilege, ...place }));
}

/**
 * API paths of answers that are incomplete because the token sees only a part. `sdnLists`: the lists of SDN out of
 * which rows may be left.
 */
export function filteredPaths(
  context: AccessContext,
  sdnLists: readonly string[] = [],
): string[] {
  const isShort = (endpoint: EndpointName): boolean => accessTo(endpoint, context).may !== "all";
  return [
    ...(context.rights.acl === undefined ? [PATHS.acl] : []),
    ...(isShort("resources") ? [PATHS.resources] : []),
    ...(isShort("nodes") ? [PATHS.nodes] : []),
    ...(isShort("network") ? context.nodes.map(PATHS.network) : []),
    ...sdnLists.filter((path) => {
      const endpoint = parsePath(path)?.endpoint;
      return endpoint !== undefined && isShort(endpoint);
    }),
  ];
}

export interface GrantCommand {
  readonly text: string;
  /** Path of the access control list that it changes. */
  readonly path?: string;
}

/** One change of the access control list, for one user or token. */
interface Change {
  readonly verb: "delete" | "modify";
  readonly path: string;
  readonly roleid: string;
  readonly principal: Principal;
  /** The role is there, and does not apply to the paths below. */
  readonly isRepeated: boolean;
  /** The groups whose NoAccess it outweighs. */
  readonly outweighed?: readonly string[];
}

/** A privilege that PVEAuditor does not include, and the role that is created for it. */
const MONITOR = "VM.Monitor";
const AUDITOR_ROLE = "PVEAuditor";
const MONITOR_ROLE = "GuestAgentMonitor";

/**
 * Commands, for a shell on any node, that grant what is missing. A token may do what both it and its user may, so
 * both need the role. A role on a path replaces what that user or token inherits; so each role is granted where the
 * roles in effect come from.
 *
 * Without the access control list, the existing roles are not known: the role is granted on "/", unless "/" already
 * propagates the privilege. Then an entry on the path is in the way, which only a reader of the list can find.
 * Source: pve-access-control, PVE/AccessControl.pm (roles).
 */
export function grantsFor(
  lacks: readonly Lack[],
  token: ApiToken,
  rights: Rights | undefined,
): GrantCommand[] {
  const acl = rights?.acl;
  if (acl !== undefined) {
    return commandsOf(lacks.flatMap((lack) => changesFor(lack, token, acl)), acl);
  }
  const isHandedDown = ({ privilege }: Lack): boolean =>
    rights?.hasBelow([privilege], "/") === true;
  const onTop = lacks.filter((lack) => !isHandedDown(lack));
  const lists = lacks.filter(isHandedDown).map(({ privilege, path }): [string, GrantCommand] => {
    const text = `pveum acl list # look for an entry on ${path} that takes ${privilege} away`;
    return [text, { text, path }];
  });
  return [
    ...commandsOf(onTop.flatMap(({ privilege }) => changesOnTop(privilege, token, rights))),
    ...new Map(lists).values(),
  ];
}

function roleFor(privilege: string): string {
  return privilege === MONITOR ? MONITOR_ROLE : AUDITOR_ROLE;
}

function changesOnTop(privilege: string, token: ApiToken, rights: Rights | undefined): Change[] {
  return token.principals.map((principal) => ({
    verb: "modify",
    path: "/",
    roleid: roleFor(privilege),
    principal,
    // The role is there, but does not propagate.
    isRepeated: rights?.has([privilege], "/") === true,
  }));
}

function changesFor(lack: Lack, token: ApiToken, acl: readonly AclEntry[]): Change[] {
  const found = token.principals.map((principal) => changesOf(lack, principal, acl));
  const certain = found.filter(({ isByGroup }) => !isByGroup).flatMap(({ changes }) => changes);
  // The groups of the user are not known. If the token alone explains what is missing, they may be fine.
  return certain.length > 0 ? certain : found.flatMap(({ changes }) => changes);
}

/** What a user or a token itself lacks. */
function changesOf(
  lack: Lack,
  principal: Principal,
  acl: readonly AclEntry[],
): { readonly changes: Change[]; readonly isByGroup: boolean } {
  const changes: Change[] = [];
  let entries = acl;
  for (;;) {
    const effective = effectiveEntries(lack, principal, entries);
    const { path, own, ofGroups } = effective;
    const isByGroup = own.length === 0 && ofGroups.length > 0;
    const bar = own.find(({ roleid }) => roleid === NO_ACCESS);
    if (bar !== undefined) {
      changes.push({ verb: "delete", path, roleid: NO_ACCESS, principal, isRepeated: false });
      entries = entries.filter((entry) => entry !== bar);
      continue;
    }
    const role = roleFor(lack.privilege);
    const isGiven = own.some(({ roleid }) => roleid === role || isInRole(lack.privilege, roleid));
    if (isGiven || (lack.isBarred === true && !mayHaveNoAccess(effective))) {
      return { changes, isByGroup };
    }
    // An entry for the user replaces those of its groups.
    const roles = isByGroup && role !== AUDITOR_ROLE ? [AUDITOR_ROLE, role] : [role];
    const isThere = (roleid: string): boolean =>
      acl.some((entry) =>
        entry.roleid === roleid && entry.path === path && entry.ugid === principal.ugid
      );
    const outweighed = isByGroup
      ? ofGroups.filter(({ roleid }) => roleid === NO_ACCESS).map(({ ugid }) => ugid)
      : [];
    for (const roleid of roles) {
      const isRepeated = isThere(roleid);
      changes.push({ verb: "modify", path, roleid, principal, isRepeated, outweighed });
    }
    return { changes, isByGroup };
  }
}

/** One command for each path and role; a new role is created first. */
function commandsOf(changes: readonly Change[], acl: readonly AclEntry[] = []): GrantCommand[] {
  const groups = Map.groupBy(
    changes,
    ({ verb, path, roleid, isRepeated }) => JSON.stringify([verb, path, roleid, isRepeated]),
  );
  const ordered = [...groups.values()].sort(([a], [b]) => rank(a) - rank(b));
  const at = ordered.findIndex(([change]) => change?.roleid === MONITOR_ROLE);
  const commands = ordered.flatMap((group) => commandOf(group));
  const made = { text: `pveum role add ${MONITOR_ROLE} --privs ${MONITOR}` };
  const isMade = at === -1 || acl.some(({ roleid }) => roleid === MONITOR_ROLE);
  return isMade ? commands : commands.toSpliced(at, 0, made);
}

function rank(change: Change | undefined): number {
  if (change?.verb === "delete") return 0;
  return change?.roleid === MONITOR_ROLE ? 2 : 1;
}

function commandOf(changes: readonly Change[]): GrantCommand[] {
  const [first] = changes;
  if (first === undefined) return [];
  const { verb, path, roleid, isRepeated } = first;
  const named = (type: Principal["type"]): string => {
    const ugids = new Set(
      changes.filter(({ principal }) => principal.type === type).map(({ principal }) =>
        principal.ugid
      ),
    );
    return ugids.size === 0 ? "" : ` --${type}s ${[...ugids].map(quoted).join(",")}`;
  };
  const propagate = isRepeated ? " --propagate 1" : "";
  const groups = [...new Set(changes.flatMap(({ outweighed = [] }) => outweighed))].sort();
  const why = groups.length === 0 ? "" : ` # outweighs NoAccess of group ${groups.join(", ")}`;
  const at = PLAIN_REGEXP.test(path) ? path : quoted(path);
  const who = `${named("user")}${named("token")}`;
  return [{ text: `pveum acl ${verb} ${at} --roles ${roleid}${propagate}${who}${why}`, path }];
}

/** Needs no quotes in a shell. */
const PLAIN_REGEXP = /^[\w/.:-]+$/;

/** For a shell, where "!" may be special. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
