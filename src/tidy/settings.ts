/** TABLE: the settings of `tidy` itself. Flags, `--help` and README are printed from it. */
import type { SettingTable } from "../base/setting.ts";

/** A share of all objects of ours, or a number of objects. */
export type RemovalLimit = { readonly share: number } | { readonly objects: number };

const DEFAULT_SHARE = 0.05;
const DEFAULT_OBJECTS = 20;

export const TIDY_SETTINGS = {
  TIDY_MAX_REMOVED: {
    flag: "max-removed",
    allowed: "a share such as 5%, or a number of objects",
    hint: "5%|20",
    read: parseLimit,
    help:
      "With --apply: change nothing if the plan deletes more than this share of our objects, or " +
      "this many; without it: more than 5 % and more than 20",
  },
} as const satisfies SettingTable;

function parseLimit(text: string): RemovalLimit | undefined {
  const [, number, percent] = /^(\d{1,6}(?:\.\d{1,4})?)(%?)$/.exec(text) ?? [];
  const value = Number(number);
  if (number === undefined) return undefined;
  if (percent === "%") return value <= 100 ? { share: value / 100 } : undefined;
  return Number.isInteger(value) ? { objects: value } : undefined;
}

/** How many objects may be deleted, of all that are ours. */
export function mostRemoved(ours: number, limit: RemovalLimit | undefined): number {
  if (limit === undefined) return Math.max(Math.floor(ours * DEFAULT_SHARE), DEFAULT_OBJECTS);
  return "objects" in limit ? limit.objects : Math.floor(ours * limit.share);
}
