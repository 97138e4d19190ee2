/** argv → a command → exit code. */
import { type CommandDef, defineCommand, renderUsage, runCommand } from "citty";
import { TOOL } from "../kernel/tool.ts";
import { type CommandRow, COMMANDS } from "./catalog.ts";
import { checkArguments, type Context } from "./options.ts";
import { report } from "./report.ts";
import { openSession, type Session } from "./session.ts";

const DESCRIPTION =
  "Copies what runs on Proxmox VE into NetBox, through Diode: capture, transform, push";

/** 0 unless the command failed or asked for another code. */
export async function main(rawArgs: readonly string[]): Promise<number> {
  const outcome = { exitCode: 0 };
  try {
    const root = rootCommand(outcome);
    if (rawArgs.length === 0 || isAsked(rawArgs, ["--help", "-h"])) await printUsage(root, rawArgs);
    else if (rawArgs.length === 1 && isAsked(rawArgs, ["--version"])) {
      process.stdout.write(`${TOOL.version}\n`);
    } else await runCommand(root, { rawArgs: [...rawArgs] });
    return outcome.exitCode;
  } catch (error) {
    const isJson = rawArgs.join(" ").includes("--log-format=json") ||
      rawArgs[rawArgs.indexOf("--log-format") + 1] === "json";
    return report(error, {
      format: isJson ? "json" : "text",
      verbose: rawArgs.includes("--verbose"),
    });
  }
}

function rootCommand(outcome: { exitCode: number }): CommandDef {
  const subCommands = Object.entries(COMMANDS).map((
    [name, row],
  ) => [name, commandOf(name, row, outcome)]);
  return defineCommand({
    meta: { name: TOOL.name, version: TOOL.version, description: DESCRIPTION },
    subCommands: Object.fromEntries(subCommands) as Record<string, CommandDef>,
  });
}

function commandOf(name: string, row: CommandRow, outcome: { exitCode: number }): CommandDef {
  const { argument, options } = row;
  const positional = argument === undefined ? {} : {
    [argument.name]: { type: "positional", required: false, description: argument.help } as const,
  };
  return defineCommand({
    meta: { name, description: row.description },
    args: { ...positional, ...options },
    async run({ rawArgs, args }) {
      const context = { rawArgs, args } as unknown as Context;
      checkArguments(context, options, argument?.most ?? 0);
      const session: Session = openSession(context, outcome);
      const command = await row.load();
      await command(session);
    },
  });
}

async function printUsage(root: CommandDef, rawArgs: readonly string[]): Promise<void> {
  const name = rawArgs.find((arg) => arg in COMMANDS) as keyof typeof COMMANDS | undefined;
  const row: CommandRow | undefined = name && COMMANDS[name];
  const usage = name === undefined || row === undefined
    ? await renderUsage(root)
    : await renderUsage(commandOf(name, row, { exitCode: 0 }), root);
  const example = row === undefined ? "" : `\nEXAMPLE  ${TOOL.name} ${row.example}\n`;
  process.stdout.write(`${usage}\n${example}`);
}

/** Only before a "--", behind which everything is an argument. */
function isAsked(rawArgs: readonly string[], flags: readonly string[]): boolean {
  const end = rawArgs.indexOf("--");
  return (end === -1 ? rawArgs : rawArgs.slice(0, end)).some((arg) => flags.includes(arg));
}
