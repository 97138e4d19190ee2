/** The same answers give the same bytes: in any order, and on any machine. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shownSteps } from "../../src/netbox/types/steps.ts";
import { simulate } from "../../src/rehearse/simulate/simulate.ts";
import { writeEntities } from "../../src/run-folder/entity-writer.ts";
import { openSnapshot } from "../../src/run-folder/snapshot-files.ts";
import type { AnswersFile, Snapshot } from "../../src/run-folder/snapshot.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { parsePolicy } from "../../src/transform/policy.ts";
import { type SettingTexts } from "../../src/transform/settings.ts";
import { transform } from "../../src/transform/transform.ts";
import { anyLab } from "../helpers/generated-labs.ts";
import { numRuns } from "../helpers/full-tests.ts";
import { ROOT } from "../helpers/golden.ts";
import { inMemory, siteOf, transformed } from "../helpers/in-memory.ts";
import { lab, labSite } from "../helpers/lab.ts";
import { runCli } from "../helpers/run-cli.ts";
import { hasBoth, type ProcessOptions, runProcess } from "../helpers/run-process.ts";
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

/** Entities, left-out records and notes as text, with the keys in their original order. */
async function textOf(snapshot: Snapshot, settings?: SettingTexts): Promise<string> {
  const { all, leftOut, notes } = await transformed(snapshot, settings);
  return JSON.stringify({ all, leftOut, notes }, null, 1);
}

/** Digests of the entity files and left-out.json; the manifest names the digest of its snapshot. */
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

describe("the order of answers does not change the output", () => {
  test.each([["with the default mapping", {}], ["with extensions", EXTENSIONS]])(
    "for the example, %s: rows, keys, paths and nodes in any order",
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

  test("for generated sites with unusual values", async () => {
    await fc.assert(
      fc.asyncProperty(anyLab(), fc.integer(), async (parts, seed) => {
        const site = labSite(parts);
        const expected = await textOf(inMemory(site), EXTENSIONS);
        expect(await textOf(inMemory(shuffledSite(site, seed)), EXTENSIONS)).toBe(expected);
      }),
      { numRuns: numRuns(150) },
    );
  });

  test("for configs of guests that /cluster/resources does not list", async () => {
    const paths = [300, 100, 21, 3].map((vmid) => `/nodes/pve1/qemu/${vmid}/config`);
    const inOrder = (some: readonly string[]): Snapshot =>
      lab({ nodes: { pve1: { more: Object.fromEntries(some.map((path) => [path, ok({})])) } } });
    expect(await textOf(inOrder(paths))).toBe(await textOf(inOrder(paths.toReversed())));
  });

  test("for a snapshot that capture writes again: same snapshot files, same entities", async () => {
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

  test("for answers reduced to the keys that transform reads", async () => {
    const site = await siteOf(await open(EXAMPLE));
    const whole = inMemory(site);
    const picked = { ...whole, cluster: async () => pickedRows(await whole.cluster()) };
    expect(await textOf(picked, EXTENSIONS)).toBe(await textOf(whole, EXTENSIONS));
  });
});

/** The example, transformed once on this machine: the folder and the digests of its files. */
let first: { readonly out: string; readonly tree: Record<string, string> };
beforeAll(async () => {
  const out = await mkdtemp(join(tmpdir(), "determinism-"));
  await runOk(["transform", EXAMPLE, "--out", out]);
  first = { out, tree: await treeOf(out) };
});
afterAll(() => rm(first.out, { recursive: true }));

describe("the environment does not change the output", () => {
  test.each([
    { env: { TZ: "Asia/Kathmandu", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" }, cwd: "/" },
    { env: { TZ: "America/St_Johns", LANG: "de_DE", LC_ALL: "sv_SE.UTF-8" }, cwd: EXAMPLE },
  ])("time zone, language and working directory: $env.TZ", async (place) => {
    const out = await tempFolder();
    await runOk(["transform", EXAMPLE, "--out", out], place);
    expect(await treeOf(out)).toEqual(first.tree);
  });

  test.skipIf(!hasBoth())("Node and Deno", async () => {
    const [onNode, onDeno] = [await tempFolder(), await tempFolder()];
    const args = [
      "transform",
      EXAMPLE,
      "--all-interfaces",
      "--lxc-live-addresses",
      "--clear-empty",
    ];
    await Promise.all([
      runOk([...args, "--out", onNode], { runtime: "node" }),
      runOk([...args, "--out", onDeno], { runtime: "deno" }),
    ]);
    const tree = await treeOf(onNode);
    expect(Object.keys(tree).length).toBeGreaterThan(shownSteps({}).length);
    expect(await treeOf(onDeno)).toEqual(tree);
  });
});

describe("earlier contents of the folder do not change the output", () => {
  test("the manifest lists all files in the folder, and no others", async () => {
    const text = await readFile(join(first.out, "netbox/manifest.json"), "utf8");
    const { files } = JSON.parse(text) as { files: { path: string; sha256: string }[] };
    const listed = Object.fromEntries(files.map(({ path, sha256 }) => [path, sha256]));
    expect(omitManifest(first.tree)).toEqual(listed);
    expect(Object.keys(first.tree).length).toBe(files.length + 1);
  });

  test("a second run writes the same files", async () => {
    await runOk(["transform", EXAMPLE, "--out", first.out]);
    expect(await treeOf(first.out)).toEqual(first.tree);
  });

  test("files of an earlier, larger run are removed", async () => {
    const out = await tempFolder();
    const store = await openStore(join(out, "large"));
    await simulate(store, { nodes: 2, guests: 1100, seed: 1 });
    await runOk(["transform", store.place, "--out", join(out, "run")]);
    const large = Object.keys(await treeOf(join(out, "run")));
    expect(large).toContain("netbox/07-vm-interface-0002.json");
    await runOk(["transform", EXAMPLE, "--out", join(out, "run")]);
    expect(await treeOf(join(out, "run"))).toEqual(first.tree);
  });
});

/** Returns only the keys that the reader asks for, as an implementation may do with long listings. */
function pickedRows(file: AnswersFile): AnswersFile {
  return {
    ...file,
    get(path, keys) {
      const answer = file.get(path);
      if (keys === undefined || answer === undefined || !("data" in answer)) return answer;
      const rows = (answer.data as Record<string, unknown>[]).map((row) =>
        Object.fromEntries(Object.entries(row).filter(([key]) => keys.includes(key)))
      );
      return { ...answer, data: rows };
    },
  };
}

function omitManifest(tree: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tree).filter(([path]) => !path.endsWith("/manifest.json")),
  );
}

/** With options, runs in a process of its own; otherwise in this one. */
async function runOk(args: readonly string[], options?: ProcessOptions) {
  const words = [...args, "--quiet"];
  const finished = await (options === undefined ? runCli(words) : runProcess(words, options));
  expect(finished).toMatchObject({ code: 0, stdout: "" });
}
