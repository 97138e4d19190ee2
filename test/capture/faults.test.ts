/** Faults: transient ones are retried, five failures are recorded, and --resume fills the gaps. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseServeFault } from "../../src/rehearse/serve/rehearsal.ts";
import { PATHS } from "../../src/proxmox/endpoints.ts";
import { answersIn, captured, liveLab } from "../helpers/capturing.ts";
import { IS_FULL } from "../helpers/full-tests.ts";
import { ROOT } from "../helpers/golden.ts";
import { served } from "../helpers/serving.ts";

const CONFIG = PATHS.config({ node: "pve1", kind: "qemu", vmid: 101 });
/** Without faults, its capture gives the committed snapshot: example.test.ts. */
const EXAMPLE = "snapshots/example";
const LIVE = { settings: { LXC_LIVE_ADDRESSES: "true" } };

describe("a capture in which one call in five is refused or dropped", () => {
  test.each(IS_FULL ? [1, 2] : [1])(
    "records every failure, and is complete after --resume: seed %i",
    async (seed) => {
      const faults = [
        "503:0.1",
        "reset:0.05",
        "cut:0.05",
        "503x5@/nodes/pve1/qemu/*",
        "resetx5@/nodes/pve1/lxc/112/config",
      ];
      const server = await served(EXAMPLE, { seed, faults: faults.map(parseServeFault) });
      const disturbed = await captured(server, LIVE);
      const { manifest } = disturbed.summary;
      expect(manifest.outcome).toBe("partial");
      expect(disturbed.answer(CONFIG)).toEqual({ status: 503, error: "Service Unavailable" });
      expect(manifest.incomplete).toContainEqual({
        path: "/nodes/pve1/lxc/112/config?current=1",
        reason: "reset",
        cause: "dropped",
      });
      expect(manifest.counts.attempts).toBe(server.traffic.requests);
      const listed = new Set(manifest.incomplete.map(({ path }) => path));
      for (const path of disturbed.paths) {
        const answer = disturbed.answer(path) ?? {};
        const isFault = "failed" in answer || ("status" in answer && answer.status === 503);
        if (isFault) expect(listed, path).toContain(path);
      }

      server.disturb({});
      const { folder } = disturbed;
      const before = server.traffic.requests;
      const resumed = await captured(server, { ...LIVE, folder, run: { isResumed: true } });
      expect(await answersIn(folder)).toEqual(await answersIn(join(ROOT, EXAMPLE)));
      expect(resumed.summary.manifest.captured_at).toBe(manifest.captured_at);
      expect(resumed.summary.manifest.counts.attempts).toBe(server.traffic.requests);
      // The version to connect, the rights, which may have changed, and what was missing.
      expect(server.traffic.requests - before).toBeLessThan(manifest.incomplete.length + 20);
    },
  );
});

describe("a transient answer", () => {
  test.each(["429", "502", "503", "504", "reset", "cut"])(
    "%s is requested up to five times",
    async (kind) => {
      const server = await served(liveLab({ guests: [{ vmid: 101, config: {} }] }), {
        faults: [parseServeFault(`${kind}x4@${CONFIG}`)],
      });
      const { answer, summary } = await captured(server);
      expect(server.traffic.asked.get(CONFIG)).toBe(5);
      expect(answer(CONFIG)).toEqual({ status: 200, data: {} });
      expect(summary.manifest.outcome).toBe("complete");
    },
  );

  test.each(["500", "595", "596"])("%s is not one, and is asked for once", async (kind) => {
    const server = await served(liveLab({ guests: [{ vmid: 101, config: {} }] }), {
      faults: [parseServeFault(`${kind}x1@${CONFIG}`)],
    });
    const { answer } = await captured(server);
    expect(server.traffic.asked.get(CONFIG)).toBe(1);
    expect(answer(CONFIG)).toMatchObject({ status: Number(kind) });
  });

  test("is retried after the pause of Retry-After", async () => {
    const server = await served(liveLab({ guests: [{ vmid: 101, config: {} }] }), {
      faults: [parseServeFault(`503x1@${CONFIG}`)],
      retryAfterSeconds: 1,
    });
    const start = performance.now();
    const { summary } = await captured(server);
    expect(performance.now() - start).toBeGreaterThan(1000);
    expect(summary.manifest.outcome).toBe("complete");
  });

  test("is recorded after five attempts", async () => {
    const server = await served(liveLab({ guests: [{ vmid: 101, config: {} }] }), {
      faults: [parseServeFault(`503:1@${CONFIG}`)],
    });
    const { answer, summary } = await captured(server);
    expect(server.traffic.asked.get(CONFIG)).toBe(5);
    expect(answer(CONFIG)).toEqual({ status: 503, error: "Service Unavailable" });
    expect(summary.gaps.map(({ cause, count }) => [cause, count])).toEqual([
      ["overloaded", 1],
      ["depends", 2],
    ]);
  });
});

describe("a guest whose config times out", () => {
  test("is recorded as timed-out, while its node, which answers, is still requested", async () => {
    const guests = [101, 102, 103].map((vmid) => ({ vmid, config: {} }));
    const server = await served(liveLab({ guests }), {
      faults: [parseServeFault(`timeout:1@${CONFIG}`)],
    });
    const { answer, summary } = await captured(server, {
      settings: { PROXMOX_API_TIMEOUT: "3" },
    });
    expect(answer(CONFIG)).toEqual({ failed: "timeout" });
    expect(server.traffic.asked.get(CONFIG)).toBe(1);
    expect(summary.gaps.map(({ cause }) => cause)).toEqual(["timed-out", "depends"]);
    expect(server.traffic.asked.get(PATHS.network("pve1"))).toBe(2);
  });
});

describe("an unreachable node", () => {
  const agent = { config: { agent: "1" }, osinfo: { name: "Debian" }, interfaces: [] };
  const parts = {
    nodes: { pve1: {}, pve2: {} },
    guests: [
      { vmid: 101, ...agent },
      ...[201, 202, 203, 204, 205, 206].map((vmid) => ({ vmid, node: "pve2", ...agent })),
    ],
  };

  test("is requested once, and its other calls are recorded as unreachable", async () => {
    const server = await served(liveLab(parts), { offline: ["pve2"] });
    const { answer, paths, summary } = await captured(server);
    const asked = [...server.traffic.asked.keys()].filter((path) => path.includes("/pve2/"));
    expect(asked).toEqual([PATHS.nodeStatus("pve2")]);
    expect(answer(PATHS.nodeStatus("pve2"))).toMatchObject({ status: 595 });
    const others = paths.filter((path) => path.includes("/pve2/") && !asked.includes(path));
    expect(others).toHaveLength(19);
    for (const path of others) expect(answer(path)).toEqual({ skipped: "unreachable" });
    expect(summary.gaps.map(({ cause, count }) => [cause, count])).toEqual([["unreachable", 20]]);
  });

  test("is not requested again during the run, and its earlier answers are kept", async () => {
    const snapshot = liveLab(parts);
    const server = await served(snapshot, {
      onRequest: ({ path, status }) => {
        const isFirst = path.endsWith("/201/config?current=1") && status === 200;
        if (isFirst) server.disturb({ offline: ["pve2"] });
      },
    });
    const settings = { PROXMOX_NODE_CONCURRENCY: "1", PROXMOX_CONCURRENCY: "1" };
    const { folder, answer, summary } = await captured(server, { settings });
    const config = (vmid: number) => answer(PATHS.config({ node: "pve2", kind: "qemu", vmid }));
    expect(config(201)).toMatchObject({ status: 200 });
    expect(config(206)).toEqual({ skipped: "unreachable" });
    const refused = [...server.traffic.answered].find(([status]) => status === 595)?.[1];
    expect(refused).toBeLessThanOrEqual(4);
    expect(summary.manifest.outcome).toBe("partial");

    server.disturb({});
    await captured(server, { settings, folder, run: { isResumed: true } });
    const whole = await captured(await served(snapshot), { settings });
    expect(await answersIn(folder)).toEqual(await answersIn(whole.folder));
  });
});

describe("a guest that moved after the listing", () => {
  const guest = { config: { agent: "1" }, osinfo: { name: "Debian" }, interfaces: [] };
  const nodes = { pve1: {}, pve2: {} };
  const config = (node: string) => PATHS.config({ node, kind: "qemu", vmid: 101 });

  test("is looked up again, requested once on its new node, and recorded with the later listing", async () => {
    const snapshot = liveLab({ nodes, guests: [{ vmid: 101, ...guest }, { vmid: 102, ...guest }] });
    const server = await served(snapshot, { moves: [{ vmid: 101, node: "pve2" }] });
    const { answer, paths, summary } = await captured(server);
    expect(answer(config("pve2"))).toEqual({ status: 200, data: { agent: "1" } });
    expect(paths.filter((path) => path.startsWith("/nodes/pve1/qemu/101/"))).toEqual([]);
    expect(answer(PATHS.resources)).toMatchObject({
      data: [{ vmid: 101, node: "pve2" }, { vmid: 102, node: "pve1" }],
    });
    expect(summary.manifest.outcome).toBe("complete");
    expect(server.traffic.asked.get(PATHS.resources)).toBe(2);
    expect(server.traffic.asked.get(config("pve1"))).toBe(1);
    expect(server.traffic.asked.get(PATHS.config({ node: "pve1", kind: "qemu", vmid: 102 }))).toBe(
      1,
    );
  });

  test("is left out of the snapshot when it no longer exists", async () => {
    const snapshot = liveLab({ nodes, guests: [{ vmid: 101, ...guest }, { vmid: 102, ...guest }] });
    const { answer, paths, summary } = await captured(
      await served(snapshot, { moves: [{ vmid: 101 }] }),
    );
    expect(answer(PATHS.resources)).toMatchObject({ data: [{ vmid: 102 }] });
    expect(paths.filter((path) => path.includes("/101/"))).toEqual([]);
    expect(summary.manifest.outcome).toBe("complete");
  });

  test("is recorded with the error of Proxmox VE when it cannot be found again", async () => {
    const error = "Configuration file 'nodes/pve1/qemu-server/101.conf' does not exist";
    const server = await served(
      liveLab({ guests: [{ vmid: 101, config: { status: 500, error } }] }),
    );
    const { answer, summary } = await captured(server);
    expect(answer(config("pve1"))).toEqual({ status: 500, error });
    expect(server.traffic.asked.get(config("pve1"))).toBe(1);
    expect(summary.gaps.map(({ cause }) => cause)).toEqual(["moved", "depends"]);
  });
});
