/** The API token that the server accepts, its refusals of others, and the privileges that denials leave it. */
import { usageError } from "../../base/errors.ts";
import type { SettingRow, TextsOf } from "../../base/setting.ts";
import { ancestorsOf, NO_ACCESS } from "../../proxmox/acl.ts";
import { REHEARSAL_SECRET, SERVE_SETTINGS } from "../settings.ts";

/** `user@realm!name` and its secret. */
export interface Token {
  /** With realm: "rehearsal@pve". */
  readonly user: string;
  readonly name: string;
  readonly value: string;
}

export const REHEARSAL_TOKEN: Token = {
  user: SERVE_SETTINGS.PROXMOX_USER.default,
  name: SERVE_SETTINGS.PROXMOX_TOKEN_NAME.default,
  value: REHEARSAL_SECRET,
};

/** PVE/Auth/Plugin.pm: user_regex, realm_regex. */
const USER = "[^\\s:/]+@[A-Za-z][\\w.-]+";
const NAME = "[A-Za-z][\\w.-]+";
const ALLOWED = {
  PROXMOX_USER: new RegExp(`^${USER}$`),
  PROXMOX_TOKEN_NAME: new RegExp(`^${NAME}$`),
  PROXMOX_TOKEN_VALUE: /^[\w-]+$/,
} as const;
const ID_REGEXP = new RegExp(`^(${USER})!(${NAME})$`);

/** @throws AppError "usage" for names that a token cannot have. */
export function parseToken(texts: TextsOf<typeof SERVE_SETTINGS>): Token {
  const text = (name: keyof typeof SERVE_SETTINGS, fallback: string): string => {
    const value = texts[name] ?? fallback;
    const row: SettingRow = SERVE_SETTINGS[name];
    if (ALLOWED[name].test(value)) return value;
    throw usageError(`Setting ${name} is ${row.secret ? "not usable" : `"${value}"`}`, {
      hint: `Allowed: ${row.allowed}`,
    });
  };
  return {
    user: text("PROXMOX_USER", REHEARSAL_TOKEN.user),
    name: text("PROXMOX_TOKEN_NAME", REHEARSAL_TOKEN.name),
    value: text("PROXMOX_TOKEN_VALUE", REHEARSAL_TOKEN.value),
  };
}

/** The error text for a request without a token. */
export const NO_TOKEN = "No ticket";

/**
 * The header `Authorization: PVEAPIToken=user@realm!name=secret` → the error text, or undefined when it is accepted.
 * Source: PVE/APIServer/Formatter.pm (extract_auth_value), PVE/AccessControl.pm (verify_token).
 */
export function refusalOf(header: string | undefined, token: Token): string | undefined {
  const given = /(?:^|\s)PVEAPIToken[= ]([^;]*)/.exec(header ?? "")?.[1];
  if (given === undefined || given === "") return NO_TOKEN;
  const [, id = "", value] = /^(.*)=(.*)$/s.exec(unescapeUri(given)) ?? [];
  if (value === undefined) return "no tokenid specified";
  const [, user, name] = ID_REGEXP.exec(id) ?? [];
  if (user === undefined) {
    return `'${id}' is not a valid token ID - not able to split into user and token parts`;
  }
  if (user !== token.user) return `no such user ('${user}')`;
  if (name !== token.name) return `no such token '${name}' for user '${user}'`;
  return value === token.value ? undefined : "invalid token value!";
}

/** "%41" → "A"; other text stays. */
function unescapeUri(text: string): string {
  return text.replace(
    /%([0-9a-f]{2})/gi,
    (_, hex: string) => String.fromCharCode(parseInt(hex, 16)),
  );
}

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

export class Rights {
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
      ...this.#denials.map(({ path = "/" }) => path),
    ]);
    const listed = [...paths].map((path) => [path, this.#privilegesAt(path)] as const);
    return Object.fromEntries(listed.filter(([, rights]) => Object.keys(rights).length > 0));
  }

  /**
   * ACL entries that give the token these privileges, as far as built-in roles can. undefined: the
   * snapshot has no listing. Empty: the token may not read the ACL.
   * Source: PVE/API2/ACL.pm, read_acl.
   */
  acl({ user, name }: Pick<Token, "user" | "name">): Record<string, unknown>[] | undefined {
    const listing = this.listing() ?? this.#listing;
    if (listing === undefined) return undefined;
    if (!Object.hasOwn(listing["/access"] ?? {}, "Sys.Audit")) return [];
    const entry = (path: string, roleid: string, propagate = 1) => ({
      path,
      type: "token",
      ugid: `${user}!${name}`,
      roleid,
      propagate,
    });
    const denied = this.#denials.flatMap(({ privilege, path = "/", isBelow = false }) => [
      entry(path, privilege === NO_ACCESS ? NO_ACCESS : `Without-${privilege}`),
      ...(isBelow ? [entry(path, "PVEAuditor", 0)] : []),
    ]);
    const isOnTop = denied.some(({ path }) => path === "/");
    return [
      { ...entry("/", "PVEAuditor"), type: "user", ugid: user },
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
