/**
 * The access control list of Proxmox VE: its entries, and which of them are in effect on a path.
 * Source: pve-access-control, PVE/API2/ACL.pm (read_acl), PVE/AccessControl.pm (roles).
 */
import { type Answer, rowsOf, valueOf } from "./answers.ts";
import { type DataRow, flag, text } from "./values.ts";

const TYPES = ["user", "group", "token"] as const;

/** A row of /access/acl. */
export interface AclEntry {
  readonly path: string;
  readonly type: (typeof TYPES)[number];
  /** "netbox@pve", "admins", "netbox@pve!sync" */
  readonly ugid: string;
  readonly roleid: string;
  /** It applies to the paths below as well. */
  readonly propagate: boolean;
}

/** A path of the access control list, or the paths below it. */
export interface AclPlace {
  readonly path: string;
  /** True: the paths below it that have no entries of their own. */
  readonly isBelow?: boolean;
}

export interface Principal {
  readonly type: "user" | "token";
  readonly ugid: string;
}

/** A role without privileges that outweighs every other role on its path. */
export const NO_ACCESS = "NoAccess";

/** Knows the roles that every release has. Source: PVE/AccessControl.pm, create_roles. */
export function isInRole(privilege: string, role: string): boolean {
  return role === "Administrator" || (role === "PVEAuditor" && privilege.endsWith(".Audit"));
}

/** undefined when the answer is not a list of entries. */
export function readAcl(acl: Answer | undefined): AclEntry[] | undefined {
  const entries = valueOf(rowsOf(acl))?.map(entryOf);
  return entries === undefined || entries.includes(undefined)
    ? undefined
    : entries.filter((entry) => entry !== undefined);
}

function entryOf(row: DataRow): AclEntry | undefined {
  const [path, ugid, roleid] = [text(row["path"]), text(row["ugid"]), text(row["roleid"])];
  const type = TYPES.find((each) => each === row["type"]);
  if (path === undefined || ugid === undefined || roleid === undefined) return undefined;
  return type && { path, type, ugid, roleid, propagate: flag(row["propagate"]) !== false };
}

export function parentPath(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** "/vms/101" → "/vms", "/" */
export function ancestorsOf(path: string): string[] {
  if (path === "/") return [];
  return [parentPath(path), ...ancestorsOf(parentPath(path))];
}

export interface EffectiveEntries {
  /** The deepest path that has entries in effect; "/" when there are none. */
  readonly path: string;
  /** Entries of the user or the token itself, which outweigh those of groups. */
  readonly own: readonly AclEntry[];
  /** Of a user, who may be a member of any of these groups. */
  readonly ofGroups: readonly AclEntry[];
}

/** The entries that decide what a user or a token may do on a path. */
export function effectiveEntries(
  { path, isBelow = false }: AclPlace,
  principal: Principal,
  acl: readonly AclEntry[],
): EffectiveEntries {
  for (const level of [path, ...ancestorsOf(path)]) {
    const isFinal = level === path && !isBelow;
    const inEffect = acl.filter((entry) => entry.path === level && (isFinal || entry.propagate));
    const own = inEffect.filter((entry) => isOf(entry, principal));
    const ofGroups = principal.type === "user"
      ? inEffect.filter(({ type }) => type === "group")
      : [];
    if (own.length > 0 || ofGroups.length > 0) return { path: level, own, ofGroups };
  }
  return { path: "/", own: [], ofGroups: [] };
}

function isOf({ type, ugid }: AclEntry, principal: Principal): boolean {
  return type === principal.type && ugid === principal.ugid;
}

/** Certain for an own entry; possible for an entry of a group. */
export function mayHaveNoAccess({ own, ofGroups }: EffectiveEntries): boolean {
  return (own.length > 0 ? own : ofGroups).some(({ roleid }) => roleid === NO_ACCESS);
}
