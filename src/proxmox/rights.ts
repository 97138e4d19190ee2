/**
 * The answers of /access/permissions and /access/acl → what the token may do where.
 *
 * /access/permissions lists, with their privileges, the paths on which the token has at least one, out of those that
 * Proxmox VE evaluates: eight that are always evaluated, every path that has an entry in the access control list
 * (anybody's), and the guests and storages of pools. So an evaluated path that is not listed is one without rights,
 * and any other path inherits.
 * Source: pve-access-control, PVE/RPCEnvironment.pm (get_effective_permissions), PVE/AccessControl.pm (roles).
 */
import { type Answer, objectOf, rowsOf, valueOf } from "./answers.ts";
import { type DataRow, flag, record, text } from "./values.ts";

/** One row of /access/acl. Source: PVE/API2/ACL.pm, read_acl. */
export interface AclEntry {
  readonly path: string;
  readonly type: "user" | "group" | "token";
  /** "netbox@pve", "admins", "netbox@pve!sync" */
  readonly ugid: string;
  readonly roleid: string;
  /** Does it apply to the paths below as well? */
  readonly propagate: boolean;
}

/** A path of the access control list. */
export interface AclPlace {
  readonly path: string;
  /** Meant are the paths below it that have no entries of their own. */
  readonly isBelow?: boolean;
}

export interface Principal {
  readonly type: "user" | "token";
  readonly ugid: string;
}

/** A role without privileges that outweighs every other role on its path. */
export const NO_ACCESS = "NoAccess";

/** Of the roles that every release has. Source: PVE/AccessControl.pm, create_roles. */
export function isInRole(privilege: string, role: string): boolean {
  return role === "Administrator" || (role === "PVEAuditor" && privilege.endsWith(".Audit"));
}

/** Without this privilege on /access, /access/acl lists only what the token may change. */
const ACL_PATH = "/access";
const ACL_PRIVILEGES = ["Sys.Audit"] as const;

/**
 * `/sdn` since access-control 7.1-7; nothing is read from it before PVE 8. `/pool` since 8.0.6; before, it is "/pools"
 * that is listed.
 */
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
  readonly #listed: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** Paths that Proxmox VE evaluates, as far as they are known. */
  readonly #evaluated = new Set(ALWAYS_EVALUATED);
  /** undefined: not readable, or only in part. */
  readonly acl: readonly AclEntry[] | undefined;
  readonly #principals: readonly Principal[];

  private constructor(
    listing: Readonly<Record<string, unknown>>,
    acl: Answer | undefined,
    principals: readonly Principal[],
  ) {
    this.#principals = principals;
    this.#listed = new Map(
      Object.entries(listing).map(([path, privileges]) => [path, record(privileges) ?? {}]),
    );
    if (this.#listed.has("/pools")) this.#evaluated.delete("/pool");
    this.acl = this.has(ACL_PRIVILEGES, ACL_PATH) ? entriesOf(acl) : undefined;
    for (const { path } of this.acl ?? []) {
      for (const each of [path, ...ancestorsOf(path)]) this.#evaluated.add(each);
    }
  }

  /**
   * `principals`: the token and its user, if they are known.
   * undefined when the answer of /access/permissions is no listing: nothing is known.
   */
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

  /** Any of the privileges, on this path. */
  has(privileges: readonly string[], path: string): boolean {
    const listed = this.#listed.get(path);
    if (listed !== undefined) return privileges.some((each) => Object.hasOwn(listed, each));
    return !this.#evaluated.has(path) && this.handsDown(privileges, parentOf(path));
  }

  /** Any of the privileges, on the paths below this one that have no entries of their own. */
  handsDown(privileges: readonly string[], path: string): boolean {
    const listed = this.#listed.get(path);
    if (privileges.some((each) => Number(listed?.[each] ?? 0) === 1)) return true;
    if (this.#isGivenByRoles(privileges, { path, isBelow: true })) return true;
    const isDecisive = (listed !== undefined || this.#evaluated.has(path)) &&
      !this.#isPassedThrough(path);
    return !isDecisive && path !== "/" && this.handsDown(privileges, parentOf(path));
  }

  /** Any of the privileges, on this path and on all below. */
  reaches(privileges: readonly string[], path: string): boolean {
    return this.has(privileges, path) && this.handsDown(privileges, path) &&
      this.below(path).every((each) => this.has(privileges, each));
  }

  /** The evaluated paths below this one, as far as they are known. */
  below(path: string): string[] {
    const paths = new Set([...this.#listed.keys(), ...this.#evaluated]);
    return [...paths].filter((each) => each !== path && isBelow(each, path)).sort();
  }

  /**
   * Pools whose guests may be hidden: NoAccess on a pool takes every right from its guests, whatever their own paths
   * give. Source: PVE/RPCEnvironment.pm, compile_acl_path.
   */
  barredPools(): AclPlace[] {
    const { acl } = this;
    if (acl === undefined) return [];
    const places = ["/pool", ...this.below("/pool")]
      .flatMap((path): AclPlace[] => [{ path }, { path, isBelow: true }]);
    return places.filter((place) =>
      !this.#hasAny(place) &&
      this.#principals.some((principal) => isBarred(standingOf(place, principal, acl)))
    );
  }

  #hasAny({ path, isBelow = false }: AclPlace): boolean {
    const listed = Object.values(this.#listed.get(path) ?? {});
    return isBelow ? listed.some((each) => Number(each) === 1) : listed.length > 0;
  }

  /** /access/permissions does not show what roles that do not propagate keep from being seen. */
  #isGivenByRoles(privileges: readonly string[], place: AclPlace): boolean {
    const { acl } = this;
    if (acl === undefined || this.#principals.length === 0) return false;
    return this.#principals.every((principal) => {
      const roles = standingOf(place, principal, acl).own.map(({ roleid }) => roleid);
      return !roles.includes(NO_ACCESS) &&
        roles.some((role) => privileges.some((privilege) => isInRole(privilege, role)));
    });
  }

  /** Nothing that an entry on this path gives or takes applies to the paths below it. */
  #isPassedThrough(path: string): boolean {
    return this.acl !== undefined &&
      !this.acl.some((entry) => entry.path === path && entry.propagate);
  }
}

/** undefined when the answer is not a list of entries. */
function entriesOf(acl: Answer | undefined): AclEntry[] | undefined {
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

const TYPES = ["user", "group", "token"] as const;

function isBelow(path: string, top: string): boolean {
  return path.startsWith(top === "/" ? "/" : `${top}/`) && path !== top;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** "/vms/101" → "/vms", "/" */
export function ancestorsOf(path: string): string[] {
  if (path === "/") return [];
  return [parentOf(path), ...ancestorsOf(parentOf(path))];
}

export interface Standing {
  /** The deepest path whose entries are in effect; "/" when there are none. */
  readonly path: string;
  /** Those of the user or the token itself, which outweigh those of groups. */
  readonly own: readonly AclEntry[];
  /** For a user, who may be a member of any of them. */
  readonly ofGroups: readonly AclEntry[];
}

/** Which entries decide about a place. Source: PVE/AccessControl.pm, roles. */
export function standingOf(
  { path, isBelow = false }: AclPlace,
  principal: Principal,
  acl: readonly AclEntry[],
): Standing {
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

/** May NoAccess be in effect there? It is certain when it is the principal's own. */
export function isBarred({ own, ofGroups }: Standing): boolean {
  return (own.length > 0 ? own : ofGroups).some(({ roleid }) => roleid === NO_ACCESS);
}
