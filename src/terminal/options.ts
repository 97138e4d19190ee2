/**
 * Command-line options: their definitions, and the only parser of a command line. It reads the tokens of node:util,
 * since citty's own parser accepts unknown options and loses the text of a switch ("--json=maybe").
 */
import { parseArgs } from "node:util";
import { DURATION, durationMs } from "../base/duration.ts";
import { type AppError, usageError } from "../base/errors.ts";
import {
  allowedText,
  flagOf,
  type SettingRow,
  type SettingTable,
  SWITCH,
  switchOf,
} from "../base/setting.ts";
import { shownPlace } from "../run-folder/store/place.ts";

export interface OptionDef {
  /** "boolean": a switch, which may stand alone. */
  readonly type: "boolean" | "string";
  readonly description: string;
  /** The value, for the help: "dir" is shown as <dir>. */
  readonly valueHint?: string;
  readonly default?: string;
  /** All allowed values. A switch with words may stand alone or with one of them: `--left-out`. */
  readonly words?: readonly string[];
  /** The value of a setting is checked where all settings are read. */
  readonly isSetting?: true;
}
export type OptionsDef = Readonly<Record<string, OptionDef>>;

export interface Argument {
  readonly name: string;
  /** In the usage line, if not <name>. */
  readonly shown?: string;
  readonly help: string;
  readonly max: number;
  /** All allowed values; absent: a run folder. */
  readonly words?: readonly string[];
}

export function onOff(description: string): OptionDef {
  return { type: "boolean", description };
}

export function valued(
  valueHint: string,
  description: string,
  more?: Partial<OptionDef>,
): OptionDef {
  return { type: "string", valueHint, description, ...more };
}

export interface CommandLine {
  /** Option → text; a switch is "true" or "false" unless another text was given. */
  readonly options: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
}

export const COMMON_OPTIONS = {
  quiet: onOff("Print errors only"),
  verbose: onOff("Print more, and the causes of errors"),
  "log-format": valued("text|json", "Format of the log on stderr", { words: ["text", "json"] }),
} satisfies OptionsDef;

/** The options of every command that prints a result. */
export const OUTPUT_OPTIONS = { json: onOff("Print the result as JSON"), ...COMMON_OPTIONS };

export function outOption(byDefault: string): OptionDef {
  return valued("dir", `Run folder to write to: a path, redis://… or s3://… (${byDefault})`);
}

/** One option for each setting. */
export function optionsOf(settings: SettingTable): OptionsDef {
  const options: Record<string, OptionDef> = {};
  for (const [name, row] of Object.entries(settings)) {
    if (row.inFile) continue;
    options[flagOf(name, row)] = { ...optionOf(name, row), isSetting: true };
  }
  return options;
}

function optionOf(name: string, row: SettingRow): OptionDef {
  if (row.secret) {
    return valued("file", `${row.help} (name of a file: ${name}_FILE; the value itself: ${name})`);
  }
  const shown = row.default === undefined || row.default === "" ? "" : `, default ${row.default}`;
  const description = `${row.help} (${row.variable ?? name}${shown})`;
  if (row.allowed === SWITCH.allowed) return onOff(description);
  return typeof row.allowed === "string"
    ? valued(row.hint ?? "text", description)
    : valued(row.allowed.join("|"), description, { words: row.allowed });
}

/** @throws AppError "usage" for an option, value or argument that the command does not take. */
export function parseCommandLine(
  args: readonly string[],
  options: OptionsDef,
  argument: Pick<Argument, "max" | "words"> = { max: 0 },
): CommandLine {
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { type }]) => [name, { type }]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const texts = new Map<string, string>();
  for (const [name, option] of Object.entries(options)) {
    if (option.default !== undefined) texts.set(name, option.default);
  }
  const operands: string[] = [];
  /** The switch just before, if it may take the next argument as its word. */
  let open: { readonly name: string; readonly option: OptionDef } | undefined;
  for (const token of tokens) {
    if (token.kind === "positional") {
      if (open?.option.words?.includes(token.value)) texts.set(open.name, token.value);
      else operands.push(token.value);
    }
    open = undefined;
    if (token.kind !== "option") continue;
    const { name, option, text } = readOption(token, options);
    texts.set(name, text ?? "true");
    if (option.type === "boolean" && text === undefined) open = { name, option };
  }
  checkOperands(operands, argument);
  return { options: texts, operands };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

/** `text`: undefined for a switch that stands alone. */
function readOption(
  { name, rawName, value, inlineValue }: OptionToken,
  options: OptionsDef,
): { readonly name: string; readonly option: OptionDef; readonly text: string | undefined } {
  const find = (flag: string): OptionDef | undefined =>
    rawName.startsWith("--") && Object.hasOwn(options, flag) ? options[flag] : undefined;
  const option = find(name);
  if (option === undefined) {
    const negated = name.startsWith("no-") ? name.slice("no-".length) : "";
    const off = find(negated);
    if (off?.type === "boolean" && value === undefined) {
      return { name: negated, option: off, text: "false" };
    }
    if (off?.type === "boolean") {
      throw usageError(`Option --${name} takes no value`, {
        hint: `Write --${name}, or --${negated}=${value}`,
      });
    }
    throw usageError(`Unknown option ${rawName}`, {
      hint: "See --help for the options of this command",
    });
  }
  const isMissing = value === undefined || (!inlineValue && value.startsWith("--"));
  if (option.type === "string" && isMissing) {
    throw usageError(`Option --${name} has no value`, { hint: `Write --${name}=value` });
  }
  if (value !== undefined && !option.isSetting) checkValue(name, value, option);
  return { name, option, text: value };
}

function checkValue(name: string, value: string, { type, words }: OptionDef): void {
  const isSwitch = type === "boolean" && words === undefined;
  const isAllowed = isSwitch ? switchOf(value) !== undefined : words?.includes(value) ?? true;
  if (isAllowed) return;
  throw optionError(name, value, isSwitch ? SWITCH.allowed : words ?? []);
}

function optionError(name: string, value: string, allowed: SettingRow["allowed"]): AppError {
  return usageError(`Option --${name} must be ${allowedText({ allowed })}, not "${value}"`);
}

function checkOperands(
  operands: readonly string[],
  { max, words }: Pick<Argument, "max" | "words">,
): void {
  const extra = operands[max];
  if (extra !== undefined) {
    throw usageError(`Unexpected argument "${shownPlace(extra)}"`, {
      hint: "See --help for the arguments of this command",
    });
  }
  const unknown = words && operands.find((operand) => !words.includes(operand));
  if (words !== undefined && unknown !== undefined) {
    throw usageError(`Unknown argument "${unknown}"`, {
      hint: `Allowed: ${allowedText({ allowed: words })}`,
    });
  }
}

/** Options as numbers, durations and lists; undefined when not given. @throws AppError "usage" for a wrong text. */
export function optionReader({ option }: { option(name: string): string | undefined }) {
  const read = <Value>(
    name: string,
    allowed: string,
    parse: (text: string) => Value | undefined,
  ): Value | undefined => {
    const text = option(name);
    const value = text === undefined ? undefined : parse(text);
    if (text === undefined || value !== undefined) return value;
    throw optionError(name, text, allowed);
  };
  /** Parses each part of a list; an error names the part. */
  const listOf = <Value>(
    name: string,
    allowed: SettingRow["allowed"],
    parse: (part: string) => Value | undefined,
  ): Value[] | undefined =>
    option(name)?.split(",").map((text) => {
      const part = text.trim();
      const value = parse(part);
      if (value === undefined) throw optionError(name, part, allowed);
      return value;
    });
  return {
    read,
    /** "7" → 7 */
    wholeNumber: (name: string) =>
      read(
        name,
        "a whole number, 0 or more",
        (text) => /^\d{1,9}$/.test(text) ? Number(text) : undefined,
      ),
    /** "20ms" → 20, "1.5s" → 1500 */
    milliseconds: (name: string) => read(name, DURATION, durationMs),
    listOf,
    /** "pve1, pve2" → ["pve1", "pve2"] */
    list: (name: string) =>
      listOf(name, "one value, or several separated by commas", (part) => part || undefined),
  };
}
