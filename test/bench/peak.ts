/** Largest resident set of this process so far; from the kernel, since Deno has no maxRSS in resourceUsage. */
import { readFile } from "node:fs/promises";

export async function peakBytes(): Promise<number> {
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  const kib = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
  return kib === undefined ? process.memoryUsage().rss : Number(kib) * 1024;
}
