/** Settings of `serve`, `receive` and `serve-netbox`. The catalog of commands reads them, so this file loads no server. */
import type { SettingTable } from "../base/setting.ts";

/** Not a secret: accepted on the loopback interface only. */
export const REHEARSAL_SECRET = "00000000-0000-4000-8000-000000000000";

/** Of a user with realm, and of the name of a token. Source: PVE/Auth/Plugin.pm, user_regex, realm_regex. */
export const USER_PATTERN = "[^\\s:/]+@[A-Za-z][\\w.-]+";
export const TOKEN_NAME_PATTERN = "[A-Za-z][\\w.-]+";

function matching(pattern: string) {
  const whole = new RegExp(`^${pattern}$`);
  return (text: string): string | undefined => whole.test(text) ? text : undefined;
}

/**
 * TABLE: the settings of `serve`. They have the names of the capture settings, so that one environment
 * works for both.
 */
export const SERVE_SETTINGS = {
  PROXMOX_USER: {
    default: "rehearsal@pve",
    allowed: "a user with its realm, such as netbox@pve",
    read: matching(USER_PATTERN),
    help: "Owner of the accepted API token",
  },
  PROXMOX_TOKEN_NAME: {
    default: "capture",
    allowed: "letters, digits, dots, dashes and underscores, a letter first",
    read: matching(TOKEN_NAME_PATTERN),
    help: "Name of the accepted API token",
  },
  PROXMOX_TOKEN_VALUE: {
    allowed: "letters, digits, dashes and underscores",
    read: matching("[\\w-]+"),
    help: "Secret of the accepted API token; default: a generated one, which is printed",
    secret: true,
  },
} as const satisfies SettingTable;

export interface ClientCredentials {
  readonly id: string;
  readonly secret: string;
}

/** Not a secret: accepted on the loopback interface only. */
export const REHEARSAL_CLIENT: ClientCredentials = {
  id: "diode-rehearsal",
  secret: "rehearsal-only",
};

/**
 * TABLE: the settings of `receive`. They have the names of the push settings, so that one environment
 * works for both.
 */
export const RECEIVE_SETTINGS = {
  DIODE_CLIENT_ID: {
    flag: "client-id",
    default: REHEARSAL_CLIENT.id,
    allowed: "any text",
    help: "OAuth2 client that may get tokens",
  },
  DIODE_CLIENT_SECRET: {
    flag: "client-secret-file",
    allowed: "any text",
    help: "Secret of this client; default: a generated one, which is printed",
    secret: true,
  },
} as const satisfies SettingTable;

/** Not a secret: accepted on the loopback interface only. */
export const REHEARSAL_NETBOX_TOKEN = "nbt_rehearsal000.accepted-on-the-loopback-only";

/**
 * TABLE: the settings of `serve-netbox`. They have the names of the settings of survey and compare, so that one
 * environment works for both.
 */
export const SERVE_NETBOX_SETTINGS = {
  NETBOX_TOKEN: {
    allowed: "an API token of version 1 or 2",
    read: matching("[\\x21-\\x7e]+"),
    help: "Accepted API token; default: a generated one, which is printed",
    secret: true,
  },
} as const satisfies SettingTable;

/** How much of networks `simulate` makes up. */
export const NETWORK_DEPTHS = ["mapped", "full"] as const;
export type NetworkDepth = (typeof NETWORK_DEPTHS)[number];
