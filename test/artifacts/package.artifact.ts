/** The npm package, installed from its tarball; and `npx proxmox-diode` in the checkout. */
import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { describe, expect, test } from "vitest";
import { TOOL } from "../../src/base/tool.ts";
import { ROOT } from "../helpers/golden.ts";
import { binaryOf, runProcess } from "../helpers/run-process.ts";
import { PACKAGE, TARBALL } from "./dist.ts";
import { INSTALLED, nodeOf } from "./setup.ts";
import { expectBytesOfSource, expectVersionNeeded, pipelineOf, type Program } from "./trial.ts";

const BIN = join(INSTALLED, "node_modules/proxmox-diode/bin.js");
const PROGRAMS: Readonly<Record<string, Program>> = {
  "Node 22": [nodeOf(22), BIN],
  "Node 24": [nodeOf(24), BIN],
  Deno: [binaryOf("deno"), "run", "-A", BIN],
};

/** `npx proxmox-diode --version` in a folder, where PATH has this Node first. */
function npx(cwd: string, node?: string): string {
  // npm adds node_modules/.bin itself; that of the tests must not help.
  const path = (process.env["PATH"] ?? "").split(delimiter)
    .filter((folder) => !folder.startsWith(join(ROOT, "node_modules")));
  return execFileSync("npx", ["--no-install", "proxmox-diode", "--version"], {
    cwd,
    encoding: "utf8",
    env: {
      ...process.env,
      PATH: [...(node === undefined ? [] : [dirname(node)]), ...path].join(delimiter),
    },
  });
}

describe("the npm package", () => {
  test.each(Object.entries(PROGRAMS))(
    "gives the same bytes as the source on %s",
    async (_, program) => {
      await expectBytesOfSource(program);
    },
  );

  test.each(Object.entries(PROGRAMS))(
    "runs the whole pipeline on %s",
    (_, program) => pipelineOf(program),
  );

  test.each([22, 24] as const)("is started by npx on Node %i", (release) => {
    expect(npx(INSTALLED, nodeOf(release))).toBe(`${TOOL.version}\n`);
  });

  test("is started by Deno by its name", async () => {
    const program = [binaryOf("deno"), "run", "-A", `npm:${TOOL.name}`] as const;
    const { code, stdout, stderr } = await runProcess(["--version"], {
      cwd: INSTALLED,
      program: [...program],
    });
    expect(code, stderr).toBe(0);
    expect(stdout).toBe(`${TOOL.version}\n`);
  });

  test.each([18, 20] as const)("says in one line what it needs on Node %i", async (release) => {
    await expectVersionNeeded([nodeOf(release), BIN]);
  });

  test("is small and contains the program alone", () => {
    const top = readdirSync(PACKAGE).sort();
    expect(top).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "bin.js", "lib", "package.json"]);
    expect(statSync(TARBALL).size).toBeLessThan(1_000_000);
  });
});

test("npx proxmox-diode runs the source in the checkout", () => {
  expect(npx(ROOT)).toBe(`${TOOL.version}\n`);
  expect(npx(join(ROOT, "src"))).toBe(`${TOOL.version}\n`);
});
