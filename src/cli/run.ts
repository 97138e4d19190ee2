/** Runs a command line through citty; every error becomes a message and an exit code. */
import { setFlagsFromString } from "node:v8";
import { type CommandDef, defineCommand, runCommand } from "citty";
import { usageError } from "../base/errors.ts";
import { TOOL } from "../base/tool.ts";
import { parseCommandLine } from "../terminal/options.ts";
import { type Io, reportError } from "../terminal/process.ts";
import { openSession } from "../terminal/session.ts";
import { type CommandRow, COMMANDS, STAGE_SETTINGS } from "./catalog.ts";

/** Returns the exit code. */
export async function runCommandLine(rawArgs: readonly string[], io: Io): Promise<number> {
  const outcome = { exitCode: 0 };
  try {
    checkCommand(rawArgs[0] ?? "");
    const subCommands = Object.entries(COMMANDS).map((
      [name, row],
    ) => [name, commandOf(name, row, { io, outcome })]);
    const root = defineCommand({
      meta: { name: TOOL.name },
      subCommands: Object.fromEntries(subCommands),
    });
    await runCommand(root, { rawArgs: [...rawArgs] });
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

/** citty would accept a command after options, and names such as "constructor". */
function checkCommand(name: string): void {
  if (Object.hasOwn(COMMANDS, name)) return;
  throw usageError(name.startsWith("-") ? `Unknown option ${name}` : `Unknown command "${name}"`, {
    hint: `Commands: ${Object.keys(COMMANDS).join(", ")}; see ${TOOL.name} --help`,
  });
}

const SETTING_NAMES: ReadonlySet<string> = new Set(
  Object.values(STAGE_SETTINGS).flatMap((table) => Object.keys(table)),
);

function commandOf(
  name: string,
  row: CommandRow,
  { io, outcome }: { io: Io; outcome: { exitCode: number } },
): CommandDef {
  const { argument, options } = row;
  const positional = argument === undefined
    ? {}
    : { [argument.name]: { type: "positional", required: false } as const };
  return defineCommand({
    meta: { name, description: row.description },
    args: { ...positional, ...options },
    async run({ rawArgs }) {
      // citty loses the text of a switch ("--json=maybe"), so its own parse is not used.
      const context = {
        ...parseCommandLine(rawArgs, options, argument),
        settingNames: SETTING_NAMES,
        io,
      };
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

/**
 * V8 lets the heap triple between two collections: 480 MB for 100,000 guests, of which 65 are in use. With
 * this flag it is 385 MB, for a tenth more time. Deno takes the flag only at start (see deno.json) and
 * ignores it here.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--heap-growing-percent=50");
}
