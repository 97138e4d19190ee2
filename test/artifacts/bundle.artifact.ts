/** The single file, alone in a folder, without node_modules and without a network. */
import { cp, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "vitest";
import { ROOT } from "../helpers/golden.ts";
import { expectError } from "../helpers/cli-folders.ts";
import { freePort } from "../helpers/redis-server.ts";
import { binaryOf, runProcess } from "../helpers/run-process.ts";
import { tempFolder } from "../helpers/temp-folder.ts";
import { BUNDLE } from "./dist.ts";
import { nodeOf } from "./setup.ts";
import {
  expectBytesOfSource,
  expectVersionNeeded,
  pipelineOf,
  type Program,
  WITHOUT_NETWORK,
} from "./trial.ts";

const S3 = { AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" };
const NAME = "proxmox-diode.mjs";
const DENO = [
  binaryOf("deno"),
  "run",
  "--no-prompt",
  "--allow-read",
  "--allow-write",
  "--allow-env",
] as const;

/** A folder that contains only the file. */
async function withBundle(): Promise<string> {
  const folder = await tempFolder();
  await cp(BUNDLE, join(folder, NAME));
  return folder;
}

describe("the single file", () => {
  test.skipIf(WITHOUT_NETWORK === undefined).each([22, 24] as const)(
    "gives the same bytes as the source on Node %i, without a network",
    async (release) => {
      const program = [...WITHOUT_NETWORK ?? [], nodeOf(release), NAME] as unknown as Program;
      await expectBytesOfSource(program, await withBundle());
    },
  );

  test("gives the same bytes as the source on Deno, without a network", async () => {
    await expectBytesOfSource([...DENO, "--deny-net", NAME], await withBundle());
  });

  test.each<readonly [string, Program]>([
    ["Node 22", [nodeOf(22), NAME]],
    ["Node 24", [nodeOf(24), NAME]],
    ["Deno", [...DENO, "--allow-net=127.0.0.1", NAME]],
  ])(
    "runs the whole pipeline on %s",
    async (_, program) => pipelineOf(program, await withBundle()),
  );

  test.each([18, 20] as const)("says in one line what it needs on Node %i", async (release) => {
    await expectVersionNeeded([nodeOf(release), BUNDLE]);
  });

  describe.each<readonly [string, Program]>([
    ["Node", [nodeOf(22), NAME]],
    ["Deno", [...DENO, "--allow-net=127.0.0.1", NAME]],
  ])("on %s", (_, program) => {
    test("names the package that a Redis URI needs", async () => {
      const cwd = await withBundle();
      const finished = await runProcess(["verify", "redis://127.0.0.1:1/0/lab"], { cwd, program });
      expectError(finished, 2, "Cannot find module 'ioredis'", "npm install ioredis aws4fetch");
    });

    test("uses the drivers of Redis and S3 that are installed next to it", async () => {
      const cwd = await withBundle();
      await symlink(join(ROOT, "node_modules"), join(cwd, "node_modules"));
      const closed = `127.0.0.1:${await freePort()}`;
      const options = { cwd, program, env: { ...S3, AWS_ENDPOINT_URL: `http://${closed}` } };
      const redis = await runProcess(["verify", `redis://${closed}/0/lab`], options);
      expectError(redis, 6, `ECONNREFUSED ${closed}`);
      const s3 = await runProcess(["verify", "s3://bucket/lab"], options);
      expectError(s3, 6, "Cannot list the files in s3://bucket/lab");
    });
  });
});
