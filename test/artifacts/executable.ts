/**
 * `npm run executable`: Node and the program in one file, for machines without Node. The binary is that of the npm
 * package `node` for this platform; the drivers of Redis and S3 are inside.
 * Source: nodejs.org/docs/latest-v24.x/api/single-executable-applications.html
 */
import { execFileSync } from "node:child_process";
import { chmod, copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../helpers/golden.ts";
import { bundled } from "./bundle.ts";
import { EXECUTABLE } from "./dist.ts";

const POSTJECT = join(ROOT, "node_modules/postject/dist/cli.js");
/** Node's binary contains this text; postject changes the digit that follows it. */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";
const IS_MACOS = process.platform === "darwin";

/**
 * Node 24 embeds only CommonJS, which has no top-level await, so the program is the body of a function. The exit
 * code is 13 if the event loop ends before the program does, as with a top-level await.
 */
function asCommonJs(program: string): string {
  return `"use strict";
let isDone = false;
process.on("exit", () => {
  if (!isDone) process.exitCode ??= 13;
});
(async () => {
${program}
})().finally(() => {
  isDone = true;
});
`;
}

/** What it prints on stderr is part of the error if it fails. */
function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ["ignore", "ignore", "pipe"] });
}

const folder = await mkdtemp(join(tmpdir(), "proxmox-diode-executable-"));
try {
  const main = join(folder, "main.cjs");
  const output = join(folder, "main.blob");
  const config = join(folder, "config.json");
  await writeFile(main, asCommonJs(await bundled("inside")));
  const options = { disableExperimentalSEAWarning: true, useCodeCache: true };
  await writeFile(config, JSON.stringify({ main, output, ...options }));
  run(process.execPath, "--experimental-sea-config", config);

  await copyFile(process.execPath, EXECUTABLE);
  await chmod(EXECUTABLE, 0o755);
  // Source of the steps for macOS: the page above. A changed binary needs a new signature there.
  if (IS_MACOS) run("codesign", "--remove-signature", EXECUTABLE);
  const segment = IS_MACOS ? ["--macho-segment-name", "NODE_SEA"] : [];
  const blob = ["NODE_SEA_BLOB", output, "--sentinel-fuse", FUSE, ...segment];
  run(process.execPath, POSTJECT, EXECUTABLE, ...blob);
  if (IS_MACOS) run("codesign", "--sign", "-", EXECUTABLE);
} finally {
  await rm(folder, { recursive: true, force: true });
}
