/** Installs from the npm registry what the tests need: older releases of Node, which are kept, and the packed tarball. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../helpers/golden.ts";
import { TARBALL } from "./dist.ts";

const CACHE = join(ROOT, "test/.cache/artifacts");
/** The npm package, installed from its tarball. */
export const INSTALLED = join(CACHE, "package");

const RELEASES = [18, 20, 22] as const;

/** Node 22 is the oldest that is supported. 24 is that of the checkout. */
export function nodeOf(release: typeof RELEASES[number] | 24): string {
  const folder = release === 24 ? ROOT : join(CACHE, `node-${release}`);
  return join(folder, "node_modules/node/bin/node");
}

export default async function setup(): Promise<void> {
  for (const release of RELEASES) {
    if (existsSync(nodeOf(release))) continue;
    await install(`node@${release}`, join(CACHE, `node-${release}`));
  }
  await install(TARBALL, INSTALLED);
}

async function install(what: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), "{}\n");
  const args = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel", "error"];
  execFileSync("npm", [...args, what], {
    cwd: folder,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
}
