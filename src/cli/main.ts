/** Command line → help, version, or a command → exit code. Code for running commands is loaded on demand. */
import type { CommandDef } from "citty";
import { usageError } from "../base/errors.ts";
import type { SettingRow } from "../base/setting.ts";
import { TOOL } from "../base/tool.ts";
import {
  type OptionDef,
  type OptionsDef,
  OUTPUT_OPTIONS,
  parseCommandLine,
} from "../terminal/options.ts";
import type { Io } from "../terminal/process.ts";
import { type CommandRow, COMMANDS, STAGE_SETTINGS } from "./catalog.ts";

/** Returns the exit code. */
export async function main(rawArgs: readonly string[], io: Io): Promise<number> {
  const [name = "", ...args] = rawArgs;
  const row = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (name === "--version") return await say(TOOL.version, io);
  if (name === "" || name === "--help" || name === "-h" || name === "help") {
    return await say(programHelp(), io);
  }
  if (row !== undefined && isHelpAsked(args)) return await say(commandHelp(name, row), io);
  return await run(rawArgs, io);
}

/** Every error becomes a message and an exit code. */
async function run(rawArgs: readonly string[], io: Io): Promise<number> {
  const { keepHeapSmall, reportError } = await import("../terminal/process.ts");
  const outcome = { exitCode: 0 };
  try {
    checkCommand(rawArgs[0] ?? "");
    keepHeapSmall();
    const { runCommand } = await import("citty");
    await runCommand(program(io, outcome), { rawArgs: [...rawArgs] });
    return outcome.exitCode;
  } catch (error) {
    const isJson = rawArgs.some((arg, i) =>
      arg === "--log-format=json" || (arg === "--log-format" && rawArgs[i + 1] === "json")
    );
    return reportError(error, io.stderr, {
      format: isJson ? "json" : "text",
      verbose: rawArgs.includes("--verbose"),
    });
  }
}

/** The catalog as citty runs it. The options of a command are read by terminal/options.ts. */
function program(io: Io, outcome: { exitCode: number }): CommandDef {
  const subCommands = Object.entries(COMMANDS).map(([name, row]): [string, CommandDef] => [name, {
    meta: { name, description: row.description },
    async run({ rawArgs }) {
      const commandLine = parseCommandLine(rawArgs, row.options, row.argument);
      const { openSession } = await import("../terminal/session.ts");
      const runCommand = await row.load();
      const context = { ...commandLine, command: name, settingNames: SETTING_NAMES, io };
      const session = openSession(context, outcome);
      try {
        await runCommand(session);
      } finally {
        await session.close();
      }
    },
  }]);
  return { meta: { name: TOOL.name }, subCommands: Object.fromEntries(subCommands) };
}

/** Below `config` in a policy file. */
const SETTING_NAMES: ReadonlySet<string> = new Set(
  Object.values(STAGE_SETTINGS).flatMap((table) =>
    Object.entries<SettingRow>(table).flatMap(([name, { inFile }]) => inFile ? [] : [name])
  ),
);

/** citty would accept a command after options, and names such as "constructor". */
function checkCommand(name: string): void {
  if (Object.hasOwn(COMMANDS, name)) return;
  throw usageError(name.startsWith("-") ? `Unknown option ${name}` : `Unknown command "${name}"`, {
    hint: `Commands: ${Object.keys(COMMANDS).join(", ")}; see ${TOOL.name} --help`,
  });
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
    `  ${name.padEnd(14)}${description}`
  );
  return [
    wrap(DESCRIPTION, ""),
    `USAGE    ${TOOL.name} <command> [options]`,
    `COMMANDS\n${commands.join("\n")}`,
    `${TOOL.name} <command> --help  prints the options of a command\n` +
    `${TOOL.name} --version         prints the version`,
    "Settings are flags, environment variables or a policy file (--config).\n" +
    "README.md explains exit codes, and links to the documentation of each command.",
  ].join("\n\n");
}

function commandHelp(name: string, row: CommandRow): string {
  const { argument, options } = row;
  const shown = argument?.shown ?? `<${argument?.name}>`;
  const more = argument?.shown === undefined && (argument?.max ?? 0) > 1 ? "…" : "";
  const operand = argument === undefined ? "" : ` ${shown}${more}`;
  return [
    wrap(row.description, ""),
    `USAGE    ${TOOL.name} ${name}${operand} [options]\nEXAMPLE  ${TOOL.name} ${row.example}`,
    ...(argument === undefined ? [] : [`ARGUMENT\n  ${shown}\n${wrap(argument.help, "      ")}`]),
    ...optionGroups(options),
  ].join("\n\n");
}

/** The command's own options, those of every command, and settings. */
function optionGroups(options: OptionsDef): string[] {
  const order = `flag, else environment variable${"config" in options ? ", else policy file" : ""}`;
  const groups = Map.groupBy(
    Object.entries(options),
    ([flag, { isSetting }]) =>
      isSetting ? `SETTINGS: ${order}` : flag in OUTPUT_OPTIONS ? "OUTPUT" : "OPTIONS",
  );
  return [...groups].map(([title, rows]) => `${title}\n${rows.map(optionHelp).join("\n")}`);
}

function optionHelp([flag, option]: [string, OptionDef]): string {
  const { type, description, valueHint = "text", words } = option;
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
