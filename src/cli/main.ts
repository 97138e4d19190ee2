/** argv → help, or a command → exit code. What only a running command needs is loaded with it. */
import { TOOL } from "../base/tool.ts";
import { COMMANDS } from "./catalog/catalog.ts";
import type { CommandRow } from "./catalog/row.ts";
import { commandHelp, programHelp } from "./help.ts";

/** 0 unless the command failed or asked for another code. */
export async function main(rawArgs: readonly string[]): Promise<number> {
  const [name = "", ...args] = rawArgs;
  const row: CommandRow | undefined = Object.hasOwn(COMMANDS, name)
    ? COMMANDS[name as keyof typeof COMMANDS]
    : undefined;
  if (name === "--version") return await say(TOOL.version);
  if (name === "" || name === "--help" || name === "-h" || name === "help") {
    return await say(programHelp());
  }
  if (row !== undefined && isHelpAsked(args)) return await say(commandHelp(name, row));
  const { runCommandLine } = await import("./run.ts");
  return await runCommandLine(rawArgs);
}

/** Not by way of `process`: see cli.ts. */
async function say(text: string): Promise<number> {
  try {
    console.log(text); // oxlint-disable-line no-console
  } catch (error) { // so Deno tells of a full disk
    const { endProgram } = await import("../terminal/stdout.ts");
    endProgram(error as Error);
  }
  return 0;
}

/** Only before a "--", behind which everything is an argument. */
function isHelpAsked(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end === -1 ? args : args.slice(0, end)).some((arg) => arg === "--help" || arg === "-h");
}
