/** The answer of /access/permissions → what the token may do where. Source: proxmox.md §2.3. */
import { record } from "../snapshot/scalar.ts";
import type { Answer } from "../snapshot/schema.ts";

export class Rights {
  /** Path → privilege → 1 if paths below have it too, else 0. Only paths with any privilege are listed. */
  readonly #listed: ReadonlyMap<string, Readonly<Record<string, unknown>>>;

  private constructor(listing: Readonly<Record<string, unknown>>) {
    this.#listed = new Map(
      Object.entries(listing).map(([path, privileges]) => [path, record(privileges) ?? {}]),
    );
  }

  /** undefined when the answer is no listing: nothing is known. */
  static of(permissions: Answer): Rights | undefined {
    const listing = "data" in permissions ? record(permissions.data) : undefined;
    return listing === undefined ? undefined : new Rights(listing);
  }

  get isEmpty(): boolean {
    return [...this.#listed.values()].every((privileges) => Object.keys(privileges).length === 0);
  }

  /** Any of the privileges, on this path. */
  has(privileges: readonly string[], path: string): boolean {
    return privileges.some((privilege) => this.#flagAt(privilege, path) !== undefined);
  }

  /** Any of them, on this path and on all below. */
  reaches(privileges: readonly string[], path: string): boolean {
    return this.handsDown(privileges, path) && this.below(path, privileges).length === 0;
  }

  /** Any of them, on this path and on those below that no other role stands on. */
  handsDown(privileges: readonly string[], path: string): boolean {
    return privileges.some((privilege) => this.#flagAt(privilege, path) === 1);
  }

  /** Paths below this one on which roles stand that have none of them. */
  below(path: string, privileges: readonly string[]): string[] {
    return [...this.#listed.keys()].filter((each) =>
      each !== path && isBelow(each, path) && !this.has(privileges, each)
    );
  }

  /** Any of them, on this path or on one below. */
  touches(privileges: readonly string[], path: string): boolean {
    return this.has(privileges, path) ||
      [...this.#listed.keys()].some((each) => isBelow(each, path) && this.has(privileges, each));
  }

  /** The nearest path that is listed decides; from above only what is handed down. */
  #flagAt(privilege: string, path: string): 0 | 1 | undefined {
    const own = this.#listed.get(path);
    if (own !== undefined) {
      return Object.hasOwn(own, privilege) ? (Number(own[privilege]) === 1 ? 1 : 0) : undefined;
    }
    const above = ancestorsOf(path).find((each) => this.#listed.has(each));
    const handedDown = above === undefined ? undefined : this.#listed.get(above)?.[privilege];
    return Number(handedDown ?? 0) === 1 ? 1 : undefined;
  }
}

function isBelow(path: string, top: string): boolean {
  return path.startsWith(top === "/" ? "/" : `${top}/`);
}

/** "/vms/101" → "/vms", "/" */
function ancestorsOf(path: string): string[] {
  if (path === "/") return [];
  const above = path.slice(0, path.lastIndexOf("/")) || "/";
  return [above, ...ancestorsOf(above)];
}
