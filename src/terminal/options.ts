/** Command-line options: those that every command has, and those that settings make. */
import type { ArgDef } from "citty";
import { usageError } from "../base/errors.ts";
import type { LogOptions } from "../base/log.ts";
import {
  allowedText,
  type SettingRow,
  type SettingTable,
  SWITCH,
  switchOf,
} from "../base/setting.ts";
import { STAGE_SETTINGS } from "../cli/stage-settings.ts";

/** What citty hands to a command. */
export interface Context {
  readonly rawArgs: readonly string[];
  readonly args: Readonly<Record<string, unknown>> & { readonly _: readonly string[] };
}

/** `words`: all that its value may be. A switch that has them may stand alone, or before one: `--left-out`. */
export type OptionDef = ArgDef & { readonly words?: readonly string[] };
export type OptionsDef = Readonly<Record<string, OptionDef>>;

export const COMMON_OPTIONS = {
  quiet: { type: "boolean", description: "Print errors only" },
  verbose: { type: "boolean", description: "Print more, and the causes of errors" },
  "log-format": {
    type: "string",
    valueHint: "text|json",
    words: ["text", "json"],
    description: "How to write the log",
  },
} as const satisfies OptionsDef;

export const JSON_OPTION = {
  json: { type: "boolean", description: "Print the result as JSON" },
} as const satisfies OptionsDef;

/** What these are set to is judged where all settings are. */
const SETTING_FLAGS = new Set(
  Object.values(STAGE_SETTINGS).flatMap((table: SettingTable) =>
    Object.values(table).map(({ flag }) => flag)
  ),
);

/** A table of settings → one option each. */
export function optionsOf(settings: SettingTable): OptionsDef {
  const options: Record<string, OptionDef> = {};
  for (const [name, row] of Object.entries(settings)) options[row.flag] = optionOf(name, row);
  return options;
}

function optionOf(name: string, row: SettingRow): OptionDef {
  if (row.secret) {
    return { type: "string", valueHint: "file", description: `File with: ${row.help} (${name})` };
  }
  const shown = row.default === undefined || row.default === "" ? "" : `, default ${row.default}`;
  const description = `${row.help} (${name}${shown})`;
  if (row.allowed === SWITCH) return { type: "boolean", description };
  return typeof row.allowed === "string"
    ? { type: "string", description, valueHint: "text" }
    : { type: "string", description, valueHint: row.allowed.join("|"), words: row.allowed };
}

/** ["--left-out", "template"] → ["--left-out=template"], of which citty would make a switch and an argument. */
export function withJoinedWords(rawArgs: readonly string[], options: OptionsDef): string[] {
  const joined: string[] = [];
  for (const arg of rawArgs) {
    const option = optionalIn(options, joined.at(-1));
    if (option?.words?.includes(arg) && !joined.includes("--")) {
      joined[joined.length - 1] += `=${arg}`;
    } else joined.push(arg);
  }
  return joined;
}

function optionalIn(options: OptionsDef, arg = ""): OptionDef | undefined {
  const name = arg.replace(/^--/, "");
  const option = name !== arg && Object.hasOwn(options, name) ? options[name] : undefined;
  return option?.type === "boolean" ? option : undefined;
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
export function checkArguments(
  { rawArgs, args }: Context,
  options: OptionsDef,
  { most, words }: { readonly most: number; readonly words?: readonly string[] },
): void {
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
  const unknown = words && args._.find((arg) => !words.includes(arg));
  if (words !== undefined && unknown !== undefined) {
    throw usageError(`Unknown argument "${unknown}"`, {
      hint: `Allowed: ${allowedText({ allowed: words })}`,
    });
  }
}

function checkOption(arg: string, next: string | undefined, options: OptionsDef): void {
  const [, no, name = "", equals] = /^--(no-)?([^=]+)(=)?/.exec(arg) ?? [];
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined || (no !== undefined && option.type !== "boolean")) {
    throw usageError(`Unknown option ${arg.split("=", 1)[0]}`, {
      hint: "See --help for the options of this command",
    });
  }
  const needsNext = option.type === "string" && equals === undefined;
  if (needsNext && (next === undefined || next.startsWith("--"))) {
    throw usageError(`Option --${name} has no value`, { hint: `Write --${name}=value` });
  }
  const behind = needsNext ? next : undefined;
  const value = equals === undefined ? behind : arg.slice(arg.indexOf("=") + 1);
  if (value !== undefined && !SETTING_FLAGS.has(name)) checkValue(name, value, option);
}

function checkValue(name: string, value: string, { type, words }: OptionDef): void {
  const isSwitch = type === "boolean" && words === undefined;
  const isAllowed = isSwitch ? switchOf(value) !== undefined : words?.includes(value) ?? true;
  if (isAllowed) return;
  const allowed = isSwitch ? SWITCH : allowedText({ allowed: words ?? [] });
  throw usageError(`Option --${name} is "${value}"`, { hint: `Allowed: ${allowed}` });
}

export function logOptions(context: Context): LogOptions {
  const format = flagText(context, "log-format") === "json" ? "json" : "text";
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
