/** Command line → help, version, or a command → exit code. Code for running commands is loaded on demand. */
import { TOOL } from "../base/tool.ts";
import type { Io } from "../terminal/process.ts";
import type { OptionDef } from "../terminal/options.ts";
import { type CommandRow, COMMANDS } from "./catalog.ts";

/** Returns the exit code. */
export async function main(rawArgs: readonly string[], io: Io): Promise<number> {
  const [name = "", ...args] = rawArgs;
  const row = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (name === "--version") return await say(TOOL.version, io);
  if (name === "" || name === "--help" || name === "-h" || name === "help") {
    return await say(programHelp(), io);
  }
  if (row !== undefined && isHelpAsked(args)) return await say(commandHelp(name, row), io);
  const { runCommandLine } = await import("./run.ts");
  return await runCommandLine(rawArgs, io);
}

async function say(text: string, io: Io): Promise<number> {
  try {
    io.help(text);
  } catch (error) { // Deno throws if the disk is full
    const { endProgram } = await import("../terminal/process.ts");
    endProgram(error as Error, io);
  }
  return 0;
}

/** After "--" everything is an argument. */
function isHelpAsked(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end === -1 ? args : args.slice(0, end)).some((arg) => arg === "--help" || arg === "-h");
}

/** Help texts fit a terminal of 80 columns. */
const WIDTH = 80;
const DESCRIPTION =
  "Copies the inventory of Proxmox VE into NetBox through Diode, in stages that exchange files.";

function programHelp(): string {
  const commands = Object.entries(COMMANDS).map(([name, { description }]) =>
    `  ${name.padEnd(12)}${description}`
  );
  return [
    wrap(DESCRIPTION, ""),
    `USAGE    ${TOOL.name} <command> [options]`,
    `COMMANDS\n${commands.join("\n")}`,
    `${TOOL.name} <command> --help  prints the options of a command\n` +
    `${TOOL.name} --version         prints the version`,
  ].join("\n\n");
}

function commandHelp(name: string, row: CommandRow): string {
  const { argument, options } = row;
  const shown = argument?.shown ?? `<${argument?.name}>`;
  const more = argument?.shown === undefined && (argument?.most ?? 0) > 1 ? "…" : "";
  const operand = argument === undefined ? "" : ` ${shown}${more}`;
  return [
    wrap(row.description, ""),
    `USAGE    ${TOOL.name} ${name}${operand} [options]\nEXAMPLE  ${TOOL.name} ${row.example}`,
    ...(argument === undefined ? [] : [`ARGUMENT\n  ${shown}\n${wrap(argument.help, "      ")}`]),
    `OPTIONS\n${Object.entries(options).map(optionHelp).join("\n")}`,
  ].join("\n\n");
}

function optionHelp([flag, option]: [string, OptionDef]): string {
  const { type, description = "", valueHint = "text", words } = option;
  const value = type === "string" ? ` <${valueHint}>` : words ? `[=<${valueHint}>]` : "";
  const text = option.default === undefined
    ? description
    : `${description} (default ${option.default})`;
  return `  --${flag}${value}\n${wrap(text, "      ")}`;
}

/** Breaks lines at spaces and indents them. */
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
