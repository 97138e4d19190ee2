/** The executable, alone in a folder; and in a root file system that has nothing but the libraries it is linked with. */
import { execFileSync } from "node:child_process";
import { cp, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import process from "node:process";
import { describe, expect, test } from "vitest";
import { digest } from "../../src/base/digest.ts";
import { expectError } from "../helpers/cli-folders.ts";
import { runProcess } from "../helpers/run-process.ts";
import { tempFolder } from "../helpers/temp-folder.ts";
import { BUNDLE, CHECKSUMS, EXECUTABLE, TARBALL } from "./dist.ts";
import { expectBytesOfSource, pipelineOf, type Program } from "./trial.ts";

const NAME = basename(EXECUTABLE);
const CAN_CHROOT = process.platform === "linux" && process.getuid?.() === 0;

/** A root file system with the executable and the libraries that ldd names. */
async function emptyRoot(): Promise<{ root: string; program: Program }> {
  const root = await tempFolder();
  const libraries = execFileSync("ldd", [EXECUTABLE], { encoding: "utf8" })
    .match(/\/\S+(?= \(0x)/g) ?? [];
  for (const library of libraries) {
    await cp(library, join(root, library), { dereference: true });
  }
  await cp(EXECUTABLE, join(root, NAME));
  return { root, program: ["chroot", root, `/${NAME}`] };
}

describe("the executable", () => {
  test.skipIf(!CAN_CHROOT)(
    "gives the same bytes as the source in an otherwise empty root file system",
    async () => {
      const { root, program } = await emptyRoot();
      await expectBytesOfSource(program, root);
    },
  );

  test.skipIf(!CAN_CHROOT)(
    "runs the whole pipeline in an otherwise empty root file system",
    async () => {
      const { root, program } = await emptyRoot();
      await pipelineOf(program, root);
    },
  );

  test("gives the same bytes as the source without anything on PATH", async () => {
    const program: Program = ["env", "-i", EXECUTABLE];
    await expectBytesOfSource(process.platform === "win32" ? [EXECUTABLE] : program);
  });

  test("contains the driver of Redis", async () => {
    const finished = await runProcess(["verify", "redis://127.0.0.1:1/0/lab"], {
      program: [EXECUTABLE],
    });
    expectError(finished, 6, "ECONNREFUSED 127.0.0.1:1");
  });
});

test("SHA256SUMS has the checksum of each file", async () => {
  const lines = await Promise.all([TARBALL, BUNDLE, EXECUTABLE].map(async (file) => {
    return `${digest(await readFile(file))}  ${basename(file)}\n`;
  }));
  expect(await readFile(CHECKSUMS, "utf8")).toBe(lines.join(""));
});
