/** Command-line options: those that every command has, and those that settings make. */
import type { ArgsDef } from "citty";
import { usageError } from "../kernel/errors.ts";
import type { LogOptions } from "../kernel/log.ts";
import { type SettingRow, type SettingTable, SWITCH, switchOf } from "../kernel/setting.ts";
import { STAGE_SETTINGS } from "./stage-settings.ts";

/** What citty hands to a command. */
export interface Context {
  readonly rawArgs: readonly string[];
  readonly args: Readonly<Record<string, unknown>> & { readonly _: readonly string[] };
}

export const COMMON_OPTIONS = {
  quiet: { type: "boolean", description: "Print errors only" },
  verbose: { type: "boolean", description: "Print more, and the causes of errors" },
  "log-format": { type: "string", valueHint: "text|json", description: "How to write the log" },
} as const satisfies ArgsDef;

export const JSON_OPTION = {
  json: { type: "boolean", description: "Print the result as JSON" },
} as const satisfies ArgsDef;

/** What these are set to is judged where all settings are. */
const SETTING_FLAGS = new Set(
  Object.values(STAGE_SETTINGS).flatMap((table: SettingTable) =>
    Object.values(table).map(({ flag }) => flag)
  ),
);

/** A table of settings → one option each. */
export function optionsOf(settings: SettingTable): ArgsDef {
  const options: ArgsDef = {};
  for (const [name, row] of Object.entries(settings)) options[row.flag] = optionOf(name, row);
  return options;
}

function optionOf(name: string, row: SettingRow): ArgsDef[string] {
  if (row.secret) {
    return { type: "string", valueHint: "file", description: `File with: ${row.help} (${name})` };
  }
  const shown = row.default === undefined || row.default === "" ? "" : `, default ${row.default}`;
  const description = `${row.help} (${name}${shown})`;
  return row.allowed === SWITCH
    ? { type: "boolean", description }
    : { type: "string", description, valueHint: "text" };
}

/** The text that a flag was given, or undefined; `--all-interfaces` alone is "true". */
export function flagText({ rawArgs, args }: Context, flag: string): string | undefined {
  const value = args[flag];
  if (typeof value === "string") return value;
  if (typeof value !== "boolean") return undefined;
  // citty reads any text but "false" as true; what was typed is for the setting to judge.
  const typed = rawArgs.findLast((arg) => arg.startsWith(`--${flag}=`));
  return typed?.slice(flag.length + 3) ?? String(value);
}

/** @throws AppError "usage" for an option or an argument that the command does not have. */
export function checkArguments({ rawArgs, args }: Context, options: ArgsDef, most: number): void {
  const end = rawArgs.indexOf("--");
  const flags = end === -1 ? rawArgs : rawArgs.slice(0, end);
  flags.forEach((arg, i) => {
    if (arg.startsWith("-") && arg !== "-") checkOption(arg, flags[i + 1], options);
  });
  const extra = args._[most];
  if (extra !== undefined) {
    throw usageError(`Unexpected argument "${extra}"`, {
      hint: "See --help for what this command takes",
    });
  }
}

function checkOption(arg: string, next: string | undefined, options: ArgsDef): void {
  const [, no, name = "", equals] = /^--(no-)?([^=]+)(=)?/.exec(arg) ?? [];
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined || (no !== undefined && option.type !== "boolean")) {
    throw usageError(`Unknown option ${arg.split("=", 1)[0]}`, {
      hint: "See --help for the options of this command",
    });
  }
  const value = arg.slice(arg.indexOf("=") + 1);
  const isSwitch = option.type === "boolean" && !SETTING_FLAGS.has(name);
  if (isSwitch && equals !== undefined && switchOf(value) === undefined) {
    throw usageError(`Option --${name} is "${value}"`, { hint: "Allowed: true or false" });
  }
  if (
    option.type === "string" && equals === undefined &&
    (next === undefined || next.startsWith("--"))
  ) {
    throw usageError(`Option --${name} has no value`, { hint: `Write --${name}=value` });
  }
}

/** @throws AppError "usage" for a log format that does not exist. */
export function logOptions(context: Context): LogOptions {
  const format = flagText(context, "log-format") ?? "text";
  if (format !== "text" && format !== "json") {
    throw usageError(`Option --log-format is "${format}"`, { hint: "Allowed: text or json" });
  }
  const level = isSwitchedOn(context, "quiet")
    ? "quiet"
    : isSwitchedOn(context, "verbose")
    ? "verbose"
    : "normal";
  return { format, level };
}

export function isSwitchedOn(context: Context, flag: string): boolean {
  return switchOf(flagText(context, flag) ?? "false") === true;
}
