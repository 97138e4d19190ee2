/** What a stage says of its settings: each stage has one TABLE of these rows. */
import { usageError } from "./errors.ts";

export interface SettingRow {
  /** Command-line flag, without dashes. That of a secret takes the name of a file which holds it. */
  readonly flag: string;
  /** Its name in the environment, where that is not the setting's own. */
  readonly variable?: string;
  readonly default?: string;
  /** What a value may be, for people; a list holds all the words that there are. */
  readonly allowed: string | readonly string[];
  readonly help: string;
  /** Other names of the same thing in the environment, as tools of the field have them. */
  readonly aliases?: readonly string[];
  /** Comes from the environment or a file, and is never shown nor recorded. */
  readonly secret?: true;
  /** A run folder's manifest may record it; that is the default before `default`. */
  readonly recorded?: true;
  /** Not in the mapping document: off by default, the document's behaviour stays. */
  readonly extension?: true;
}

export type SettingTable = Readonly<Record<string, SettingRow>>;

/** Setting → the text that it was given. */
export type TextsOf<Table extends SettingTable> = {
  readonly [Name in keyof Table]?: string | undefined;
};

/** `allowed` of a setting that is on or off. */
export const SWITCH = "true or false";

/** ["auto", "site", "none"] → "auto, site or none". */
export function allowedText({ allowed }: Pick<SettingRow, "allowed">): string {
  if (typeof allowed === "string") return allowed;
  const [last = "", ...others] = allowed.toReversed();
  return others.length === 0 ? last : `${others.toReversed().join(", ")} or ${last}`;
}

/** "yes" → true, "off" → false; undefined for any other word. */
export function switchOf(word: string): boolean | undefined {
  if (/^(?:true|1|yes|on)$/i.test(word)) return true;
  return /^(?:false|0|no|off)$/i.test(word) ? false : undefined;
}

/** The texts that a stage's settings were given → values, each held against its row. */

export interface SettingReader<Name extends string> {
  /** As given, else the row's default. */
  text(name: Name): string | undefined;
  /** @throws AppError "usage" that names the setting and what is allowed when `read` finds nothing. */
  checked<Value>(name: Name, read: (text: string) => Value | undefined): Value;
  /** A whole number. @throws AppError "usage". */
  whole(name: Name, least: number, most: number): number;
}

/** Blank is as good as not given. A secret is read by `text` alone, since `checked` shows what it refuses. */
export function settingReader<Table extends SettingTable>(
  table: Table,
  texts: TextsOf<Table>,
): SettingReader<keyof Table & string> {
  type Name = keyof Table & string;
  const rowOf = (name: Name): SettingRow => table[name] as SettingRow;
  const text = (name: Name): string | undefined => texts[name]?.trim() || rowOf(name).default;
  const checked: SettingReader<Name>["checked"] = (name, read) => {
    const given = text(name);
    const value = read(given ?? "");
    if (value !== undefined) return value;
    throw usageError(`Setting ${name} is "${given}"`, { hint: `Allowed: ${rowOf(name).allowed}` });
  };
  return {
    text,
    checked,
    whole: (name, least, most) => checked(name, (given) => wholeNumber(given, least, most)),
  };
}

function wholeNumber(text: string, least: number, most: number): number | undefined {
  const value = /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  return value >= least && value <= most ? value : undefined;
}
