/** The command diff: text, JSON, Markdown and exit codes. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { seal } from "../src/run-folder/manifest.ts";
import { cliFolders, expectError } from "./helpers/cli-folders.ts";
import { buildSet, tag } from "./helpers/entity-set.ts";
import { ROOT } from "./helpers/golden.ts";
import { type Lab, labSite } from "./helpers/lab.ts";
import { runCli } from "./helpers/run-cli.ts";
import { buildSnapshot } from "./helpers/snapshot-builder.ts";

const EXAMPLE = join(ROOT, "snapshots/example");

const { fresh } = cliFolders();

async function snapshotOf(lab: Lab): Promise<string> {
  const folder = fresh();
  await buildSnapshot(folder, labSite(lab));
  return folder;
}

function named(name: string, cores = 2): Lab {
  return { guests: [{ vmid: 101, row: { name }, config: { cores, description: name } }] };
}

function diff(a: string, b: string, ...args: string[]) {
  return runCli(["diff", a, b, ...args]);
}

describe.concurrent("diff", () => {
  test("reports the inventory and the entities of two folders, and exits with 0 without --exit-code", async () => {
    const [a, b] = [await snapshotOf(named("web-01")), await snapshotOf(named("web-02", 4))];
    await buildSet(a, { tag: [[tag("old")]] });
    await buildSet(b, { tag: [[tag("new")]] });
    const { code, stdout, stderr } = await diff(a, b);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Inventory of Proxmox VE: 1 changed (1 renamed)\n");
    expect(stdout).toContain("\n  vm/101 web-02 on pve1, renamed from web-01\n    cores: 2 → 4\n");
    expect(stdout).toContain("Entities for NetBox: 1 added, 1 gone\n");
    const entities = await diff(a, b, "--entities", "--markdown");
    expect(entities.stdout).toContain("#### Entities for NetBox: 1 added, 1 gone\n");
    expect(entities.stdout).not.toContain("Inventory");
  });

  test("exits with 3 on differences with --exit-code, and with 0 without differences", async () => {
    const [a, b] = [await snapshotOf(named("web")), await snapshotOf(named("web", 4))];
    expect((await diff(a, b, "--exit-code", "--quiet")).code).toBe(3);
    expect(await diff(a, a, "--exit-code", "--quiet"))
      .toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("exits with 3 when b contains answers that could not be read, since they may differ", async () => {
    const config = { status: 403, error: "Permission check failed" };
    const [a, b] = [
      await snapshotOf(named("web")),
      await snapshotOf({
        guests: [{ vmid: 101, row: { name: "web" }, config }],
      }),
    ];
    const unreadInB = await diff(a, b, "--exit-code");
    expect(unreadInB.code).toBe(3);
    expect(unreadInB.stdout).toContain(
      "\n  denied, 403 Permission check failed\n    vm/101 web (config, tags)",
    );
    const unreadInA = await diff(b, a, "--exit-code");
    expect(unreadInA.code).toBe(0);
    expect(unreadInA.stdout).toContain("1 not readable in a");
  });

  test("prints only JSON with --json, with everything that the text contains", async () => {
    const [a, b] = [await snapshotOf(named("web-01")), await snapshotOf(named("web-02", 4))];
    const { stdout, stderr } = await diff(a, b, "--json", "--quiet");
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      a,
      b,
      is_different: true,
      snapshot: {
        added: [],
        changed: [{
          what: "vm/101",
          name: "web-02",
          node: "pve1",
          renamed: { before: "web-01", after: "web-02" },
          fields: [
            { field: "cores", before: "2", after: "4" },
            { field: "description", before: "web-01", after: "web-02" },
          ],
        }],
        gone: [],
        not_readable: [],
        not_readable_in_a: [],
      },
    });
  });

  test("compares what both folders contain, and warns about what one of them lacks", async () => {
    const { code, stdout, stderr } = await diff(EXAMPLE, join(ROOT, "test/fixtures/pve8"));
    expect(code).toBe(0);
    expect(stdout).not.toContain("Entities for NetBox");
    expect(stderr).toMatch(/WARN.*Skipped entities.*pve8 contains none/);
  });
});

describe.concurrent("diff", () => {
  test("reads a folder that a newer patch version wrote", async () => {
    const [a, b] = [await snapshotOf(named("web")), await snapshotOf(named("web"))];
    const file = join(b, "manifest.json");
    const { sha256: _, ...manifest } = JSON.parse(await readFile(file, "utf8"));
    const tool = { name: "proxmox-diode", version: "0.1.99" };
    await writeFile(file, seal({ ...manifest, tool, more: { than: "before" } }));
    expect((await diff(a, b, "--exit-code")).code).toBe(0);
    await writeFile(file, seal({ ...manifest, format: 2 }));
    expectError(await diff(a, b), 5, "snapshot format 2");
  });

  test("rejects a folder that was changed, or has nothing to compare", async () => {
    const [a, b] = [await snapshotOf(named("web")), await snapshotOf(named("web"))];
    await writeFile(join(b, "pve/nodes/pve1.json"), "{}\n");
    expectError(await diff(a, b), 5, "was changed");
    const set = fresh();
    await buildSet(set, { tag: [[tag("a")]] });
    expectError(await diff(a, set), 5, "Nothing to compare", "contains snapshot");
  });
});

test("diff requires two folders and accepts one format", async () => {
  expectError(await runCli(["diff", EXAMPLE]), 2, "two run folders");
  expectError(await diff(EXAMPLE, EXAMPLE, "--json", "--markdown"), 2, "--markdown");
});
