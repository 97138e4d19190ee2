/**
 * The command line in the process of the test: the same `main` as in cli.ts, with separate streams,
 * environment and signals, so that several runs can work at the same time. See run-process.ts for a real process.
 */
import type { Io } from "../../src/terminal/process.ts";
import { main } from "../../src/cli/main.ts";
import { TextStream } from "./text-stream.ts";

export interface RunOptions {
  /** The whole environment: nothing is inherited. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs until it is stopped. */
export interface Started {
  /** The first lines on stdout; rejects when the program ends before. */
  lines(count: number): Promise<string[]>;
  /** Sends SIGINT or SIGTERM. */
  stop(signal: NodeJS.Signals): Promise<Finished>;
  /** Resolves at the end of the program, also after `stop`. */
  readonly ended: Promise<Finished>;
}

export async function runCli(
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  return await startCli(args, options).ended;
}

export function startCli(args: readonly string[], { env = {} }: RunOptions = {}): Started {
  const [stdout, stderr] = [new TextStream(), new TextStream()];
  const stopListeners = new Set<() => void>();
  const exit = Promise.withResolvers<number>();
  const io: Io = {
    env,
    stdout,
    stderr,
    help: (text) => void stdout.write(`${text}\n`),
    onStop(listener) {
      stopListeners.add(listener);
      return () => void stopListeners.delete(listener);
    },
    exit(code) {
      exit.resolve(code);
      throw new Error(`The program called exit(${code}): nothing after this may run`);
    },
  };
  const ended = Promise.race([main(args, io), exit.promise])
    .then((code): Finished => ({ code, stdout: stdout.text, stderr: stderr.text }));
  return {
    lines: (count) => firstLines(stdout, { count, ended }),
    stop() {
      for (const listener of stopListeners) listener();
      return ended;
    },
    ended,
  };
}

/** The first lines of a stream; rejects when the program ends before. */
export async function firstLines(
  stdout: TextStream,
  { count, ended }: { readonly count: number; readonly ended: Promise<Finished> },
): Promise<string[]> {
  const whole = (): string[] => stdout.text.split("\n").slice(0, -1);
  const early = ended.then(({ stderr }) => {
    throw new Error(`The program has ended: ${stderr}`);
  });
  early.catch(() => undefined);
  while (whole().length < count) {
    await Promise.race([new Promise((resolve) => stdout.once("text", resolve)), early]);
  }
  return whole().slice(0, count);
}
