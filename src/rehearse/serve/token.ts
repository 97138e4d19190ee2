/** The API token that the server accepts, and its refusals of others. */
import { usageError } from "../../base/errors.ts";
import type { SettingRow, SettingTable, TextsOf } from "../../base/setting.ts";

/**
 * TABLE: the settings of `serve`. They have the names of the capture settings, so that one environment
 * works for both.
 */

/** Not a secret: accepted on the loopback interface only. */
export const REHEARSAL_SECRET = "00000000-0000-4000-8000-000000000000";

export const SERVE_SETTINGS = {
  PROXMOX_USER: {
    flag: "proxmox-user",
    default: "rehearsal@pve",
    allowed: "a user with its realm, such as netbox@pve",
    help: "Owner of the accepted API token",
  },
  PROXMOX_TOKEN_NAME: {
    flag: "proxmox-token-name",
    default: "capture",
    allowed: "letters, digits, dots, dashes and underscores, a letter first",
    help: "Name of the accepted API token",
  },
  PROXMOX_TOKEN_VALUE: {
    flag: "proxmox-token-value-file",
    allowed: "letters, digits, dashes and underscores",
    help: "Secret of the accepted API token; default: a secret that is printed",
    secret: true,
  },
} as const satisfies SettingTable;

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
