/**
 * The rights of the token, from the answers of /access/permissions and /access/acl.
 *
 * /access/permissions lists, with their privileges, the paths on which the token has at least one, out of those that
 * Proxmox VE evaluates: eight that are always evaluated, every path that has an entry in the access control list (of
 * any user), and the guests and storages of pools. So an evaluated path that is not listed is one without rights, and
 * any other path inherits.
 * Source: pve-access-control, PVE/RPCEnvironment.pm (get_effective_permissions), PVE/API2/ACL.pm (read_acl),
 * PVE/AccessControl.pm (roles).
 */
import { type Answer, objectOf, rowsOf, valueOf } from "./answers.ts";
import { type DataRow, flag, record, text } from "./values.ts";

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

/** `/sdn` since access-control 7.1-7, of use since PVE 8. `/pool` since 8.0.6; older releases list "/pools" instead. */
const ALWAYS_EVALUATED = [
  "/",
  "/access",
  "/access/groups",
  "/nodes",
  "/pool",
  "/sdn",
  "/storage",
  "/vms",
];

export class Rights {
  /** Path → privilege → 1 if the paths below inherit it, else 0. */
  readonly #listed: ReadonlyMap<string, DataRow>;
  /** The evaluated paths that are known. */
  readonly #evaluated = new Set(ALWAYS_EVALUATED);
  /** undefined: not readable, or only in part. */
  readonly acl: readonly AclEntry[] | undefined;
  readonly #principals: readonly Principal[];

  private constructor(
    listing: DataRow,
    acl: Answer | undefined,
    principals: readonly Principal[],
  ) {
    this.#principals = principals;
    this.#listed = new Map(
      Object.entries(listing).map(([path, privileges]) => [path, record(privileges) ?? {}]),
    );
    if (this.#listed.has("/pools")) this.#evaluated.delete("/pool");
    // Without this privilege, /access/acl lists only the entries that the token may change.
    this.acl = this.has(["Sys.Audit"], "/access") ? readAcl(acl) : undefined;
    for (const { path } of this.acl ?? []) {
      for (const each of [path, ...ancestorsOf(path)]) this.#evaluated.add(each);
    }
  }

  /** `principals`: the token and its user. undefined without an answer of /access/permissions. */
  static of(
    permissions: Answer | undefined,
    acl: Answer | undefined,
    principals: readonly Principal[] = [],
  ): Rights | undefined {
    const listing = valueOf(objectOf(permissions));
    return listing === undefined ? undefined : new Rights(listing, acl, principals);
  }

  get isEmpty(): boolean {
    return [...this.#listed.values()].every((privileges) => Object.keys(privileges).length === 0);
  }

  /** Has the token any of the privileges on this path? */
  has(privileges: readonly string[], path: string): boolean {
    const listed = this.#listed.get(path);
    if (listed !== undefined) return privileges.some((each) => Object.hasOwn(listed, each));
    return !this.#evaluated.has(path) && this.hasBelow(privileges, parentPath(path));
  }

  /** On the paths below this one that have no entries of their own? */
  hasBelow(privileges: readonly string[], path: string): boolean {
    const listed = this.#listed.get(path);
    if (privileges.some((each) => Number(listed?.[each] ?? 0) === 1)) return true;
    if (this.#isGivenByRoles(privileges, { path, isBelow: true })) return true;
    const isDecisive = (listed !== undefined || this.#evaluated.has(path)) &&
      !this.#isPassedThrough(path);
    return !isDecisive && path !== "/" && this.hasBelow(privileges, parentPath(path));
  }

  /** On this path and on all below? */
  hasEverywhere(privileges: readonly string[], path: string): boolean {
    return this.has(privileges, path) && this.hasBelow(privileges, path) &&
      this.pathsBelow(path).every((each) => this.has(privileges, each));
  }

  /** The known evaluated paths below this one. */
  pathsBelow(path: string): string[] {
    const paths = new Set([...this.#listed.keys(), ...this.#evaluated]);
    return [...paths].filter((each) => each !== path && isBelow(each, path)).sort();
  }

  /**
   * Pools whose guests may be hidden: NoAccess on a pool takes every right from its guests, no matter what their own
   * paths give. Source: PVE/RPCEnvironment.pm, compile_acl_path.
   */
  poolsWithNoAccess(): AclPlace[] {
    const { acl } = this;
    if (acl === undefined) return [];
    const places = ["/pool", ...this.pathsBelow("/pool")]
      .flatMap((path): AclPlace[] => [{ path }, { path, isBelow: true }]);
    return places.filter((place) =>
      !this.#hasAny(place) &&
      this.#principals.some((principal) => mayHaveNoAccess(effectiveEntries(place, principal, acl)))
    );
  }

  #hasAny({ path, isBelow = false }: AclPlace): boolean {
    const listed = Object.values(this.#listed.get(path) ?? {});
    return isBelow ? listed.some((each) => Number(each) === 1) : listed.length > 0;
  }

  /** An entry that does not propagate hides from /access/permissions what the paths below inherit. */
  #isGivenByRoles(privileges: readonly string[], place: AclPlace): boolean {
    const { acl } = this;
    if (acl === undefined || this.#principals.length === 0) return false;
    return this.#principals.every((principal) => {
      const roles = effectiveEntries(place, principal, acl).own.map(({ roleid }) => roleid);
      return !roles.includes(NO_ACCESS) &&
        roles.some((role) => privileges.some((privilege) => isInRole(privilege, role)));
    });
  }

  /** No entry on this path applies to the paths below it. */
  #isPassedThrough(path: string): boolean {
    return this.acl !== undefined &&
      !this.acl.some((entry) => entry.path === path && entry.propagate);
  }
}

function isBelow(path: string, top: string): boolean {
  return path.startsWith(top === "/" ? "/" : `${top}/`) && path !== top;
}
