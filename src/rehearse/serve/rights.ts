/** The privileges of the token: those that the snapshot recorded, without those that are denied. */
import { usageError } from "../../base/errors.ts";
import { ancestorsOf, NO_ACCESS } from "../../proxmox/rights.ts";

/** Path → privilege → 1 when paths below inherit it. The answer of /access/permissions. */
export type GrantedPrivileges = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A privilege to take from the token. */
export interface Denial {
  /** "VM.Audit", or NoAccess for all of them. */
  readonly privilege: string;
  /** On this path and below; everywhere without one. */
  readonly path?: string;
  /** Only below the path: the privilege does not propagate. */
  readonly isBelow?: boolean;
}

const DENIAL_REGEXP =
  /^(?<privilege>NoAccess|[A-Z]\w+(?:\.[A-Z]\w+)+)(?::(?=\/)(?<path>\/|(?:\/[\w.-]+)*)(?<below>(?<=:\/)\*|\/\*)?)?$/;

/** "VM.Audit", "VM.Audit:/vms/104", "NoAccess:/vms/104"; "VM.Audit:/vms/*": only below. @throws AppError "usage". */
export function parseDenial(text: string): Denial {
  const { privilege, path, below } = DENIAL_REGEXP.exec(text)?.groups ?? {};
  if (privilege === undefined) {
    throw usageError(`Cannot deny "${text}"`, {
      hint: 'Write a privilege such as VM.Audit, with a path: "VM.Audit:/vms/104", "VM.Audit:/*"',
    });
  }
  if (path === undefined) return { privilege };
  return { privilege, path: path || "/", ...(below === undefined ? {} : { isBelow: true }) };
}

export class TokenRights {
  readonly #listing: GrantedPrivileges | undefined;
  readonly #denials: readonly Denial[];

  /** A snapshot without a listing: the token is assumed to have had all privileges. */
  constructor(listing: GrantedPrivileges | undefined, denials: readonly Denial[]) {
    this.#listing = listing;
    this.#denials = denials;
  }

  /**
   * True when the token had one of these privileges and the denials take all of them. A privilege that
   * it never had does not count: the recorded answer already reflects that.
   */
  lost(privileges: readonly string[], path: string): boolean {
    const granted = privileges.filter((privilege) => this.#isGranted(privilege, path));
    return granted.length > 0 && granted.every((privilege) => this.#isDenied(privilege, path));
  }

  /** The token had it on some path, or the snapshot has no listing. */
  had(privilege: string): boolean {
    return this.#listing === undefined || privilege === NO_ACCESS ||
      Object.values(this.#listing).some((rights) => Object.hasOwn(rights, privilege));
  }

  /**
   * The listing after denials; undefined without denials. Paths without a privilege are not listed, as
   * in Proxmox VE.
   */
  listing(): GrantedPrivileges | undefined {
    const recorded = this.#listing;
    if (recorded === undefined || this.#denials.length === 0) return undefined;
    const paths = new Set([
      ...Object.keys(recorded),
      ...this.#denials.flatMap(({ path = "/" }) => [path, ...ancestorsOf(path)]),
    ]);
    const listed = [...paths].map((path) => [path, this.#privilegesAt(path)] as const);
    return Object.fromEntries(listed.filter(([, rights]) => Object.keys(rights).length > 0));
  }

  /**
   * ACL entries that give the token, "user@realm!name", these privileges, as far as built-in roles can.
   * undefined: the snapshot has no listing. Empty: the token may not read the ACL.
   * Source: PVE/API2/ACL.pm, read_acl.
   */
  acl(token: string): Record<string, unknown>[] | undefined {
    const listing = this.listing() ?? this.#listing;
    if (listing === undefined) return undefined;
    if (!Object.hasOwn(listing["/access"] ?? {}, "Sys.Audit")) return [];
    const entry = (path: string, roleid: string, propagate = 1) => ({
      path,
      type: "token",
      ugid: token,
      roleid,
      propagate,
    });
    const denied = this.#denials.flatMap(({ privilege, path = "/", isBelow = false }) => [
      entry(path, privilege === NO_ACCESS ? NO_ACCESS : `Without-${privilege}`),
      ...(isBelow ? [entry(path, "PVEAuditor", 0)] : []),
    ]);
    const isOnTop = denied.some(({ path }) => path === "/");
    return [
      { ...entry("/", "PVEAuditor"), type: "user", ugid: token.replace(/!.*/, "") },
      ...(isOnTop ? [] : [entry("/", "PVEAuditor")]),
      ...denied,
    ];
  }

  #privilegesAt(path: string): Record<string, unknown> {
    const granted = Object.entries(this.#inherited(path));
    const left = granted.filter(([privilege]) => !this.#isDenied(privilege, path));
    return Object.fromEntries(left.map(([privilege, flag]) => {
      const isStopped = this.#denials.some((denial) =>
        denial.isBelow === true && denial.path === path && denial.privilege === privilege
      );
      return [privilege, isStopped ? 0 : flag];
    }));
  }

  #isGranted(privilege: string, path: string): boolean {
    return this.#listing === undefined || Object.hasOwn(this.#inherited(path), privilege);
  }

  /** The nearest listed path counts; from paths above only what propagates. */
  #inherited(path: string): Readonly<Record<string, unknown>> {
    const listing = this.#listing ?? {};
    if (Object.hasOwn(listing, path)) return listing[path] ?? {};
    const above = ancestorsOf(path).find((each) => Object.hasOwn(listing, each));
    const rights = above === undefined ? {} : listing[above] ?? {};
    return Object.fromEntries(Object.entries(rights).filter(([, flag]) => Number(flag) === 1));
  }

  #isDenied(privilege: string, path: string): boolean {
    return this.#denials.some((denial) =>
      (denial.privilege === privilege || denial.privilege === NO_ACCESS) && covers(denial, path)
    );
  }
}

function covers({ path: denied = "/", isBelow = false }: Denial, path: string): boolean {
  if (path === denied) return !isBelow;
  return path.startsWith(denied === "/" ? "/" : `${denied}/`);
}
