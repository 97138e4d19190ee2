/** What a running command has: its arguments, its log, its output and its exit code. */
import { createLog, type Log } from "../kernel/log.ts";
import { EXIT_CODES } from "./report.ts";
import { type Context, flagText, isSwitchedOn, logOptions } from "./options.ts";

export interface Session {
  readonly context: Context;
  /** What stands behind the command's name. */
  readonly operands: readonly string[];
  readonly isJson: boolean;
  readonly log: Log;
  /** Where a bar may be drawn that changes in place; undefined: where a log is read, or nothing is. */
  readonly terminal: NodeJS.WriteStream | undefined;
  /** The text of an option, or undefined. */
  option(name: string): string | undefined;
  isOn(name: string): boolean;
  /** Data for the user, on stdout; nothing with --quiet. */
  print(text: string): void;
  /** Ends the command with this code although nothing was thrown. */
  exitWith(kind: keyof typeof EXIT_CODES): void;
}

export function openSession(context: Context, outcome: { exitCode: number }): Session {
  const options = logOptions(context);
  return {
    context,
    operands: context.args._,
    isJson: isSwitchedOn(context, "json"),
    log: createLog(options),
    terminal: process.stderr.isTTY && options.format !== "json" && options.level !== "quiet"
      ? process.stderr
      : undefined,
    option: (name) => flagText(context, name),
    isOn: (name) => isSwitchedOn(context, name),
    print(text) {
      if (options.level !== "quiet") process.stdout.write(`${text}\n`);
    },
    exitWith(kind) {
      outcome.exitCode = EXIT_CODES[kind];
    },
  };
}
