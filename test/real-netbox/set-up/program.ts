/** Other programs: one that is run to its end, and one that keeps running until it is stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface ProgramOptions {
  /** Over the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whom the program runs as, when that is somebody else. */
  readonly owner?: Owner | undefined;
  /** What it reads on its standard input. */
  readonly input?: string;
}

/** Numbers of a Unix user. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface Running {
  /** The first line that matches, of those already printed and of those to come. */
  line(wanted: RegExp, after?: number): Promise<RegExpMatchArray>;
  /** How many lines there were so far: for `line(…, after)`. */
  printed(): number;
  /** Asks it to end with this signal, and waits until it has. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** What is shown of a program that failed. */
const LAST_LINES = 15;

const running = new Set<ChildProcess>();
// Whatever ends this process, they end too, and their own children with them.
process.on("exit", () => {
  for (const child of running) child.kill("SIGINT");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => process.exit(130));
}

/** Its standard output. @throws Error with the last lines that it printed. */
export async function run(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const child = launch(command, args, options);
  let stdout = "";
  let all = "";
  child.stdout?.on("data", (text: string) => {
    stdout += text;
    all += text;
  });
  child.stderr?.on("data", (text: string) => {
    all += text;
  });
  // A program that ends without reading it tells by its exit code how it went.
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.input ?? "");
  const code = await ended(child);
  if (code !== 0) throw new Error(`${command} ${args[0] ?? ""} ended with ${code}:\n${tail(all)}`);
  return stdout;
}

export function start(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Running {
  const child = launch(command, args, options);
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      for (const watch of watchers) watch();
    });
  }
  const end = ended(child);
  return {
    printed: () => lines.length,
    line: (wanted, after = 0) =>
      new Promise((resolve, reject) => {
        const watch = (): void => {
          const found = lines.slice(after).map((line) => line.match(wanted)).find((match) => match);
          if (!found) return;
          watchers.delete(watch);
          resolve(found);
        };
        watchers.add(watch);
        watch();
        end.then(
          (code) => reject(new Error(`${command} ended with ${code}:\n${tail(lines)}`)),
          reject,
        );
      }),
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      await end;
    },
  };
}

function launch(command: string, args: readonly string[], options: ProgramOptions): ChildProcess {
  const child = spawn(command, args, {
    env: { ...process.env, ...options.env },
    stdio: "pipe",
    // What another user may not enter cannot be its working folder.
    ...(options.owner && { ...options.owner, cwd: "/" }),
  });
  child.stdout?.setEncoding("utf8");
  child.stderr?.setEncoding("utf8");
  running.add(child);
  return child;
}

function ended(child: ChildProcess): Promise<number | string | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal));
  }).finally(() => running.delete(child)) as Promise<number | string | null>;
}

function tail(printed: string | readonly string[]): string {
  const lines = typeof printed === "string" ? printed.trimEnd().split("\n") : printed;
  return lines.slice(-LAST_LINES).join("\n");
}
