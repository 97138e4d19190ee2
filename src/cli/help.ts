/** Help texts, from the catalog; they fit a terminal of 80 columns and have no colours. */
import { TOOL } from "../base/tool.ts";
import type { OptionDef } from "../terminal/options.ts";
import { COMMANDS } from "./catalog/catalog.ts";
import type { CommandRow } from "./catalog/row.ts";

const WIDTH = 80;
const DESCRIPTION =
  "Copies what runs on Proxmox VE into NetBox through Diode, in stages that meet only in files.";

export function programHelp(): string {
  const commands = Object.entries(COMMANDS).map(([name, row]: [string, CommandRow]) =>
    `  ${name.padEnd(12)}${row.description}`
  );
  return [
    wrap(DESCRIPTION, ""),
    `USAGE    ${TOOL.name} <command> [options]`,
    `COMMANDS\n${commands.join("\n")}`,
    `${TOOL.name} <command> --help tells more; ${TOOL.name} --version tells the version.`,
  ].join("\n\n");
}

export function commandHelp(name: string, row: CommandRow): string {
  const { argument, options } = row;
  const shown = argument?.shown ?? `<${argument?.name}>`;
  const more = argument?.shown === undefined && (argument?.most ?? 0) > 1 ? "…" : "";
  const operand = argument === undefined ? "" : ` ${shown}${more}`;
  const own = Object.entries(options).map(([flag, option]) => optionHelp(flag, option));
  return [
    wrap(row.description, ""),
    `USAGE    ${TOOL.name} ${name}${operand} [options]\nEXAMPLE  ${TOOL.name} ${row.example}`,
    ...(argument === undefined ? [] : [`ARGUMENT\n  ${shown}\n${wrap(argument.help, "      ")}`]),
    `OPTIONS\n${own.join("\n")}`,
  ].join("\n\n");
}

function optionHelp(flag: string, { type, description = "", ...option }: OptionDef): string {
  const hint = `<${option.valueHint ?? "text"}>`;
  const value = type === "string" ? ` ${hint}` : option.words === undefined ? "" : `[=${hint}]`;
  const shown = option.default === undefined
    ? description
    : `${description} (default ${option.default})`;
  return `  --${flag}${value}\n${wrap(shown, "      ")}`;
}

/** Breaks at blanks, each line behind `indent`. */
function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    const fits = line !== undefined && indent.length + line.length + 1 + word.length <= WIDTH;
    if (fits) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => indent + line).join("\n");
}
