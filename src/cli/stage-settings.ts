/** TABLE: the settings of every stage. A policy file may hold those of all, whatever command reads it. */
import type { SettingTable } from "../base/setting.ts";
import { CAPTURE_SETTINGS } from "../capture/settings.ts";
import { COMPARE_SETTINGS } from "../look/compare/settings.ts";
import { PUSH_SETTINGS } from "../push/settings.ts";
import { SETTINGS } from "../transform/settings.ts";

export const STAGE_SETTINGS = {
  capture: CAPTURE_SETTINGS,
  transform: SETTINGS,
  push: PUSH_SETTINGS,
  compare: COMPARE_SETTINGS,
} as const satisfies Readonly<Record<string, SettingTable>>;
