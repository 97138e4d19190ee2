/** `npm run artifacts`: the npm package, the single file and the executable in `dist/`, with their checksums. */
import { spawnSync } from "node:child_process";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import process from "node:process";
import { digest } from "../../src/base/digest.ts";
import { BUNDLE, CHECKSUMS, DIST, EXECUTABLE, PACKAGE, TARBALL } from "./dist.ts";

function npm(...args: readonly string[]): void {
  const options = { stdio: ["ignore", "ignore", "inherit"], shell: process.platform === "win32" };
  const { status } = spawnSync("npm", args, options as object);
  if (status !== 0) throw new Error(`npm ${args.join(" ")} ended with ${status}`);
}

await rm(DIST, { recursive: true, force: true });
npm("run", "build");
npm("pack", PACKAGE, "--pack-destination", DIST, "--loglevel", "error");
npm("run", "bundle");
npm("run", "executable");

const lines: string[] = [];
for (const file of [TARBALL, BUNDLE, EXECUTABLE]) {
  const name = basename(file);
  // As sha256sum --check reads it.
  lines.push(`${digest(await readFile(file))}  ${name}\n`);
  process.stdout.write(`${((await stat(file)).size / 1e6).toFixed(1).padStart(6)} MB  ${name}\n`);
}
await writeFile(CHECKSUMS, lines.join(""));
