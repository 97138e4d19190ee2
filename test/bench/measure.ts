/** Each measurement is a process that prints one line of JSON. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const RUNTIMES = {
  Node: ["node"],
  Deno: ["deno", "run", "-A", "--v8-flags=--heap-growing-percent=50"],
} as const;

export interface Measured {
  readonly seconds: number;
  readonly entities: number;
  readonly peakBytes: number;
}

/** `script`: a file in this folder. */
export async function measure(
  [program = "", ...flags]: readonly string[],
  script: string,
  args: readonly string[],
): Promise<Measured> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await promisify(execFile)(program, [...flags, file, ...args]);
  return JSON.parse(stdout) as Measured;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/** Largest resident set so far; from the kernel, since Deno has no maxRSS in resourceUsage. */
export async function peakBytes(): Promise<number> {
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  const kib = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
  return kib === undefined ? process.memoryUsage().rss : Number(kib) * 1024;
}
