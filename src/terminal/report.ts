/** The one place that prints an error and decides the exit code. */
import { stripVTControlCharacters } from "node:util";
import { AppError, type ErrorKind } from "../base/errors.ts";
import { jsonLine, printable } from "../base/log.ts";
import { TOOL } from "../base/tool.ts";
import type { OutputStream } from "./io.ts";

/** Exit codes; 0 is done, 3 is differences with --exit-code. */
export const EXIT_CODES = {
  bug: 1,
  usage: 2,
  differences: 3,
  incomplete: 4,
  input: 5,
  remote: 6,
  rejected: 7,
  interrupted: 130,
} as const satisfies Record<ErrorKind | "bug" | "differences", number>;

export interface ReportOptions {
  readonly format?: "text" | "json";
  /** Show causes too. */
  readonly verbose?: boolean;
}

/** Anything that was thrown → text on stderr → exit code. */
export function reportError(
  error: unknown,
  stderr: OutputStream,
  options: ReportOptions = {},
): number {
  const known = asAppError(error);
  const lines = known === undefined ? bugLines(error) : errorLines(known, options.verbose ?? false);
  const code = known === undefined ? EXIT_CODES.bug : EXIT_CODES[known.kind];
  if (options.format === "json") {
    const kind = known?.kind ?? "bug";
    const [message, ...details] = lines;
    const entry = { level: "error", kind, exit_code: code, message, hint: known?.hint };
    // What to do stands in `hint`; the rest is the stack of a bug, or causes.
    const more = known?.hint === undefined ? details : details.slice(1);
    stderr.write(jsonLine(more.length === 0 ? entry : { ...entry, details: more }));
  } else {
    stderr.write(`\n${lines.map((line) => ` ${printable(line)}`).join("\n")}\n\n`);
  }
  return code;
}

/** citty does not export its error class; what it throws is always the user's typing. */
function asAppError(error: unknown): AppError | undefined {
  if (error instanceof AppError) return error;
  if (!(error instanceof Error) || error.name !== "CLIError") return undefined;
  const message = stripVTControlCharacters(error.message).replace(/\.$/, "");
  return new AppError("usage", message, { hint: `See ${TOOL.name} --help` });
}

function errorLines(error: AppError, verbose: boolean): string[] {
  const lines = [`Error: ${error.message}`];
  if (error.hint !== undefined) lines.push(`  What to do: ${error.hint}`);
  return verbose ? [...lines, ...causesOf(error)] : lines;
}

function causesOf(error: Error): string[] {
  if (!(error.cause instanceof Error)) return [];
  return [`  Caused by: ${error.cause.message}`, ...causesOf(error.cause)];
}

function bugLines(error: unknown): string[] {
  const stack = error instanceof Error ? error.stack ?? error.message : String(error);
  return [
    `This is a bug in ${TOOL.name} ${TOOL.version}; please report it with these lines`,
    ...stack.split("\n"),
  ];
}
