/** Run folders on the command line: rejected, partial and several ones. */
import { execFileSync } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, test } from "vitest";
import { cliFolders, expectError } from "./helpers/cli-folders.ts";
import { ROOT } from "./helpers/golden.ts";
import { runCli, type RunOptions } from "./helpers/run-cli.ts";
import { treeOf } from "./helpers/temp-folder.ts";

const COMPLETE = join(ROOT, "test/fixtures/pve9");
const PARTIAL = join(ROOT, "test/fixtures/second-cluster");
const OTHER = join(ROOT, "test/fixtures/pve8");
const { fresh } = cliFolders();

async function copyOf(run: string, name = "copy"): Promise<string> {
  const folder = fresh(name);
  await cp(run, folder, { recursive: true });
  return folder;
}

function transform(
  run: string | readonly string[],
  args: readonly string[] = [],
  options?: RunOptions,
) {
  return runCli(["transform", ...[run].flat(), ...args, "--out", fresh()], options);
}

describe.concurrent("transform exits with 5", () => {
  test("when the run folder does not exist", async () => {
    expectError(await transform(fresh("nowhere")), 5, "nowhere", "does not exist");
  });

  test("when the capture is unfinished", async () => {
    const folder = await copyOf(COMPLETE);
    await rm(join(folder, "manifest.json"));
    expectError(await transform(folder), 5, "unfinished", "manifest.json", "--resume");
  });

  test("when a file was changed, is missing or was added", async () => {
    const [changed, missing, added] = await Promise.all([1, 2, 3].map(() => copyOf(COMPLETE)));
    const file = "pve/cluster.json";
    const text = await readFile(join(COMPLETE, file), "utf8");
    await writeFile(join(changed ?? "", file), text.replace('"status":200', '"status":201'));
    await rm(join(missing ?? "", file));
    await writeFile(join(added ?? "", "pve/nodes/extra.json"), "{}\n");
    expectError(await transform(changed ?? ""), 5, file, "changed");
    expectError(await transform(missing ?? ""), 5, file);
    expectError(await transform(added ?? ""), 5, "extra.json");
  });

  test.skipIf(process.platform === "win32")(
    "when a pipe replaces a file",
    async () => {
      const [manifest, node] = await Promise.all([1, 2].map(() => copyOf(COMPLETE)));
      const files = [
        join(manifest ?? "", "manifest.json"),
        join(node ?? "", "pve/nodes/cedar1.json"),
      ];
      for (const file of files) {
        await rm(file);
        execFileSync("mkfifo", [file]);
      }
      expectError(await transform(manifest ?? ""), 5, "manifest.json", "a pipe");
      expectError(await transform(node ?? ""), 5, "pve/nodes/cedar1.json", "a pipe");
      expectError(await runCli(["inspect", node ?? ""]), 5, "a pipe");
      expect((await runCli(["verify", node ?? ""])).code).toBe(5);
    },
  );

  test("and keeps the entity files that it made before", async () => {
    const folder = await copyOf(COMPLETE);
    expect((await runCli(["transform", folder, "--quiet"])).code).toBe(0);
    const before = await treeOf(join(folder, "netbox"));
    await writeFile(join(folder, "pve/cluster.json"), "{}\n");
    expectError(await runCli(["transform", folder]), 5, "changed");
    expect(await treeOf(join(folder, "netbox"))).toEqual(before);
    expect(Object.keys(await treeOf(folder)).filter((path) => path.includes(".part"))).toEqual([]);
  });
});

describe.concurrent("transform of a partial snapshot", () => {
  test("warns on stderr and exits with 0, or with 4 with --require-complete", async () => {
    const [lenient, strict, whole] = await Promise.all([
      transform(PARTIAL),
      transform(PARTIAL, ["--require-complete"]),
      transform(COMPLETE, ["--require-complete"]),
    ]);
    expect([lenient.code, strict.code, whole.code]).toEqual([0, 4, 0]);
    for (const { stderr } of [lenient, strict]) {
      expect(stderr).toMatch(/"second-cluster" is partial: 3 /);
    }
    expect(whole.stderr).toBe("");
    expect(lenient.stdout).toContain("Made ");
  });
});

describe.concurrent("several runs", () => {
  test("are transformed together into --out", async () => {
    const out = fresh();
    const { code, stdout } = await runCli(["transform", OTHER, PARTIAL, "--out", out, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ counts: { cluster: 2, device: 4 } });
    const manifest: unknown = JSON.parse(await readFile(join(out, "netbox/manifest.json"), "utf8"));
    expect(manifest).toMatchObject({ snapshots: [{ name: "pve8" }, { name: "second-cluster" }] });
    expect(Object.keys(await treeOf(out)).every((path) => path.startsWith("netbox/"))).toBe(true);
  });

  test("give the same bytes in every order of the arguments", async () => {
    const outs = [fresh(), fresh()] as const;
    const orders = [[OTHER, PARTIAL], [PARTIAL, OTHER]] as const;
    for (const [i, out] of outs.entries()) {
      const runs = orders[i] ?? [];
      expect((await runCli(["transform", ...runs, "--out", out, "--quiet"])).code).toBe(0);
    }
    expect(await treeOf(outs[1])).toEqual(await treeOf(outs[0]));
  });

  test("require --out, and do not accept a name for one cluster", async () => {
    expectError(await runCli(["transform", PARTIAL, OTHER]), 2, "--out");
    expectError(await transform([PARTIAL, OTHER], ["--cluster-name=x"]), 2, "CLUSTER_NAME", '"x"');
    const env = { PROXMOX_HOST: "pve1" };
    expectError(await transform([PARTIAL, OTHER], [], { env }), 2, "PROXMOX_HOST", '"pve1"');
  });

  test("are rejected when two are of the same cluster, or have the same folder name", async () => {
    const [copy, twin] = [await copyOf(OTHER, "twin"), await copyOf(PARTIAL, "pve8")];
    const refused = await transform([OTHER, copy]);
    expectError(refused, 5, '"alpha"', '"pve8"', '"twin"');
    expectError(await transform([OTHER, twin]), 2, '"pve8"');
  });
});

describe.concurrent("an output folder inside a run", () => {
  test.each([
    ["transform", "pve"],
    ["transform", "pve/nodes/new"],
    ["transform", "netbox"],
    ["bootstrap", "netbox/new"],
    ["simulate", "pve/new"],
    ["report", "pve/site.html"],
  ])("is rejected without changing the run: %s --out run/%s", async (command, inside) => {
    const run = await copyOf(COMPLETE);
    expect((await runCli(["transform", run, "--quiet"])).code).toBe(0);
    const before = await treeOf(run);
    const operands = command === "transform" || command === "report" ? [run] : [];
    const finished = await runCli([command, ...operands, "--out", join(run, inside)]);
    expectError(finished, 2, "it is inside the run", run, "outside of it");
    expect(await treeOf(run)).toEqual(before);
  });

  test("is recognised by its place, not by a name such as pve or netbox", async () => {
    const out = join(fresh("pve"), "netbox", "pve");
    expect((await runCli(["bootstrap", "--out", out, "--quiet"])).code).toBe(0);
  });
});

test("transform does not replace a file that is named netbox", async () => {
  const run = await copyOf(COMPLETE);
  await writeFile(join(run, "netbox"), "mine");
  expectError(await runCli(["transform", run]), 2, "netbox/", "not a folder", "move it away");
  expect(await readFile(join(run, "netbox"), "utf8")).toBe("mine");
});

describe.concurrent("an output folder that cannot be written to is reported", () => {
  test.each([
    ["transform", "a file"],
    ["transform", "below a file"],
    ["bootstrap", "a file"],
    ["simulate", "below a file"],
  ])("by %s when --out is %s", async (command, where) => {
    const file = fresh("file");
    await mkdir(join(file, ".."), { recursive: true });
    await writeFile(file, "in the way");
    const out = where === "a file" ? file : join(file, "below");
    const run = command === "transform" ? [COMPLETE] : [];
    const finished = await runCli([command, ...run, "--out", out, "--quiet"]);
    expect([2, 5, 6], finished.stderr).toContain(finished.code);
    expectError(finished, finished.code ?? 0, out);
    expect(await readFile(file, "utf8")).toBe("in the way");
  });
});
