/** Settings: each stage has one TABLE of these rows. */
import { type AppError, usageError } from "./errors.ts";

export interface SettingRow {
  /** Command-line flag, without dashes. The flag of a secret takes the name of a file with the secret. */
  readonly flag: string;
  /** Environment variable, if not the name of the setting. */
  readonly variable?: string;
  readonly default?: string;
  /** Allowed values, for people; a list has all of them. */
  readonly allowed: string | readonly string[];
  readonly help: string;
  /** Environment variables of other tools with the same meaning. */
  readonly aliases?: readonly string[];
  /** Comes from the environment or a file, and is never shown or recorded. */
  readonly secret?: true;
  /** May be recorded in the manifest of a run folder; the recorded value has priority over `default`. */
  readonly recorded?: true;
  /** Not in the mapping document, and off by default. */
  readonly extension?: true;
}

export type SettingTable = Readonly<Record<string, SettingRow>>;

/** Setting → text, as given. */
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

/** Settings whose row lists the allowed words. */
type ChoiceOf<Table extends SettingTable> = {
  [Name in keyof Table]: Table[Name]["allowed"] extends string ? never : Name & string;
}[keyof Table];

type WordOf<Row extends SettingRow> = Row["allowed"] extends readonly (infer Word)[] ? Word : never;

/** Texts of a stage's settings → checked values. Every failure is an AppError "usage". */
export interface SettingReader<Table extends SettingTable> {
  /** The given text, otherwise the default. */
  text(name: keyof Table & string): string | undefined;
  /** The result of `read`; undefined is refused. Secrets are read with `text` only. */
  checked<Value>(name: keyof Table & string, read: (text: string) => Value | undefined): Value;
  whole(name: keyof Table & string, least: number, most: number): number;
  choice<Name extends ChoiceOf<Table>>(name: Name): WordOf<Table[Name]>;
  refuse(name: keyof Table & string, why?: string): never;
}

/** A blank text counts as not given: pipelines pass one for an undefined variable. */
export function settingReader<Table extends SettingTable>(
  table: Table,
  texts: TextsOf<Table>,
): SettingReader<Table> {
  type Name = keyof Table & string;
  const rowOf = (name: Name): SettingRow => table[name] as SettingRow;
  const text = (name: Name): string | undefined => texts[name]?.trim() || rowOf(name).default;
  const refuse = (name: Name, why?: string): never => {
    throw settingError(name, rowOf(name), { value: text(name), reason: why });
  };
  const checked: SettingReader<Table>["checked"] = (name, read) =>
    read(text(name) ?? "") ?? refuse(name);
  return {
    text,
    checked,
    refuse,
    whole: (name, least, most) => checked(name, (given) => wholeNumber(given, least, most)),
    choice: <Chosen extends ChoiceOf<Table>>(name: Chosen) => {
      const words = rowOf(name).allowed as readonly WordOf<Table[Chosen]>[];
      return checked(name, (given) => words.find((word) => word === given));
    },
  };
}

function wholeNumber(text: string, least: number, most: number): number | undefined {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  return value >= least && value <= most ? value : undefined;
}

/** A value that is missing or not allowed; the value of a secret is not shown. */
export function settingError(
  name: string,
  row: SettingRow,
  { value, reason }: { readonly value: string | undefined; readonly reason?: string | undefined },
): AppError {
  const label = `${row.variable ?? name} (--${row.flag})`;
  const allowed = allowedText(row);
  if (value === undefined || value.trim() === "") {
    return usageError(`${label} is required: ${allowed}`);
  }
  // A URL may contain a password.
  const shown = value.toWellFormed().replace(/\/\/[^/]*@/g, "//…@");
  if (reason !== undefined) {
    return usageError(`${label} is "${shown}": ${reason}`, { hint: `Set it to ${allowed}` });
  }
  return usageError(`${label} must be ${allowed}${row.secret ? "" : `, not "${shown}"`}`);
}
