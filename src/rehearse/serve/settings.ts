/**
 * TABLE: the settings of `serve`. They have the names that capture knows them by, so that one
 * environment does for both.
 */
import type { SettingTable } from "../../base/setting.ts";

/** Opens nothing but a rehearsal on the loopback, and so is no secret. */
export const REHEARSAL_SECRET = "00000000-0000-4000-8000-000000000000";

export const SERVE_SETTINGS = {
  PROXMOX_USER: {
    flag: "proxmox-user",
    default: "rehearsal@pve",
    allowed: "a user with its realm, such as netbox@pve",
    help: "Owner of the API token that is taken",
  },
  PROXMOX_TOKEN_NAME: {
    flag: "proxmox-token-name",
    default: "capture",
    allowed: "letters, digits, dots, dashes and underscores, a letter first",
    help: "Name of the API token that is taken",
  },
  PROXMOX_TOKEN_VALUE: {
    flag: "proxmox-token-value-file",
    allowed: "letters, digits, dashes and underscores",
    help: "Secret of the API token that is taken; without one, a secret that is printed",
    secret: true,
  },
} as const satisfies SettingTable;
