/** netbox/ is complete and sealed, and is only replaced by a complete one. */
import { readdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { digest } from "../../src/base/digest.ts";
import { decodeUtf8, encodeUtf8 } from "../../src/base/text.ts";
import { shownSteps, type StepName } from "../../src/netbox/types/steps.ts";
import { openEntities } from "../../src/run-folder/entity-set.ts";
import { type EntityBatch, writeEntities } from "../../src/run-folder/entity-writer.ts";
import { checkListing, type FileEntry, unseal } from "../../src/run-folder/manifest.ts";
import { openStore, readRequired, type Store } from "../../src/run-folder/store/store.ts";
import { parsePolicy } from "../../src/transform/policy.ts";
import { transform } from "../../src/transform/transform.ts";
import { parseRequest } from "../helpers/proto.ts";
import { buildSnapshot, oneGuest } from "../helpers/snapshot-builder.ts";
import { tempFolder, treeOf } from "../helpers/temp-folder.ts";

const TIME = "2026-01-02T03:04:05Z";
const FACTS = {
  tool: { name: "proxmox-diode", version: "0.1.0" },
  snapshots: [{ sha256: "0".repeat(64), policy: { SITE_NAME: "Zürich" } }],
};
const ANSWER = { file: "pve/cluster.json", path: "/nodes" };

function batch(...made: readonly (readonly [StepName, object])[]): EntityBatch {
  return {
    made: made.map(([step, entity]) => ({ step, entity, capturedAt: TIME })),
    leftOut: [],
    notes: [],
  };
}

function tagBatch(count: number): EntityBatch {
  return batch(...Array.from({ length: count }, (_, i) => ["tag", { name: `t${i}` }] as const));
}

async function textOf(store: Store, key: string): Promise<string> {
  return decodeUtf8(await readRequired(store, key), key);
}

async function manifestOf(store: Store): Promise<Record<string, unknown>> {
  const { document } = unseal(await textOf(store, "netbox/manifest.json"), "manifest.json");
  return document as Record<string, unknown>;
}

async function writeExample(folder: string): Promise<void> {
  const store = await openStore(folder);
  const snapshot = await buildSnapshot(store, oneGuest());
  const policy = parsePolicy({ PROXMOX_HOST: "pve1.example.net" });
  await writeEntities(store, transform([{ snapshot, policy }]), FACTS);
}

describe("entity files", () => {
  test("are written for steps with entities, in the order of the steps", async () => {
    const store = await openStore(await tempFolder());
    const mixed = [batch(["device", { name: "pve1" }], ["tag", { name: "b" }]), tagBatch(1000)];
    const { files } = await writeEntities(store, mixed, FACTS);
    expect(files.map(({ path }) => path)).toEqual([
      "netbox/01-tag-0001.json",
      "netbox/01-tag-0002.json",
      "netbox/13-device-0001.json",
      "netbox/left-out.json",
    ]);
    expect((await store.keys()).sort()).toEqual(
      [...files.map(({ path }) => path), "netbox/manifest.json"].sort(),
    );
  });

  test("contain the entities of a step in the given order", async () => {
    const store = await openStore(await tempFolder());
    await writeEntities(store, [tagBatch(2), batch(["tag", { name: "last" }])], FACTS);
    const { entities } = JSON.parse(await textOf(store, "netbox/01-tag-0001.json")) as {
      entities: { tag: { name: string } }[];
    };
    expect(entities.map(({ tag }) => tag.name)).toEqual(["t0", "t1", "last"]);
  });

  test("of a snapshot are valid Diode requests", async () => {
    const folder = await tempFolder();
    await writeExample(folder);
    const store = await openStore(folder);
    const files = (await store.keys()).filter((key) => /^netbox\/\d/.test(key));
    expect(files.length).toBeGreaterThan(10);
    for (const file of files) parseRequest(JSON.parse(await textOf(store, file)));
  });

  test("have the same bytes for the same entities, in any folder and after any number of runs", async () => {
    const [first, second] = [await tempFolder(), await tempFolder()];
    await writeExample(first);
    const tree = await treeOf(first);
    await writeExample(first);
    await writeExample(second);
    expect(await treeOf(first)).toEqual(tree);
    expect(await treeOf(second)).toEqual(tree);
  });
});

describe("the manifest of the entity files", () => {
  test("is sealed and lists each file with its length and hash", async () => {
    const store = await openStore(await tempFolder());
    await writeEntities(store, [tagBatch(1001)], FACTS);
    const files = (await manifestOf(store))["files"] as FileEntry[];
    expect(files).toHaveLength(3);
    for (const { path, bytes, sha256 } of files) {
      const content = await readRequired(store, path);
      expect([content.byteLength, digest(content)]).toEqual([bytes, sha256]);
    }
    await store.remove("netbox/manifest.json");
    await expect(checkListing(store, "netbox/", files)).resolves.toBeUndefined();
  });

  test("contains the tool, the snapshots and the counts of entities, left-out records and notes", async () => {
    const store = await openStore(await tempFolder());
    const left = { what: "vm/9", reason: "template", sentence: "No", answer: ANSWER } as const;
    const note = { what: "vm/1", code: "cut", sentence: "Cut", answer: ANSWER } as const;
    const all = [{ ...tagBatch(2), leftOut: [left, left], notes: [note] }];
    const summary = await writeEntities(store, all, FACTS);
    expect(await manifestOf(store)).toMatchObject({
      format: 1,
      ...FACTS,
      counts: summary.counts,
      left_out: { template: 2 },
      notes: { cut: 1 },
    });
    expect(summary.counts).toEqual(
      Object.fromEntries(shownSteps({}).map(({ name }) => [name, name === "tag" ? 2 : 0])),
    );
  });
});

describe("a second run in the same folder", () => {
  test("names the target, and counts the entities that NetBox had", async () => {
    const store = await openStore(await tempFolder());
    const made = [
      { step: "tag", entity: { name: "a" }, capturedAt: TIME, found: {} },
      { step: "tag", entity: { name: "b" }, capturedAt: TIME },
    ] as const;
    const target = { url: "https://nb.example", sha256: "1".repeat(64), surveyed_at: TIME };
    await writeEntities(store, [{ made, leftOut: [], notes: [] }], { ...FACTS, target });
    const { manifest } = await openEntities(store);
    expect(manifest).toMatchObject({ target, counts: { tag: 2 }, found: { tag: 1, device: 0 } });
  });

  test("removes files of a larger run, and leaves everything else unchanged", async () => {
    const folder = await tempFolder();
    const store = await openStore(folder);
    await store.write("manifest.json", encodeUtf8("the snapshot's"));
    await store.write("push/lab.json", encodeUtf8("journal"));
    await writeEntities(store, [tagBatch(5000), batch(["device", { name: "a" }])], FACTS);
    await writeEntities(store, [tagBatch(1)], FACTS);
    expect(Object.keys(await treeOf(folder))).toEqual([
      "manifest.json",
      "netbox/01-tag-0001.json",
      "netbox/left-out.json",
      "netbox/manifest.json",
      "push/lab.json",
    ]);
  });

  test.each([
    ["before the first entity", 0],
    ["after a few entities", 3],
    ["after some files were full", 2500],
  ])("that fails %s leaves the older files unchanged, and no others", async (_when, count) => {
    const folder = await tempFolder();
    const store = await openStore(folder);
    await writeEntities(store, [tagBatch(7)], FACTS);
    const before = await treeOf(folder);
    const reason = new Error("the snapshot was changed");
    const failing = async function* (): AsyncGenerator<EntityBatch> {
      if (count > 0) yield tagBatch(count);
      await Promise.resolve();
      throw reason;
    };
    await expect(writeEntities(store, failing(), FACTS)).rejects.toBe(reason);
    expect(await treeOf(folder)).toEqual(before);
    expect(await readdir(folder)).toEqual(["netbox"]);
  });

  test("that fails on an entity that is too large leaves the older files unchanged", async () => {
    const folder = await tempFolder();
    const store = await openStore(folder);
    await writeEntities(store, [tagBatch(7)], FACTS);
    const before = await treeOf(folder);
    const large = batch(["virtual-machine", { name: "x".repeat(3 * 2 ** 20) }]);
    await expect(writeEntities(store, [tagBatch(1), large], FACTS)).rejects.toMatchObject({
      kind: "input",
      message: expect.stringContaining("Cannot write a virtual-machine of"),
    });
    expect(await treeOf(folder)).toEqual(before);
    expect(await readdir(folder)).toEqual(["netbox"]);
  });

  test("ignores and removes what a crashed run left", async () => {
    const folder = await tempFolder();
    const store = await openStore(folder);
    await writeEntities(store, [tagBatch(1)], FACTS);
    const clean = await treeOf(folder);
    await store.write(".netbox.part-1/left-out.json", encodeUtf8("half a record"));
    await store.write(".netbox.part-1/99-junk-0001.json", encodeUtf8("{}"));
    await store.write(".netbox.part-2.old/manifest.json", encodeUtf8("{}"));
    const longAgo = new Date(Date.now() - 25 * 60 * 60 * 1000);
    for (const left of await readdir(folder)) await utimes(join(folder, left), longAgo, longAgo);
    await writeEntities(store, [tagBatch(1)], FACTS);
    expect(await treeOf(folder)).toEqual(clean);
    expect(await readdir(folder)).toEqual(["netbox"]);
  });
});
