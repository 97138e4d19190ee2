/** The catalog, as a shell needs it to complete a command line. */
import type { OptionDef } from "../../terminal/options.ts";
import { COMMANDS } from "../catalog/catalog.ts";
import type { CommandRow } from "../catalog/row.ts";

/** What may stand where a value is asked for: one of these words, a folder, a file, or anything. */
export type Value = readonly string[] | "dir" | "file" | "any";

export interface OptionModel {
  /** Without dashes. */
  readonly flag: string;
  readonly description: string;
  /** undefined: a switch. */
  readonly value: Value | undefined;
  /** The value may only be given behind "=". */
  readonly isOptional: boolean;
}

export interface CommandModel {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionModel[];
  /** What stands behind the command's name; undefined: nothing. */
  readonly argument: { readonly name: string; readonly value: Value } | undefined;
}

const HELP: OptionModel = {
  flag: "help",
  description: "Print what this command takes",
  value: undefined,
  isOptional: false,
};

export function commandModels(): readonly CommandModel[] {
  return Object.entries(COMMANDS).map(([name, row]: [string, CommandRow]) => ({
    name,
    description: row.description,
    options: [...Object.entries(row.options).map(optionModel), HELP],
    argument: row.argument &&
      { name: row.argument.name, value: row.argument.words ?? "dir" },
  }));
}

function optionModel([flag, option]: readonly [string, OptionDef]): OptionModel {
  const { type, description = "", words } = option;
  const isSwitch = type === "boolean" && words === undefined;
  return {
    flag,
    description,
    value: isSwitch ? undefined : words ?? valueOf(option.valueHint),
    isOptional: type === "boolean",
  };
}

/** TABLE: what a hint says of a value; of any other, nothing. */
const HINTED: Readonly<Record<string, Value>> = { dir: "dir", run: "dir", file: "file" };

function valueOf(hint = ""): Value {
  return HINTED[hint] ?? "any";
}
