/** The process as a command sees it: environment, streams, signals, errors and exit codes. */
import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { AppError, type ErrorKind, usageError } from "../base/errors.ts";
import { jsonLine, printable } from "../base/log.ts";
import { TOOL } from "../base/tool.ts";

/** cli.ts passes those of the process, tests pass their own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Writes the text of --help or --version to stdout, with a line break. */
  help(text: string): void;
  /** Calls the listener on SIGINT and on SIGTERM, until the function that it returns is called. */
  onStop(listener: () => void): () => void;
  /** Ends the process at once. */
  exit(code: number): never;
}

export type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly writableNeedDrain?: boolean;
};

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

/** Prints a thrown value on stderr. Returns the exit code. */
export function reportError(
  error: unknown,
  stderr: OutputStream,
  options: ReportOptions = {},
): number {
  const known = error instanceof AppError ? error : undefined;
  const lines = known === undefined ? bugLines(error) : errorLines(known, options.verbose ?? false);
  const code = known === undefined ? EXIT_CODES.bug : EXIT_CODES[known.kind];
  if (options.format === "json") {
    const kind = known?.kind ?? "bug";
    const [message, ...details] = lines;
    const entry = { level: "error", kind, exit_code: code, message, hint: known?.hint };
    // The line after the message is the hint; the others are more messages, the stack of a bug, or causes.
    const more = details.filter((line) => line !== hintLine(known?.hint))
      .map((line) => line.replace(MORE, ""));
    stderr.write(jsonLine(more.length === 0 ? entry : { ...entry, details: more }));
  } else {
    stderr.write(`\n${lines.map((line) => ` ${printable(line)}`).join("\n")}\n\n`);
  }
  return code;
}

/** Before each line of a message but the first. */
const MORE = "       ";

function errorLines(error: AppError, verbose: boolean): string[] {
  const [message = "", ...more] = error.message.split("\n");
  const lines = [`Error: ${message}`, ...more.map((line) => MORE + line)];
  const hint = hintLine(error.hint);
  if (hint !== undefined) lines.push(hint);
  return verbose ? [...lines, ...causesOf(error)] : lines;
}

function hintLine(hint: string | undefined): string | undefined {
  return hint === undefined ? undefined : `  What to do: ${hint}`;
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

export interface Stdout {
  write(text: string): void;
  /** Resolves once stdout has room again. */
  drained(): Promise<void>;
}

/** `isNeeded`: the program ends when its reader does; else it works on without printing. */
export function openStdout(io: Io, isNeeded: boolean): Stdout {
  const { stdout } = io;
  let isRead = true;
  const end = (error: Error & { code?: string }): void => {
    if (isNeeded || error.code !== "EPIPE") endProgram(error, io);
    isRead = false;
  };
  stdout.on("error", end);
  return {
    write(text) {
      if (!isRead) return;
      try {
        stdout.write(text);
      } catch (error) { // Deno throws when the disk is full
        end(error as Error);
      }
    },
    async drained() {
      if (isRead && stdout.writableNeedDrain) await once(stdout, "drain");
    },
  };
}

/** Ends the program after a failed write; without an error if the reader has closed the pipe ("| head"). */
export function endProgram({ code, message }: Error & { code?: string }, io: Io): never {
  if (code === "EPIPE") io.exit(0);
  io.exit(reportError(usageError(`Cannot write to stdout: ${message}`), io.stderr));
}

/** Ctrl-C: the first stops the work, the second ends the process. */
export async function interruptible<Result>(
  io: Io,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const ignoreStops = io.onStop(() => {
    if (controller.signal.aborted) io.exit(EXIT_CODES.interrupted);
    controller.abort();
  });
  try {
    return await work(controller.signal);
  } finally {
    ignoreStops();
  }
}

/** Ctrl-C ends a server normally: exit code 0. */
export async function untilStopped(io: Io): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const ignoreStops = io.onStop(resolve);
  await promise;
  ignoreStops();
}

/**
 * V8 lets the heap triple between two collections: 480 MB for 100,000 guests, of which 65 are in use. With
 * this flag it is 385 MB, for a tenth more time. Deno takes the flag only at start (see deno.json) and
 * ignores it here.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--heap-growing-percent=50");
}
