/** Results on stdout, logs on stderr, and escaped control characters. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cliFolders } from "./helpers/cli-folders.ts";
import { ROOT } from "./helpers/golden.ts";
import { labSite } from "./helpers/lab.ts";
import { runCli, type RunOptions } from "./helpers/run-cli.ts";
import { buildSnapshot } from "./helpers/snapshot-builder.ts";
import { treeOf } from "./helpers/temp-folder.ts";

const COMPLETE = join(ROOT, "test/fixtures/pve9");
const PARTIAL = join(ROOT, "test/fixtures/pve7");

/** Control characters of a terminal: C0 except tab and newline, DEL, and the 8-bit controls. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
const HOSTILE = "\u001b]0;owned\u0007\u009b31mred\u007f";

const { fresh } = cliFolders();

function transform(run: string, args: readonly string[] = [], options?: RunOptions) {
  return runCli(["transform", run, ...args, "--out", fresh()], options);
}

function linesOf(text: string): unknown[] {
  return text.trimEnd().split("\n").map((line): unknown => JSON.parse(line));
}

describe.concurrent("a result", () => {
  test("is a table of steps and reasons, with the folder of the files", async () => {
    const { code, stdout, stderr } = await transform(COMPLETE);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/Made \d+ entities\n/);
    expect(stdout).toMatch(/\n {2}11 virtual-machine +\d+\n/);
    expect(stdout).toMatch(/\n {2}cdrom +\d+ {2}CD-ROM drives are not mapped\n/);
    expect(stdout).toContain("/netbox/left-out.json");
  });

  test("is only JSON on stdout with --json, also with warnings", async () => {
    const { code, stdout, stderr } = await transform(PARTIAL, ["--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      counts: { "virtual-machine": expect.any(Number), "custom-field": 7 },
      left_out: { cdrom: 2 },
      files: expect.any(Array),
    });
    expect(stderr).toContain("is partial");
  });

  test("is not printed with --quiet, not even a partial one, except as JSON", async () => {
    const quiet = await Promise.all([
      transform(PARTIAL, ["--quiet"]),
      transform(COMPLETE, ["--quiet"]),
      runCli(["bootstrap", "--quiet", "--out", fresh()]),
      runCli(["simulate", "--nodes=1", "--guests=3", "--quiet", "--out", fresh()]),
    ]);
    for (const each of quiet) expect(each).toEqual({ code: 0, stdout: "", stderr: "" });
    const json = await transform(COMPLETE, ["--quiet", "--json"]);
    expect(JSON.parse(json.stdout)).toHaveProperty("counts");
  });

  test("of simulate reports what was written, as a sentence or as JSON", async () => {
    const args = ["simulate", "--nodes=1", "--guests=3", "--out"];
    const [text, json] = await Promise.all([
      runCli([...args, fresh()]),
      runCli([...args, fresh(), "--json"]),
    ]);
    expect(text).toMatchObject({ code: 0, stderr: "" });
    expect(text.stdout).toMatch(/^Wrote 3 guests on 1 nodes \(seed 1\): [^\n]+\n$/);
    expect(JSON.parse(json.stdout)).toMatchObject({ nodes: 1, guests: 3, seed: 1 });
  });
});

describe.concurrent("the log", () => {
  test("is one JSON object per line with --log-format json, for warnings and errors", async () => {
    const [warned, refused] = await Promise.all([
      transform(PARTIAL, ["--log-format", "json"]),
      transform(fresh("nowhere"), ["--log-format=json"]),
    ]);
    expect(linesOf(warned.stderr)).toEqual([
      { level: "warn", message: expect.stringContaining('"pve7" is partial') },
    ]);
    expect(warned.stdout).toContain("Made ");
    expect(linesOf(refused.stderr)).toEqual([{
      level: "error",
      kind: "input",
      exit_code: 5,
      message: expect.stringContaining("nowhere"),
      hint: expect.any(String),
    }]);
    expect([refused.code, refused.stdout]).toEqual([5, ""]);
  });

  test("warns about a node in a setting that no cluster lists", async () => {
    const args = ["--node-site-map=cedar1:A,nope:B", "--nodes=cedar1,nada"];
    const { code, stderr } = await transform(COMPLETE, args);
    expect(code).toBe(0);
    for (const word of ["NODE_SITE_MAP", '"nope"', "nodes", '"nada"']) {
      expect(stderr).toContain(word);
    }
    expect(stderr).not.toContain('"cedar1"');
  });
});

describe.concurrent("control characters in a snapshot", () => {
  const SITE = labSite({
    cluster: `c${HOSTILE}`,
    nodes: { pve1: {} },
    guests: [{ vmid: 101, node: `n${HOSTILE}`, row: { name: HOSTILE, tags: HOSTILE } }],
    recorded: { NODE_SITE_MAP: `n${HOSTILE}:s,m${HOSTILE}:t` },
  });

  test("are escaped in results, warnings and errors, as text and as JSON", async () => {
    const folders = [fresh("one"), fresh("two")] as const;
    for (const folder of folders) await buildSnapshot(folder, SITE);
    const both = ["transform", ...folders, "--out", fresh()];
    const runs = await Promise.all([
      transform(folders[0], ["--verbose"]),
      transform(folders[0], ["--json", "--log-format=json"]),
      runCli(both),
      runCli([...both, "--log-format=json"]),
    ]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 5, 5]);
    expect(runs[2]?.stderr).toMatch(/both are of the cluster "c\\x1b/);
    for (const { stdout, stderr } of runs) expect(stdout + stderr).not.toMatch(CONTROLS);
  });

  test("are kept in the entity files, in JSON's notation", async () => {
    const folder = fresh("hostile");
    await buildSnapshot(folder, SITE);
    const out = fresh();
    await runCli(["transform", folder, "--out", out, "--quiet"]);
    const text = await readFile(join(out, "netbox/11-virtual-machine-0001.json"), "utf8");
    expect(text).toContain("\\u001b]0;owned");
    expect(text).not.toContain("\u001b");
  });
});

describe.concurrent("bootstrap", () => {
  test("needs no Proxmox setting and no snapshot, as a command and as BOOTSTRAP=true", async () => {
    const [command, variable, flag] = [fresh(), fresh(), fresh()] as const;
    const env = { SOURCE_DATE_EPOCH: "1767225600" };
    const runs = await Promise.all([
      runCli(["bootstrap", "--out", command], { env }),
      runCli(["transform", "--out", variable], { env: { ...env, BOOTSTRAP: "true" } }),
      runCli(["transform", "--bootstrap", "--out", flag], { env }),
    ]);
    for (const { code, stdout, stderr } of runs) {
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toContain("Made 10 entities");
    }
    const tree = await treeOf(command);
    expect(Object.keys(tree)).toContain("netbox/02-custom-field-0001.json");
    expect([await treeOf(variable), await treeOf(flag)]).toEqual([tree, tree]);
  });

  test("uses the time of SOURCE_DATE_EPOCH, otherwise the time of the run", async () => {
    const timeOf = async (env: Record<string, string>): Promise<string> => {
      const out = fresh();
      await runCli(["bootstrap", "--out", out, "--quiet"], { env });
      const text = await readFile(join(out, "netbox/01-tag-0001.json"), "utf8");
      return /"timestamp":"([^"]+)"/.exec(text)?.[1] ?? "";
    };
    expect(await timeOf({ SOURCE_DATE_EPOCH: "1767225600", TZ: "Asia/Tokyo" }))
      .toBe("2026-01-01T00:00:00Z");
    const before = Date.now() - 1000;
    const now = Date.parse(await timeOf({}));
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });
});
