/** TABLE: the settings of a history. Flags, `--help` and README are printed from it. */
import { PERIOD, periodMs } from "../base/duration.ts";
import { between, settingReader, type SettingTable, type TextsOf } from "../base/setting.ts";
import type { KeepRules } from "./retention.ts";

const KEPT = between(1, 99_999);

export const HISTORY_SETTINGS = {
  KEEP_LAST: {
    ...KEPT,
    help: "Keep the newest runs; without any KEEP_ setting, all are kept",
  },
  KEEP_DAILY: { ...KEPT, help: "Keep the newest run of each of the last n days that have one" },
  KEEP_WEEKLY: { ...KEPT, help: "Keep the newest run of each of the last n weeks that have one" },
  KEEP_MONTHLY: {
    ...KEPT,
    help: "Keep the newest run of each of the last n months that have one",
  },
  FULL_EVERY: {
    allowed: PERIOD,
    hint: "time",
    read: (text: string) => periodMs(text) || undefined,
    help: "Send all entities if that was last done so long ago, such as 7d",
  },
} as const satisfies SettingTable;

export interface HistoryOptions {
  readonly keep: KeepRules;
  readonly fullEveryMs: number | undefined;
}

/** @throws AppError "usage" that names the setting, its value and what is allowed. */
export function parseHistoryOptions(texts: TextsOf<typeof HISTORY_SETTINGS>): HistoryOptions {
  const { optional } = settingReader(HISTORY_SETTINGS, texts);
  const keep = {
    last: optional("KEEP_LAST"),
    daily: optional("KEEP_DAILY"),
    weekly: optional("KEEP_WEEKLY"),
    monthly: optional("KEEP_MONTHLY"),
  };
  return { keep, fullEveryMs: optional("FULL_EVERY") };
}
