/** The commands inspect and verify: results, exit codes, and escaped output. */
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { seal } from "../src/run-folder/manifest.ts";
import { openStore } from "../src/run-folder/store/store.ts";
import { cliFolders, expectError } from "./helpers/cli-folders.ts";
import { ROOT } from "./helpers/golden.ts";
import { labSite } from "./helpers/lab.ts";
import { runCli } from "./helpers/run-cli.ts";
import { buildSnapshot } from "./helpers/snapshot-builder.ts";
import { writeTarget } from "./helpers/target-folder.ts";
import { treeOf } from "./helpers/temp-folder.ts";

const EXAMPLE = join(ROOT, "snapshots/example");
/** Control characters of a terminal: C0 except newline, DEL, and the 8-bit controls. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;
const HOSTILE = "\u001b]0;owned\u0007\u009b31mred\u007f<b>x</b>\nnext\tline";

const { fresh } = cliFolders();

async function copyOfExample(): Promise<string> {
  const folder = fresh("run");
  await cp(EXAMPLE, folder, { recursive: true });
  return folder;
}

/** What survey wrote. */
async function target(
  objects: Parameters<typeof writeTarget>[1],
  manifest: Parameters<typeof writeTarget>[2] = {},
): Promise<string> {
  const folder = fresh("target");
  await writeTarget(await openStore(folder), objects, manifest);
  return folder;
}

const TWO_SITES = { site: [{ id: 3, name: "HQ" }, { id: 9, name: "\u001b[31mLab" }] };
const DENIED = {
  missing: [{ type: "vrf", cause: "denied", reason: "403 \u001b[31mNo permission" }],
} as const;

describe.concurrent("inspect of a target", () => {
  test("prints where it comes from, and the objects of each type", async () => {
    const folder = await target(TWO_SITES);
    const before = await treeOf(folder);
    const { code, stdout, stderr } = await runCli(["inspect", folder]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(
      /\n {2}NetBox +https:\/\/netbox\.example\.net, version 4\.7\.3, Diode plugin 1\.18\.3\n/,
    );
    expect(stdout).toMatch(/\n {2}Surveyed +2026-10-05T09:00:00Z by proxmox-diode /);
    expect(stdout).toMatch(/\n {2}Objects +2 in 1 files, 53 bytes\n/);
    expect(stdout).toMatch(/\n {2}Outcome +complete\n/);
    expect(stdout).toMatch(/\n {2}site +2 +1 +53\n {2}location +0 +0 +0\n/);
    expect(stdout).not.toContain("Scope");
    expect(stdout).not.toContain("Missing");
    expect(await treeOf(folder)).toEqual(before);
  });

  test("prints its scope, and the types that the token may not view with the permissions", async () => {
    const scope = { entities: "0".repeat(64), snapshots: [] };
    const { code, stdout } = await runCli([
      "inspect",
      await target(TWO_SITES, { missing: [...DENIED.missing], scope }),
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\n {2}Scope +only what one run needs \(--for\)\n/);
    expect(stdout).toMatch(/\n {2}Outcome +partial: 1 types could not be read/);
    expect(stdout).toMatch(/\n {2}vrf +denied +ipam\.view_vrf +403 .*No permission\n/);
    expect(stdout).not.toMatch(/\n {2}vrf +0/);
    expect(stdout).not.toMatch(CONTROLS);
  });

  test("prints one JSON object with --json", async () => {
    const folder = await target(TWO_SITES, { missing: [...DENIED.missing] });
    const { code, stdout } = await runCli(["inspect", folder, "--json"]);
    const { target: facts } = JSON.parse(stdout) as { target: Record<string, unknown> };
    expect(code).toBe(0);
    expect(facts).toMatchObject({
      url: "https://netbox.example.net",
      outcome: "partial",
      objects: 2,
      missing: [{ type: "vrf", cause: "denied", permission: "ipam.view_vrf" }],
    });
    expect(facts["types"]).toContainEqual({ type: "site", objects: 2, files: 1, bytes: 53 });
    expect(facts["types"]).toHaveLength(25);
  });

  test.each(["--guests", "--left-out", "--step=tag", "--failed", "--name=HQ", "--vmid=101"])(
    "refuses %s, which is about runs",
    async (option) => {
      const [name] = option.split("=");
      const finished = await runCli(["inspect", await target({}), option]);
      expectError(finished, 2, `Cannot use ${name} with `);
    },
  );

  test("refuses an unfinished one", async () => {
    const folder = await target(TWO_SITES);
    await rm(join(folder, "manifest.json"));
    expectError(await runCli(["inspect", folder]), 5, "Found an unfinished survey in ");
  });

  test.each(["report", "explain"])("is not what %s reads", async (command) => {
    const folder = await target(TWO_SITES);
    const operand = command === "explain" ? ["vm/101"] : [];
    expectError(await runCli([command, folder, ...operand]), 5, "No run in ", "it is a target");
  });
});

describe.concurrent("verify of a target", () => {
  test("prints what it contains, and ends with 0", async () => {
    const { code, stdout } = await runCli(["verify", await target(TWO_SITES)]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\n {2}target +verified +1 files, 2 objects of 26 types: complete\n/);
    expect(stdout).toContain("No problems found in ");
  });

  test("lists its problems, and ends with 5", async () => {
    const folder = await target(TWO_SITES);
    await writeFile(join(folder, "target/05-site-0001.jsonl"), '{"id":4}\n');
    const { code, stdout } = await runCli(["verify", folder, "--json"]);
    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      parts: [{ name: "target", state: "faulty" }],
      findings: [{ check: "hash", file: "target/05-site-0001.jsonl" }],
    });
  });
});

describe.concurrent("verify of a run that was made with a target", () => {
  /** The example, transformed with a target. */
  async function madeWith(place: string): Promise<string> {
    const folder = await copyOfExample();
    const { code, stderr } = await runCli(["transform", folder, "--target", place, "--quiet"]);
    expect([code, stderr]).toEqual([0, ""]);
    return folder;
  }

  test("transforms again with it, and says without it that it did not", async () => {
    const place = await target(TWO_SITES);
    const folder = await madeWith(place);
    const [without, given] = await Promise.all([
      runCli(["verify", folder]),
      runCli(["verify", folder, "--target", place]),
    ]);
    expect([without.code, given.code]).toEqual([0, 0]);
    expect(without.stdout).toMatch(/\n {2}origin +unchecked/);
    expect(without.stdout).toMatch(
      /they were made with a target \(https:\/\/netbox\.example\.net, surveyed 2026-10-05T09:00:00Z\): name it with --target\n/,
    );
    expect(given.stdout).toMatch(
      /\n {2}origin +verified +transforming pve\/ gives the same bytes\n/,
    );
  });

  test("accepts the example, made with objects that people keep in NetBox", async () => {
    const place = join(ROOT, "snapshots/example-netbox");
    const folder = await madeWith(place);
    const [run, kept] = await Promise.all([
      runCli(["verify", folder, "--target", place]),
      runCli(["verify", place]),
    ]);
    expect([run.code, kept.code], run.stdout).toEqual([0, 0]);
    expect(run.stdout).toMatch(/\n {2}origin +verified/);
  });

  test("inspect names the target, and counts what NetBox had", async () => {
    const tag = { id: 1, name: "discovered", slug: "discovered", object_types: [] };
    const folder = await madeWith(await target({ ...TWO_SITES, tag: [tag] }));
    const [text, json] = await Promise.all([
      runCli(["inspect", folder]),
      runCli(["inspect", folder, "--json"]),
    ]);
    expect(text.stdout).toMatch(
      /\n {2}Target +https:\/\/netbox\.example\.net, surveyed 2026-10-05T09:00:00Z\n/,
    );
    expect(text.stdout).toMatch(
      /\n {2}Step +Entities +In NetBox +Files +Bytes\n {2}tag +31 +1 +1 /,
    );
    const { entities } = JSON.parse(json.stdout) as { entities: Record<string, unknown> };
    expect(entities["target"]).toMatchObject({ url: "https://netbox.example.net" });
    expect(entities["steps"]).toContainEqual(expect.objectContaining({ step: "tag", found: 1 }));
  });

  test("finds other entities than the target gives", async () => {
    const place = await target(TWO_SITES);
    const folder = await madeWith(place);
    const file = join(folder, "netbox/manifest.json");
    const { sha256: _seal, ...manifest } = JSON.parse(await readFile(file, "utf8")) as {
      readonly sha256: string;
      readonly found: object;
    };
    await writeFile(file, seal({ ...manifest, found: { ...manifest.found, tag: 1 } }));
    const { code, stdout } = await runCli(["verify", folder, "--target", place]);
    expect(code).toBe(5);
    expect(stdout).toMatch(
      /\n {2}origin +netbox\/manifest\.json:\d+ found\.tag +Found 1, expected 0/,
    );
  });

  test("refuses another target, a target for a run that had none, and one for a target", async () => {
    const [place, other] = [
      await target(TWO_SITES),
      await target(TWO_SITES, { surveyed_at: "2026-11-01T00:00:00Z" }),
    ];
    expectError(
      await runCli(["verify", await madeWith(place), "--target", other]),
      2,
      "Cannot use the target ",
      "surveyed 2026-11-01T00:00:00Z): the entities were made with another one",
      "surveyed 2026-10-05T09:00:00Z",
    );
    expectError(
      await runCli(["verify", EXAMPLE, "--target", place]),
      2,
      "Cannot use --target: the entities in ",
    );
    expectError(await runCli(["verify", place, "--target", place]), 2, "it is a target itself");
  });

  test("explain warns if the target is not named", async () => {
    const place = await target(TWO_SITES);
    const folder = await madeWith(place);
    const [without, given] = await Promise.all([
      runCli(["explain", folder, "vm/101"]),
      runCli(["explain", folder, "vm/101", "--target", place]),
    ]);
    expect([without.code, given.code, given.stderr]).toEqual([0, 0, ""]);
    expect(without.stderr).toContain("what would be sent to an empty NetBox");
    expect(given.stdout).toContain("\n  new in NetBox\n");
  });
});

describe.concurrent("inspect", () => {
  test("prints tables, and changes nothing", async () => {
    const folder = await copyOfExample();
    const before = await treeOf(folder);
    const { code, stdout, stderr } = await runCli(["inspect", folder]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("pve1.example.net:8006, Proxmox VE 9.2.4");
    expect(stdout).toContain("partial: 19 answers are missing");
    expect(stdout).toMatch(/\n {2}Guests +37 {2}qemu: 14 active/);
    expect(stdout).toMatch(/\n {2}pve4 +offline/);
    expect(stdout).toMatch(/\n {2}vm-interface +44 +1 +21,271\n/);
    expect(stdout).toMatch(/\n {2}template +2 {2}Templates are not mapped\n/);
    expect(await treeOf(folder)).toEqual(before);
  });

  test.each([
    [["--vmid=101"], /\n {2}101 +git +qemu +pve1 +active/],
    [["--left-out", "template"], /\n {2}vm\/\d+ +template +Templates are not mapped +\/cluster/],
    [["--step", "vlan"], /\n {2}\d+ at Brightwater HQ +netbox\/06-vlan-0001\.json:2 +vid=\d/],
    [
      ["--failed"],
      /\n {2}\/nodes\/pve3\/qemu\/130\/config\?current=1 +timed-out +timeout +manifest\.json/,
    ],
    [["--guests", "--name=absent"], /^\s*No matches\s*$/],
  ])("lists the matches of %j", async (options, line) => {
    const { code, stdout, stderr } = await runCli(["inspect", EXAMPLE, ...options]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(line);
  });

  test("prints everything as one JSON object with --json", async () => {
    const [facts, lists] = await Promise.all([
      runCli(["inspect", EXAMPLE, "--json"]),
      runCli(["inspect", EXAMPLE, "--json", "--guests", "--left-out=cdrom", "--step=tag"]),
    ]);
    const { stdout } = facts;
    expect(JSON.parse(stdout)).toMatchObject({ folder: EXAMPLE, snapshot: { answers: 114 } });
    const all = JSON.parse(lists.stdout) as Record<string, unknown[]>;
    expect(all).toMatchObject(JSON.parse(stdout) as object);
    expect([all["guests"]?.length, all["left_out"]?.length, all["tag"]?.length]).toEqual([
      41,
      12,
      31,
    ]);
  });

  test.each([
    [["--step=vm"], "--step", "tag, custom-field"],
    [["--left-out=nothing"], "--left-out", "duplicate-address"],
    [["extra"], '"extra"', ""],
  ])("rejects %j", async (options, name, allowed) => {
    expectError(await runCli(["inspect", EXAMPLE, ...options]), 2, name, allowed);
  });

  test("requires a run folder that contains a run", async () => {
    const [none, empty, unfinished] = await Promise.all([
      runCli(["inspect"]),
      runCli(["inspect", fresh()]),
      copyOfExample().then(async (folder) => {
        await writeFile(join(folder, "netbox/13-device-0001.json"), "{}");
        return await runCli(["inspect", folder]);
      }),
    ]);
    expectError(none, 2, "run folder");
    expectError(empty, 5, "No run in");
    expectError(unfinished, 5, "13-device-0001.json", "changed");
  });
});

describe.concurrent("verify", () => {
  test("reports no problems and changes nothing", async () => {
    const folder = await copyOfExample();
    const before = await treeOf(folder);
    const [text, json] = await Promise.all([
      runCli(["verify", folder]),
      runCli(["verify", folder, "--json"]),
    ]);
    expect([text.code, text.stderr, json.code]).toEqual([0, "", 0]);
    expect(text.stdout).toContain("No problems found in ");
    expect(text.stdout).toMatch(
      /\n {2}origin +verified +transforming pve\/ gives the same bytes\n/,
    );
    expect(JSON.parse(json.stdout)).toMatchObject({ folder, ok: true, findings: [] });
    expect(await treeOf(folder)).toEqual(before);
  });

  test("exits with 5 and lists each problem with its location", async () => {
    const folder = await copyOfExample();
    const file = join(folder, "netbox/07-vm-interface-0001.json");
    await writeFile(file, (await readFile(file, "utf8")).replace("net0", "net9"));
    await writeFile(join(folder, "pve/extra.json"), "{}\n");
    const [text, json] = await Promise.all([
      runCli(["verify", folder]),
      runCli(["verify", folder, "--json"]),
    ]);
    expect([text.code, text.stderr, json.code, json.stderr]).toEqual([5, "", 5, ""]);
    expect(text.stdout).toContain("Found 2 problems");
    expect(text.stdout).toMatch(/\n {2}hash +netbox\/07-vm-interface-0001\.json +Cannot trust/);
    expect(text.stdout).toMatch(/\n {2}listing +pve\/extra\.json +Found/);
    expect(text.stdout).toContain("Not checked:\n  References");
    const { ok, findings } = JSON.parse(json.stdout) as { ok: boolean; findings: unknown[] };
    expect([ok, findings.length]).toEqual([false, 2]);
  });

  test("requires a run folder that contains a run", async () => {
    expectError(await runCli(["verify"]), 2, "run folder");
    expectError(await runCli(["verify", fresh()]), 5, "No run in");
  });
});

test("control characters in a run never reach a terminal unescaped", async () => {
  const folder = fresh("hostile");
  const guests = [{ vmid: 101, node: "pve1", row: { name: HOSTILE, tags: HOSTILE } }];
  await buildSnapshot(folder, labSite({ cluster: `c${HOSTILE}`, nodes: { pve1: {} }, guests }));
  await runCli(["transform", folder, "--quiet", `--tenant-name=${HOSTILE.replace(/\s/g, "")}`]);
  const whole = await Promise.all([
    runCli(["verify", folder]),
    runCli(["inspect", folder]),
    ...[[], ["--json"]].flatMap((json) => [
      runCli(["inspect", folder, "--guests", ...json]),
      runCli(["inspect", folder, "--left-out", ...json]),
      runCli(["inspect", folder, "--step=virtual-machine", ...json]),
    ]),
  ]);
  const tag = join(folder, "netbox/01-tag-0001.json");
  await writeFile(tag, (await readFile(tag, "utf8")).replace("discovered", HOSTILE.slice(0, 4)));
  await writeFile(join(folder, `netbox/${HOSTILE.replace(/\W/g, "\u009b")}.json`), "{}");
  const broken = await Promise.all([
    runCli(["verify", folder]),
    runCli(["verify", folder, "--json"]),
    runCli(["inspect", folder]),
  ]);
  expect(whole.map(({ code, stderr }) => [code, stderr])).toEqual(whole.map(() => [0, ""]));
  expect(broken.map(({ code }) => code)).toEqual([5, 5, 5]);
  for (const { stdout, stderr } of [...whole, ...broken]) {
    expect(stdout + stderr).not.toMatch(CONTROLS);
  }
  const [, facts, list] = whole;
  for (const finished of [facts, list]) expect(finished?.stdout).toContain("\\x1b]0;owned");
});
