/**
 * How Proxmox VE computes rights: user.cfg → the permissions of a token, and the objects that it sees.
 * Source: pve-access-control, PVE/AccessControl.pm (roles), PVE/RPCEnvironment.pm (permissions,
 * get_effective_permissions, check_sdn_bridge), PVE/API2/ACL.pm (read_acl).
 */
import { type AclEntry, ancestorsOf } from "../../src/proxmox/rights.ts";

export interface UserConfig {
  /** "netbox@pve" */
  readonly user: string;
  /** The name of the token: "sync". */
  readonly token: string;
  readonly isSeparated: boolean;
  /** Groups that the user is in. */
  readonly groups: readonly string[];
  readonly acl: readonly AclEntry[];
  /** Role → privileges. */
  readonly roles: Readonly<Record<string, readonly string[]>>;
  /** Pool → VMIDs. */
  readonly pools: Readonly<Record<string, readonly number[]>>;
}

export interface Inventory {
  readonly vmids: readonly number[];
  readonly nodes: readonly string[];
  readonly bridges: readonly string[];
  /** Of SDN. */
  readonly zones: readonly string[];
  /** "zone/vnet" */
  readonly vnets: readonly string[];
}

/** Privilege → whether it propagates. */
type Privileges = Map<string, boolean>;

export const BUILT_IN_ROLES = {
  NoAccess: [],
  PVEAuditor: [
    "Datastore.Audit",
    "Mapping.Audit",
    "Pool.Audit",
    "SDN.Audit",
    "Sys.Audit",
    "VM.Audit",
    "VM.GuestAgent.Audit",
  ],
} as const;

/** Role → whether it propagates. */
function rolesAt(config: UserConfig, ugid: string, path: string): Map<string, boolean> {
  let roles = new Map<string, boolean>();
  const levels = [...ancestorsOf(path).toReversed(), path];
  for (const level of levels) {
    const inEffect = config.acl.filter((entry) =>
      entry.path === level && (level === path || entry.propagate)
    );
    const own = inEffect.filter((entry) => entry.type !== "group" && entry.ugid === ugid);
    const ofGroups = inEffect.filter((entry) =>
      entry.type === "group" && ugid === config.user && config.groups.includes(entry.ugid)
    );
    const decisive = own.length > 0 ? own : ofGroups;
    if (decisive.length > 0) {
      roles = new Map(decisive.map(({ roleid, propagate }) => [roleid, propagate]));
    }
  }
  const bar = roles.get("NoAccess");
  return bar === undefined ? roles : new Map([["NoAccess", bar]]);
}

function privilegesOf(config: UserConfig, ugid: string, path: string): Privileges {
  const roles = rolesAt(config, ugid, path);
  const pooled = Object.entries(config.pools)
    .filter(([, vmids]) => vmids.some((vmid) => path === `/vms/${vmid}`))
    .flatMap(([pool]) => [...rolesAt(config, ugid, `/pool/${pool}`).keys()]);
  if (!roles.has("NoAccess")) {
    if (pooled.includes("NoAccess")) return new Map();
    for (const role of pooled) if (!roles.has(role)) roles.set(role, false);
  }
  const privileges: Privileges = new Map();
  for (const [role, propagate] of roles) {
    for (const each of config.roles[role] ?? []) {
      privileges.set(each, privileges.get(each) === true || propagate);
    }
  }
  return privileges;
}

export function permissions(config: UserConfig, path: string): Privileges {
  const ofUser = privilegesOf(config, config.user, path);
  if (!config.isSeparated) return ofUser;
  const ofToken = privilegesOf(config, `${config.user}!${config.token}`, path);
  const both = [...ofToken].filter(([privilege]) => ofUser.has(privilege));
  return new Map(
    both.map(([privilege, propagate]) => [privilege, propagate && ofUser.get(privilege) === true]),
  );
}

/** The data of /access/permissions. */
export function effectivePermissions(config: UserConfig): Record<string, Record<string, number>> {
  const always = ["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"];
  const ofAcl = config.acl.flatMap(({ path }) => [path, ...ancestorsOf(path)]);
  const ofPools = Object.values(config.pools).flat().map((vmid) => `/vms/${vmid}`);
  const listing: Record<string, Record<string, number>> = {};
  for (const path of new Set([...always, ...ofAcl, ...ofPools])) {
    const privileges = [...permissions(config, path)];
    if (privileges.length === 0) continue;
    listing[path] = Object.fromEntries(privileges.map(([each, propagate]) => [each, +propagate]));
  }
  return listing;
}

/** The data of /access/acl. */
export function readAcl(config: UserConfig): Record<string, unknown>[] {
  if (!permissions(config, "/access").has("Sys.Audit")) return [];
  return config.acl.map((entry) => ({ ...entry, propagate: +entry.propagate }));
}

/** The guests, nodes with figures, bridges, zones and VNets that the listings contain. */
export function visible(config: UserConfig, site: Inventory): Inventory {
  const { vmids, nodes, bridges, zones, vnets } = site;
  const mayAny = (path: string, privileges: readonly string[]): boolean => {
    const granted = permissions(config, path);
    return privileges.some((each) => granted.has(each));
  };
  const sdn = ["SDN.Audit", "SDN.Use"];
  const maySee = (name: string): boolean =>
    mayAny(`/sdn/zones/${name}`, ["SDN.Audit", "SDN.Allocate"]);
  const aclPaths = new Set(config.acl.map(({ path }) => path));
  return {
    vmids: vmids.filter((vmid) => mayAny(`/vms/${vmid}`, ["VM.Audit"])),
    nodes: nodes.filter((node) => mayAny(`/nodes/${node}`, ["Sys.Audit"])),
    bridges: bridges.filter((bridge) => {
      const path = `/sdn/zones/localnetwork/${bridge}`;
      const vlans = [...aclPaths].filter((each) => each.startsWith(`${path}/`));
      return [path, ...vlans].some((each) => mayAny(each, sdn));
    }),
    zones: zones.filter(maySee),
    vnets: vnets.filter(maySee),
  };
}

/** Applies a command that `doctor` prints. */
export function runPveum(config: UserConfig, command: string): UserConfig {
  const [, listed] = /^pveum acl list # look for an entry on (\S+) /.exec(command) ?? [];
  if (listed !== undefined) {
    return { ...config, acl: config.acl.filter(({ path }) => path !== listed) };
  }
  if (/^pveum role add (\S+) --privs (\S+)$/.test(command)) {
    const [, role = "", privilege = ""] = /add (\S+) --privs (\S+)/.exec(command) ?? [];
    return { ...config, roles: { ...config.roles, [role]: [privilege] } };
  }
  const [, verb, path = "", role = "", , who = ""] =
    /^pveum acl (modify|delete) (\S+) --roles (\S+)( --propagate 1)?((?: --(?:users|tokens) '[^']+')+)(?: # .*)?$/
      .exec(command) ?? [];
  if (verb === undefined) throw new Error(`Not a command of pveum: ${command}`);
  const principals = [...who.matchAll(/--(user|token)s '([^']+)'/g)];
  const named = principals.map(([, type, ugid]): AclEntry => ({
    path,
    type: type as "user" | "token",
    ugid: ugid ?? "",
    roleid: role,
    propagate: true,
  }));
  const isNamed = (entry: AclEntry): boolean =>
    named.some((each) =>
      each.path === entry.path && each.ugid === entry.ugid && each.type === entry.type &&
      each.roleid === entry.roleid
    );
  const others = config.acl.filter((entry) => !isNamed(entry));
  return { ...config, acl: verb === "delete" ? others : [...others, ...named] };
}
