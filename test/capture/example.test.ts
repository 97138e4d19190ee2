/** A snapshot that is served and captured again gives the same snapshot. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { CaptureTexts } from "../../src/capture/settings.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { simulate, type SimulateOptions } from "../../src/rehearse/simulate/simulate.ts";
import { openSnapshot } from "../../src/run-folder/snapshot-files.ts";
import { answersIn, captured } from "../helpers/capturing.ts";
import { ROOT } from "../helpers/golden.ts";
import { served, snapshotIn } from "../helpers/serving.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

/** With the settings that each was captured with. */
const CASES: readonly (readonly [string, CaptureTexts])[] = [
  ["snapshots/example", { LXC_LIVE_ADDRESSES: "true" }],
  ["test/fixtures/pve9", { LXC_LIVE_ADDRESSES: "true" }],
  ["test/fixtures/second-cluster", { LXC_LIVE_ADDRESSES: "true" }],
  ["test/fixtures/standalone", {}],
  ["test/fixtures/standalone-no-sys-audit", {}],
  ["test/fixtures/sdn", { NETWORK_DEPTH: "full", AGENT_HOST_NAMES: "true" }],
  ["test/fixtures/two-sites", { nodes: "north1,south1" }],
];

describe("serve and capture give the same answers, byte for byte,", () => {
  test.each(CASES)("for %s", async (folder, settings) => {
    const original = await snapshotIn(folder);
    const { folder: copy, summary } = await captured(await served(original), { settings });
    expect(await answersIn(copy)).toEqual(await answersIn(join(ROOT, folder)));
    const { outcome, incomplete, scope } = summary.manifest;
    expect({ outcome, incomplete, scope }).toEqual({
      outcome: original.manifest.outcome,
      incomplete: original.manifest.incomplete,
      scope: original.manifest.scope,
    });
  });

  test.each<[NonNullable<SimulateOptions["networks"]>, CaptureTexts]>([
    ["mapped", {}],
    ["full", { NETWORK_DEPTH: "full", AGENT_HOST_NAMES: "true" }],
  ])("for a simulated site with networks %s", async (networks, settings) => {
    const folder = join(await tempFolder(), "simulated");
    const store = await openStore(folder);
    const { outcome } = await simulate(store, { nodes: 3, guests: 200, seed: 5, networks });
    const server = await served(await openSnapshot(store));
    const { folder: copy, summary } = await captured(server, { settings });
    expect(await answersIn(copy)).toEqual(await answersIn(folder));
    expect(summary.manifest.outcome).toBe(outcome);
  });
});

test("capture records the host, the time, the number of requests and the certificate", async () => {
  const server = await served("test/fixtures/pve9");
  const before = new Date(Math.floor(Date.now() / 1000) * 1000);
  const settings = { SITE_NAME: "Cellar", LXC_LIVE_ADDRESSES: "true" };
  const { summary: { manifest }, folder } = await captured(server, { settings });
  expect(manifest).toMatchObject({
    tool: { name: "proxmox-diode" },
    source: {
      host: server.host,
      port: server.port,
      version: "9.2.2",
      fingerprint: server.fingerprint,
    },
    settings,
    scope: { nodes: ["*"] },
    outcome: "complete",
    counts: { answers: 17, failed: 0, nodes: 1, attempts: server.traffic.requests },
  });
  expect(new Date(manifest.captured_at).getTime()).toBeGreaterThanOrEqual(before.getTime());
  await expect(readFile(join(folder, "capture.journal"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("capture replaces an older snapshot in the folder with all of its files", async () => {
  const folder = join(await tempFolder(), "lab");
  await captured(await served("test/fixtures/second-cluster"), { folder });
  await captured(await served("test/fixtures/pve9"), { folder });
  expect(Object.keys(await answersIn(folder))).toEqual([
    "pve/cluster.json",
    "pve/nodes/cedar1.json",
  ]);
});
