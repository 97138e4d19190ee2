/**
 * The command line as a process with a small environment, for what only a process can show,
 * such as signals, closed pipes, the real environment and the working directory. Otherwise use run-cli.ts.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { ROOT } from "./golden.ts";
import { type Finished, firstLines, type RunOptions, type Started } from "./run-cli.ts";
import { TextStream } from "./text-stream.ts";

export type RuntimeName = "node" | "deno";

export interface ProcessOptions extends RunOptions {
  readonly cwd?: string;
  /** Another runtime than the one that runs the tests. */
  readonly runtime?: RuntimeName;
  /** Another program than src/cli.ts, with its first arguments. */
  readonly program?: readonly [command: string, ...args: string[]];
  /** Closes the reader of stdout, as when a pager ends. */
  readonly isUnread?: boolean;
}

/** The program needs only the package caches of the outer environment. */
const INHERITED = ["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR"];
/** Node strips the types of each file once for all of these processes. */
export const COMPILE_CACHE = join(tmpdir(), "proxmox-diode-test-cache");

export async function runProcess(
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<Finished> {
  return await startProcess(args, options).ended;
}

export function startProcess(args: readonly string[], options: ProcessOptions = {}): Started {
  const child = spawnCli(args, options);
  const [stdout, stderr] = [new TextStream(), new TextStream()];
  child.stdout.pipe(stdout);
  child.stderr.pipe(stderr);
  const ended = new Promise<Finished>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout: stdout.text, stderr: stderr.text }));
  });
  return {
    lines: (count) => firstLines(stdout, { count, ended }),
    stop(signal) {
      // Deno reports a child as killed after kill(), even when the child handles the signal.
      if (child.exitCode === null && child.pid !== undefined) process.kill(child.pid, signal);
      return ended;
    },
    ended,
  };
}

function spawnCli(
  args: readonly string[],
  options: ProcessOptions,
): ChildProcessByStdio<null, Readable, Readable> {
  const { env = {}, cwd = ROOT, runtime, isUnread = false } = options;
  const [command, ...script] = options.program ?? source(runtime);
  const inherited = INHERITED.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  const child = spawn(command, [...script, ...args], {
    cwd,
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...Object.fromEntries(inherited), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (isUnread) child.stdout.destroy();
  return child;
}

function source(runtime: RuntimeName | undefined): [command: string, ...args: string[]] {
  const isDeno = runtime === undefined ? "Deno" in globalThis : runtime === "deno";
  const command = runtime === undefined ? process.execPath : binaryOf(runtime);
  return [command, ...(isDeno ? ["run", "-A"] : []), join(ROOT, "src/cli.ts")];
}

export function hasBoth(): boolean {
  return existsSync(binaryOf("node")) && existsSync(binaryOf("deno"));
}

export function binaryOf(runtime: RuntimeName): string {
  return join(ROOT, "node_modules/.bin", runtime);
}
