/** The program as a user runs it: a process of its own, with a small environment. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
const COMPILE_CACHE = join(tmpdir(), "proxmox-diode-test-cache");

export function runCli(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { env = {}, cwd = ROOT, runtime } = options;
  const isDeno = runtime === undefined ? "Deno" in globalThis : runtime === "deno";
  const command = runtime === undefined ? process.execPath : binaryOf(runtime);
  const script = [...(isDeno ? ["run", "-A"] : []), join(ROOT, "src/cli.ts")];
  const inherited = INHERITED.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...script, ...args], {
      cwd,
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...Object.fromEntries(inherited), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8");
      child[stream].on("data", (text: string) => {
        said[stream] += text;
      });
    }
    if (options.isUnread) child.stdout.destroy();
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...said }));
  });
}

export function hasBoth(): boolean {
  return existsSync(binaryOf("node")) && existsSync(binaryOf("deno"));
}

function binaryOf(runtime: RuntimeName): string {
  return join(ROOT, "node_modules/.bin", runtime);
}
