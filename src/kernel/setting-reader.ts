/** The texts that a stage's settings were given → values, each held against its row. */
import { usageError } from "./errors.ts";
import type { SettingRow, SettingTable, TextsOf } from "./setting.ts";

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
