/** Same input, same bytes: whatever order Proxmox answers in, and wherever the program runs. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writeEntities } from "../../src/entities/write.ts";
import { openStore } from "../../src/kernel/store.ts";
import { openSnapshot } from "../../src/snapshot/read.ts";
import type { Snapshot } from "../../src/snapshot/schema.ts";
import { parsePolicy } from "../../src/transform/policy.ts";
import type { SettingTexts } from "../../src/transform/settings.ts";
import { transform } from "../../src/transform/transform.ts";
import { anyLab } from "../helpers/any-lab.ts";
import { ROOT } from "../helpers/golden.ts";
import { inMemory, siteOf, transformed } from "../helpers/in-memory.ts";
import { lab, labSite } from "../helpers/lab.ts";
import { hasBoth, runCli } from "../helpers/run-cli.ts";
import { shuffledSite } from "../helpers/shuffled.ts";
import { buildSnapshot, ok } from "../helpers/snapshot-builder.ts";
import { tempFolder, treeOf } from "../helpers/temp-folder.ts";

const EXAMPLE = join(ROOT, "snapshots/example");
const EXTENSIONS: SettingTexts = {
  ALL_INTERFACES: "true",
  LXC_LIVE_ADDRESSES: "true",
  CLEAR_EMPTY: "true",
  NODE_SITE_MAP: "pve3:Cellar",
};

function open(folder: string): Promise<Snapshot> {
  return openStore(folder).then(openSnapshot);
}

/** All that is written, entity by entity with its keys in their order. */
async function textOf(snapshot: Snapshot, settings?: SettingTexts): Promise<string> {
  const { all, leftOut, notes } = await transformed(snapshot, settings);
  return JSON.stringify({ all, leftOut, notes }, null, 1);
}

/** Entity files and left-out.json, as digests; the manifest names the hash of its snapshot. */
async function filesOf(snapshot: Snapshot): Promise<Record<string, string>> {
  const folder = await tempFolder();
  const { source, scope, settings } = snapshot.manifest;
  const texts = { PROXMOX_HOST: source.host, nodes: scope.nodes.join(","), ...settings };
  const batches = transform([{ snapshot, policy: parsePolicy(texts) }]);
  await writeEntities(await openStore(folder), batches, {
    tool: { name: "proxmox-diode", version: "0.1.0" },
    snapshots: [],
  });
  return treeOf(folder);
}

describe("the order in which Proxmox answers changes nothing", () => {
  test.each([["as the document has it", {}], ["with extensions", EXTENSIONS]])(
    "of the example, %s: rows, keys, paths and nodes in any order",
    async (_, settings) => {
      const site = await siteOf(await open(EXAMPLE));
      const expected = await textOf(inMemory(site), settings);
      await fc.assert(
        fc.asyncProperty(fc.integer(), async (seed) => {
          expect(await textOf(inMemory(shuffledSite(site, seed)), settings)).toBe(expected);
        }),
        { numRuns: 25 },
      );
    },
  );

  test("of generated sites, however odd", async () => {
    await fc.assert(
      fc.asyncProperty(anyLab(), fc.integer(), async (parts, seed) => {
        const site = labSite(parts);
        const expected = await textOf(inMemory(site), EXTENSIONS);
        expect(await textOf(inMemory(shuffledSite(site, seed)), EXTENSIONS)).toBe(expected);
      }),
      { numRuns: 150 },
    );
  });

  test("of configs that the listing does not name", async () => {
    const paths = [300, 100, 21, 3].map((vmid) => `/nodes/pve1/qemu/${vmid}/config`);
    const inOrder = (some: readonly string[]): Snapshot =>
      lab({ nodes: { pve1: { more: Object.fromEntries(some.map((path) => [path, ok({})])) } } });
    expect(await textOf(inOrder(paths))).toBe(await textOf(inOrder(paths.toReversed())));
  });

  test("of a snapshot that capture writes anew: its files and what is made of them", async () => {
    const original = await open(EXAMPLE);
    const site = await siteOf(original);
    const expected = await filesOf(original);
    expect(Object.keys(expected)).toContain("netbox/left-out.json");
    const pve = await treeOf(join(EXAMPLE, "pve"));
    for (const seed of [1, 2, 3]) {
      const folder = await tempFolder();
      const again = await buildSnapshot(folder, shuffledSite(site, seed));
      expect(await treeOf(join(folder, "pve"))).toEqual(pve);
      expect(omitManifest(await filesOf(again))).toEqual(omitManifest(expected));
    }
  });

  test("of run folders on the command line", async () => {
    const [first, second] = [fixture("pve8"), fixture("second-cluster")];
    const one = await tempFolder();
    const other = await tempFolder();
    await runOk(["transform", first, second, "--out", one]);
    await runOk(["transform", second, first, "--out", other]);
    expect(omitManifest(await treeOf(other))).toEqual(omitManifest(await treeOf(one)));
  });
});

describe("where the program runs changes nothing", () => {
  const PLACES: readonly { env: Record<string, string>; cwd: string }[] = [
    { env: { TZ: "UTC", LANG: "C", LC_ALL: "C" }, cwd: ROOT },
    { env: { TZ: "Asia/Kathmandu", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" }, cwd: "/" },
    { env: { TZ: "America/St_Johns", LANG: "de_DE", LC_ALL: "sv_SE.UTF-8" }, cwd: EXAMPLE },
  ];

  test("be it the time zone, the language or the working directory", async () => {
    const trees = [];
    for (const place of PLACES) {
      const out = await tempFolder();
      await runOk(["transform", EXAMPLE, "--out", out], place);
      trees.push(await treeOf(out));
    }
    expect(Object.keys(trees[0] ?? {}).length).toBeGreaterThan(10);
    for (const tree of trees.slice(1)) expect(tree).toEqual(trees[0]);
  });

  test.skipIf(!hasBoth())("be it Node or Deno", async () => {
    const onNode = await tempFolder();
    const onDeno = await tempFolder();
    const args = [
      "transform",
      EXAMPLE,
      "--all-interfaces",
      "--lxc-live-addresses",
      "--clear-empty",
    ];
    await runOk([...args, "--out", onNode], { runtime: "node" });
    await runOk([...args, "--out", onDeno], { runtime: "deno" });
    expect(await treeOf(onDeno)).toEqual(await treeOf(onNode));
  });
});

describe("what was in the folder before changes nothing", () => {
  test("a second run leaves the same tree, and nothing beside it", async () => {
    const out = await tempFolder();
    await runOk(["transform", EXAMPLE, "--out", out]);
    const first = await treeOf(out);
    await runOk(["transform", EXAMPLE, "--out", out]);
    expect(await treeOf(out)).toEqual(first);
    expect(Object.keys(first).filter((path) => !path.startsWith("netbox/"))).toEqual([]);
  });

  test("files of an earlier, larger run are gone", async () => {
    const large = await tempFolder();
    await runOk(["simulate", "--nodes", "2", "--guests", "1100", "--out", large]);
    const out = await tempFolder();
    const fresh = await tempFolder();
    await runOk(["transform", large, "--out", out]);
    expect(Object.keys(await treeOf(out))).toContain("netbox/07-vm-interface-0002.json");
    await runOk(["transform", EXAMPLE, "--out", out]);
    await runOk(["transform", EXAMPLE, "--out", fresh]);
    expect(await treeOf(out)).toEqual(await treeOf(fresh));
  });

  test("the manifest lists exactly the files that are there", async () => {
    const out = await tempFolder();
    await runOk(["transform", EXAMPLE, "--out", out]);
    const manifest: unknown = JSON.parse(await readFile(join(out, "netbox/manifest.json"), "utf8"));
    const listed = (manifest as { files: { path: string; sha256: string }[] }).files;
    expect(Object.fromEntries(listed.map(({ path, sha256 }) => [path, sha256]))).toEqual(
      omitManifest(await treeOf(out)),
    );
  });
});

function omitManifest(tree: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tree).filter(([path]) => !path.endsWith("/manifest.json")),
  );
}

function fixture(name: string): string {
  return join(ROOT, "test/fixtures", name);
}

async function runOk(args: readonly string[], options?: Parameters<typeof runCli>[1]) {
  const finished = await runCli([...args, "--quiet"], options);
  expect(finished).toMatchObject({ code: 0, stdout: "" });
}
