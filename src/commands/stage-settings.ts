/** TABLE: the settings of every stage. A policy file may hold those of all, whatever command reads it. */
import type { SettingTable } from "../kernel/setting.ts";
import { SETTINGS } from "../transform/settings.ts";

export const STAGE_SETTINGS = {
  transform: SETTINGS,
} as const satisfies Readonly<Record<string, SettingTable>>;
