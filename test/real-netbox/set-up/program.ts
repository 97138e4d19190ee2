/** Runs other programs: to their end, or until they are stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface ProgramOptions {
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** The user that runs the program, when it is another one. */
  readonly owner?: Owner | undefined;
  /** Its standard input. */
  readonly input?: string;
}

/** Numbers of a Unix user. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface Running {
  /** The first matching line, already printed or later. */
  line(pattern: RegExp, after?: number): Promise<RegExpMatchArray>;
  /** The number of lines so far, for `line(…, after)`. */
  printed(): number;
  /** Sends this signal and waits for the end of the program. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Lines that are shown of a failed program. */
const LAST_LINES = 15;

const running = new Set<ChildProcess>();
// When this process ends for any reason, its programs and their children end too.
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
  // A program may end without reading its input; its exit code is checked.
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
    line: (pattern, after = 0) =>
      new Promise((resolve, reject) => {
        const watch = (): void => {
          const found = lines.slice(after).map((line) => line.match(pattern)).find((match) =>
            match
          );
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
    // Another user may have no access to the current working folder.
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
