/**
 * TABLE: the settings of `receive`. They have the names that push knows them by, so that one
 * environment does for both.
 */
import type { SettingTable } from "../../base/setting.ts";
import { REHEARSAL_CLIENT } from "./tokens.ts";

export const RECEIVE_SETTINGS = {
  DIODE_CLIENT_ID: {
    flag: "client-id",
    default: REHEARSAL_CLIENT.id,
    allowed: "any text",
    help: "OAuth2 client that is given tokens",
  },
  DIODE_CLIENT_SECRET: {
    flag: "client-secret-file",
    allowed: "any text",
    help: "Its secret; without one, a secret that is printed",
    secret: true,
  },
} as const satisfies SettingTable;
