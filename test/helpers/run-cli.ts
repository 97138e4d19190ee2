/** The program as a user runs it: a process of its own, with a small environment. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { ROOT } from "./golden.ts";

export type RuntimeName = "node" | "deno";

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Another runtime than the one that runs the tests. */
  readonly runtime?: RuntimeName;
  /** Nobody reads what it prints, as when a pager has ended. */
  readonly isUnread?: boolean;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where its packages are cached is all that the program needs of the outer environment. */
const INHERITED = ["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR"];
/** Node strips the types of each file once for all of these processes. */
export const COMPILE_CACHE = join(tmpdir(), "proxmox-diode-test-cache");

/** A program that runs until it is stopped. */
export interface Started {
  /** Its first whole lines on stdout; rejects when it ends before. */
  lines(count: number): Promise<string[]>;
  stop(signal: NodeJS.Signals): Promise<Finished>;
  /** Of itself, or because it was stopped. */
  readonly ended: Promise<Finished>;
}

export async function runCli(
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  return await collect(spawnCli(args, options)).finished;
}

export function startCli(args: readonly string[], options: RunOptions = {}): Started {
  const child = spawnCli(args, options);
  const { said, finished } = collect(child);
  const isOver = finished.then(({ stderr }) => {
    throw new Error(`The program has ended: ${stderr}`);
  });
  // Whoever waits for a line hears of it; nobody has to.
  isOver.catch(() => undefined);
  return {
    async lines(count) {
      const found = (): string[] => said.stdout.split("\n").slice(0, -1);
      while (found().length < count) await Promise.race([once(child.stdout, "data"), isOver]);
      return found().slice(0, count);
    },
    stop(signal) {
      // Deno takes a child that it was told to kill for killed, whatever the child makes of it.
      if (child.exitCode === null && child.pid !== undefined) process.kill(child.pid, signal);
      return finished;
    },
    ended: finished,
  };
}

function spawnCli(
  args: readonly string[],
  options: RunOptions,
): ChildProcessByStdio<null, Readable, Readable> {
  const { env = {}, cwd = ROOT, runtime, isUnread = false } = options;
  const isDeno = runtime === undefined ? "Deno" in globalThis : runtime === "deno";
  const command = runtime === undefined ? process.execPath : binaryOf(runtime);
  const script = [...(isDeno ? ["run", "-A"] : []), join(ROOT, "src/cli.ts")];
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

function collect(child: ChildProcessByStdio<null, Readable, Readable>) {
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8");
    child[stream].on("data", (text: string) => {
      said[stream] += text;
    });
  }
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...said }));
  });
  return { said, finished };
}

export function hasBoth(): boolean {
  return existsSync(binaryOf("node")) && existsSync(binaryOf("deno"));
}

function binaryOf(runtime: RuntimeName): string {
  return join(ROOT, "node_modules/.bin", runtime);
}
