/** A command line → the command that it names, run by citty; every error ends in the report. */
import { type CommandDef, defineCommand, runCommand } from "citty";
import { usageError } from "../base/errors.ts";
import { TOOL } from "../base/tool.ts";
import { checkArguments, type Context, withJoinedWords } from "../terminal/options.ts";
import { report } from "../terminal/report.ts";
import { openSession } from "../terminal/session.ts";
import { COMMANDS } from "./catalog/catalog.ts";
import type { CommandRow } from "./catalog/row.ts";
import { keepHeapSmall } from "./heap.ts";

/** Answers the exit code. */
export async function runCommandLine(rawArgs: readonly string[]): Promise<number> {
  const outcome = { exitCode: 0 };
  try {
    const row = rowOf(rawArgs[0] ?? "");
    const subCommands = Object.entries(COMMANDS).map((
      [name, row],
    ) => [name, commandOf(name, row, outcome)]);
    const root = defineCommand({
      meta: { name: TOOL.name },
      subCommands: Object.fromEntries(subCommands),
    });
    await runCommand(root, { rawArgs: withJoinedWords(rawArgs, row.options) });
    return outcome.exitCode;
  } catch (error) {
    const isJson = rawArgs.some((arg, i) =>
      arg === "--log-format=json" || (arg === "--log-format" && rawArgs[i + 1] === "json")
    );
    return report(error, {
      format: isJson ? "json" : "text",
      verbose: rawArgs.includes("--verbose"),
    });
  }
}

/** citty would look past options for a command, and up the prototype chain. */
function rowOf(name: string): CommandRow {
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name as keyof typeof COMMANDS];
  throw usageError(name.startsWith("-") ? `Unknown option ${name}` : `Unknown command "${name}"`, {
    hint: `Commands: ${Object.keys(COMMANDS).join(", ")}; see ${TOOL.name} --help`,
  });
}

function commandOf(name: string, row: CommandRow, outcome: { exitCode: number }): CommandDef {
  const { argument, options } = row;
  const positional = argument === undefined
    ? {}
    : { [argument.name]: { type: "positional", required: false } as const };
  return defineCommand({
    meta: { name, description: row.description },
    args: { ...positional, ...options },
    async run({ rawArgs, args }) {
      const context = { rawArgs, args } as unknown as Context;
      checkArguments(context, options, argument ?? { most: 0 });
      keepHeapSmall();
      const command = await row.load();
      const session = openSession(context, outcome);
      try {
        await command(session);
      } finally {
        await session.close();
      }
    },
  });
}
