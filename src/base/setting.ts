/** Settings: each stage has one TABLE of these rows. */
import { DURATION, durationMs } from "./duration.ts";
import { type AppError, usageError } from "./errors.ts";
import type { Tree } from "./tree.ts";

/** A policy file as it is written. */
export interface PolicyFile {
  readonly file: string;
  /** undefined: it is empty. */
  readonly tree: Tree | undefined;
}

export interface SettingRow {
  /** Command-line flag, without dashes, if not that of `flagOf`. */
  readonly flag?: string;
  /** Environment variable, if not the name of the setting. */
  readonly variable?: string;
  readonly default?: string;
  /** Allowed values, for people; a list has all of them. */
  readonly allowed: string | readonly string[];
  /** The value of a text; undefined, or a RangeError with the reason: it is not allowed. Absent: the text itself. */
  readonly read?: (text: string) => unknown;
  /** A word for the value in `--help`, such as "port", if not "text". */
  readonly hint?: string;
  readonly help: string;
  /** Environment variables of other tools with the same meaning. */
  readonly aliases?: readonly string[];
  /** Comes from the environment or a file, and is never shown or recorded. */
  readonly secret?: true;
  /** Of `capture`: kept under `settings` in the manifest, where it has priority over the default of `transform`. */
  readonly recorded?: true;
  /** Not in the mapping document, and off by default. */
  readonly extension?: true;
  /** Only a policy file has it, and this reads it there: no flag, no variable. */
  readonly inFile?: (policy: PolicyFile) => Promise<string | undefined>;
}

export type SettingTable = Readonly<Record<string, SettingRow>>;

/** Setting → text, as given. */
export type TextsOf<Table extends SettingTable> = {
  readonly [Name in keyof Table]?: string | undefined;
};

/** PROXMOX_HOST → "proxmox-host". The flag of a secret takes the name of a file: "proxmox-token-file". */
export function flagOf(name: string, { flag, secret }: SettingRow): string {
  return flag ?? `${name.toLowerCase().replaceAll("_", "-")}${secret ? "-file" : ""}`;
}

/** A setting that is on or off. */
export const SWITCH = { default: "false", allowed: "true or false", read: switchOf } as const;

/** A setting that is a time; 0 is no time. */
export const TIME = { allowed: DURATION, hint: "time", read: durationMs } as const;
export const TIME_LIMIT = {
  allowed: DURATION,
  hint: "time",
  read: (text: string) => durationMs(text) || undefined,
} as const;

/** A setting that is the name of a file of certificates. */
export const CERTIFICATES = { allowed: "a file of certificates (PEM)", hint: "file" } as const;

/** A setting that is a whole number. */
export function between(
  least: number,
  most: number,
  allowed = `a whole number from ${least} to ${most}`,
) {
  const read = (text: string): number | undefined => {
    const value = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
    return value >= least && value <= most ? value : undefined;
  };
  return { allowed, hint: "n", read } as const;
}

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

/** What the row's `read` makes of a text; else one of the allowed words, or the text. */
type ValueOf<Row extends SettingRow> = Row extends { read: (text: string) => infer Value }
  ? Exclude<Value, undefined>
  : Row["allowed"] extends readonly (infer Word)[] ? Word
  : string;

/** Texts of a stage's settings → checked values. Every failure is an AppError "usage". */
export interface SettingReader<Table extends SettingTable> {
  value<Name extends keyof Table & string>(name: Name): ValueOf<Table[Name]>;
  /** undefined: neither given nor with a default. */
  optional<Name extends keyof Table & string>(name: Name): ValueOf<Table[Name]> | undefined;
}

/** A blank text counts as not given: pipelines pass one for an undefined variable. */
export function settingReader<Table extends SettingTable>(
  table: Table,
  texts: TextsOf<Table>,
): SettingReader<Table> {
  const optional: SettingReader<Table>["optional"] = (name) => {
    const row: SettingRow = table[name] as SettingRow;
    const text = texts[name]?.trim() || row.default;
    return text === undefined
      ? undefined
      : readText(name, row, text) as ValueOf<typeof table[typeof name]>;
  };
  return {
    optional,
    value(name) {
      const value = optional(name);
      if (value === undefined) throw settingError(name, table[name] as SettingRow, { value });
      return value;
    },
  };
}

function readText(name: string, row: SettingRow, text: string): unknown {
  const words = row.allowed;
  const read = row.read ??
    ((given: string) => typeof words === "string" || words.includes(given) ? given : undefined);
  try {
    const value = read(text);
    if (value !== undefined) return value;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw settingError(name, row, { value: text, reason: error.message });
  }
  throw settingError(name, row, { value: text });
}

/** A value that is missing or not allowed; the value of a secret is not shown. */
export function settingError(
  name: string,
  row: SettingRow,
  { value, reason }: { readonly value: string | undefined; readonly reason?: string | undefined },
): AppError {
  const label = `${row.variable ?? name} (--${flagOf(name, row)})`;
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
