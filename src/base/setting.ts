/** What a stage says of its settings: each stage has one TABLE of these rows. */
import { type AppError, usageError } from "./errors.ts";

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

/** Settings whose row lists the words that they may be. */
type ChoiceOf<Table extends SettingTable> = {
  [Name in keyof Table]: Table[Name]["allowed"] extends string ? never : Name & string;
}[keyof Table];

type WordOf<Row extends SettingRow> = Row["allowed"] extends readonly (infer Word)[] ? Word : never;

/** Texts of a stage's settings → checked values. Every failure is an AppError "usage". */
export interface SettingReader<Table extends SettingTable> {
  /** As given, else the default; undefined: neither. */
  text(name: keyof Table & string): string | undefined;
  /** What `read` makes of the text; undefined is refused. A secret is read by `text` alone. */
  checked<Value>(name: keyof Table & string, read: (text: string) => Value | undefined): Value;
  /** A whole number. */
  whole(name: keyof Table & string, least: number, most: number): number;
  choice<Name extends ChoiceOf<Table>>(name: Name): WordOf<Table[Name]>;
  refuse(name: keyof Table & string, why?: string): never;
}

/** A blank text counts as not given: pipelines pass one for a variable that they do not have. */
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

/** A value that is missing, or not allowed; that of a secret is not shown. */
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
  // A URL may hold a password.
  const shown = value.toWellFormed().replace(/\/\/[^/]*@/g, "//…@");
  if (reason !== undefined) {
    return usageError(`${label} is "${shown}": ${reason}`, { hint: `Set it to ${allowed}` });
  }
  return usageError(`${label} must be ${allowed}${row.secret ? "" : `, not "${shown}"`}`);
}
