/** Writes answers to a sealed snapshot. */
import { describe, expect, test } from "vitest";
import { digest } from "../../src/base/digest.ts";
import { decodeUtf8 } from "../../src/base/text.ts";
import {
  createSnapshotWriter,
  type ManifestFacts,
  openSnapshot,
} from "../../src/run-folder/snapshot-files.ts";
import type { Answer } from "../../src/proxmox/answers.ts";
import { openStore, readRequired } from "../../src/run-folder/store/store.ts";
import { buildSnapshot, ok, oneGuest } from "../helpers/snapshot-builder.ts";
import { tempFolder, treeOf } from "../helpers/temp-folder.ts";

const FACTS: ManifestFacts = {
  tool: { name: "proxmox-diode", version: "0.1.0" },
  source: { host: "pve1.example.net", port: 8006 },
  scope: { nodes: ["*"] },
  captured_at: "2026-01-02T03:04:05Z",
};

function answers(given: Readonly<Record<string, Answer>>): Map<string, Answer> {
  return new Map(Object.entries(given));
}

describe("a written snapshot", () => {
  test("has one file for the cluster, one for each node, and a manifest", async () => {
    const folder = await tempFolder();
    const { nodes } = oneGuest();
    await buildSnapshot(folder, { ...oneGuest(), nodes: { ...nodes, pve2: {} } });
    expect(Object.keys(await treeOf(folder))).toEqual([
      "manifest.json",
      "pve/cluster.json",
      "pve/nodes/pve1.json",
      "pve/nodes/pve2.json",
    ]);
  });

  test("lists its files with lengths and hashes, in natural order", async () => {
    const folder = await tempFolder();
    const nodes = { pve10: {}, pve2: {}, pve1: { "/nodes/pve1/status": ok({}) } };
    const { manifest } = await buildSnapshot(folder, { cluster: {}, nodes });
    expect(manifest.files.map(({ path }) => path)).toEqual([
      "pve/cluster.json",
      "pve/nodes/pve1.json",
      "pve/nodes/pve2.json",
      "pve/nodes/pve10.json",
    ]);
    const store = await openStore(folder);
    for (const { path, bytes, sha256 } of manifest.files) {
      const content = await readRequired(store, path);
      expect([content.byteLength, digest(content)]).toEqual([bytes, sha256]);
    }
  });

  test("counts answers, nodes and failures; a skipped request is not a failure", async () => {
    const store = await openStore(await tempFolder());
    const writer = createSnapshotWriter(store);
    await writer.write("pve/cluster.json", answers({ "/version": ok({}), "/nodes": ok([]) }));
    const given = answers({
      "/nodes/a/status": { failed: "timeout" },
      "/nodes/a/network": { status: 403, error: "Permission check failed" },
      "/nodes/a/qemu/1/config": { status: 595, error: "No route to host" },
      "/nodes/a/qemu/2/config": { skipped: "unreachable" },
    });
    await writer.write("pve/nodes/a.json", given);
    const { counts } = await writer.finish(FACTS);
    expect(counts).toEqual({ answers: 6, failed: 3, nodes: 1 });
    expect((await openSnapshot(store)).manifest.counts).toEqual(counts);
  });

  test("is unfinished until its manifest is written", async () => {
    const store = await openStore(await tempFolder());
    const writer = createSnapshotWriter(store);
    await writer.write("pve/cluster.json", answers({}));
    await expect(openSnapshot(store)).rejects.toMatchObject({
      message: expect.stringContaining("unfinished snapshot"),
    });
    await writer.finish(FACTS);
    expect((await openSnapshot(store)).manifest.source).toEqual(FACTS.source);
  });

  test("contains the facts of the capture, and nothing about the local machine", async () => {
    const store = await openStore(await tempFolder());
    const writer = createSnapshotWriter(store);
    await writer.finish({ ...FACTS, settings: { SITE_NAME: "Zürich" } });
    const text = decodeUtf8(await readRequired(store, "manifest.json"), "manifest");
    expect(Object.keys(JSON.parse(text) as object)).toEqual([
      "captured_at",
      "counts",
      "files",
      "format",
      "incomplete",
      "outcome",
      "scope",
      "settings",
      "sha256",
      "source",
      "tool",
    ]);
    expect(text).toContain('"SITE_NAME": "Zürich"');
    expect(text).not.toContain(store.place);
  });

  test("has the same bytes for the same answers in any folder", async () => {
    const [first, second] = [await tempFolder(), await tempFolder()];
    await buildSnapshot(first, oneGuest());
    await buildSnapshot(second, oneGuest());
    expect(await treeOf(second)).toEqual(await treeOf(first));
  });
});

test("data that is nested too deeply is rejected by its path, and not written", async () => {
  const store = await openStore(await tempFolder());
  let data: unknown[] = [];
  for (let i = 0; i < 100_000; i += 1) data = [data];
  const writer = createSnapshotWriter(store);
  for (const path of ["/nodes/pve1/status", "/nodes/pve1/network"]) {
    const given = answers({ [path]: ok([{ iface: "eno1", deep: data }]) });
    await expect(writer.write("pve/nodes/pve1.json", given)).rejects.toMatchObject({
      kind: "input",
      message: expect.stringMatching(new RegExp(`${path}.*nested deeper than`)),
    });
  }
  expect(await store.keys()).toEqual([]);
});
