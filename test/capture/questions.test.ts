/** Which calls capture makes, and the recorded reasons of those that it skips. */
import { describe, expect, test } from "vitest";
import { planCapture } from "../../src/capture/command/capture.ts";
import { RETRY_POLICY } from "../../src/capture/client.ts";
import { PATHS } from "../../src/proxmox/endpoints.ts";
import { captured, liveLab, optionsFor } from "../helpers/capturing.ts";
import type { Lab } from "../helpers/lab.ts";
import { served } from "../helpers/serving.ts";

const LIVE_ADDRESSES = { LXC_LIVE_ADDRESSES: "true" };
const NOT_RUNNING = { status: 500, error: "QEMU guest agent is not running" };

async function asked(parts: Lab, settings = LIVE_ADDRESSES) {
  const server = await served(liveLab(parts));
  const outcome = await captured(server, { settings });
  const requests = [...server.traffic.asked].map(([path, count]) => `${path} ${count}`);
  return { ...outcome, requests, server };
}

function agentOf(vmid: number, node = "pve1") {
  const at = { node, kind: "qemu", vmid } as const;
  return [PATHS.osinfo(at), PATHS.agentInterfaces(at)] as const;
}

describe("capture requests a guest agent", () => {
  test("only for a running guest whose config enables it", async () => {
    const { requests, answer } = await asked({
      guests: [
        { vmid: 101, config: { agent: "1" }, osinfo: { name: "Debian" }, interfaces: [] },
        { vmid: 102, config: { agent: "enabled=0" } },
        { vmid: 103, config: {} },
        { vmid: 104, config: { agent: "1" }, row: { status: "paused" } },
        { vmid: 105, config: { agent: "1" }, row: { template: 1 } },
        { vmid: 106, config: { status: 403, error: "Permission check failed" } },
      ],
    });
    const reasons = [102, 103, 104, 105, 106].map((vmid) => agentOf(vmid).map(answer));
    expect(reasons).toEqual([
      ["agent-off", "agent-off"],
      ["agent-off", "agent-off"],
      ["guest-stopped", "guest-stopped"],
      ["template", "template"],
      ["config-not-read", "config-not-read"],
    ].map((pair) => pair.map((skipped) => ({ skipped }))));
    expect(requests.filter((request) => request.includes("/agent/")))
      .toEqual(agentOf(101).map((path) => `${path} 1`));
  });

  test("once when it does not run, since each call takes 3 s", async () => {
    const { requests, answer, summary } = await asked({
      guests: [{ vmid: 101, config: { agent: "1" }, osinfo: NOT_RUNNING, interfaces: NOT_RUNNING }],
    });
    const [osinfo, interfaces] = agentOf(101);
    expect(requests.filter((request) => request.includes("/agent/"))).toEqual([`${osinfo} 1`]);
    expect([answer(osinfo), answer(interfaces)]).toEqual([
      NOT_RUNNING,
      { skipped: "agent-not-running" },
    ]);
    expect(summary.manifest.outcome).toBe("complete");
  });
});

describe("capture requests the live addresses of a container", () => {
  const guests = [
    { vmid: 201, kind: "lxc", config: { net0: "name=eth0,ip=dhcp" }, interfaces: [] },
    { vmid: 202, kind: "lxc", config: { net0: "name=eth0,ip=10.0.0.2/24" } },
    { vmid: 203, kind: "lxc", config: { net0: "name=eth0,ip6=auto" }, row: { status: "stopped" } },
    { vmid: 204, kind: "lxc", config: { net0: "name=eth0,bridge=vmbr0" }, interfaces: [] },
  ] as const;
  const live = (vmid: number): string => PATHS.lxcInterfaces({ node: "pve1", kind: "lxc", vmid });

  test("when it runs and its config does not set every address", async () => {
    const { answer, requests } = await asked({ guests });
    expect([201, 202, 203, 204].map((vmid) => answer(live(vmid)))).toEqual([
      { data: [], status: 200 },
      undefined,
      { skipped: "guest-stopped" },
      { data: [], status: 200 },
    ]);
    expect(requests.filter((request) => request.includes("/interfaces"))).toHaveLength(2);
  });

  test("only with LXC_LIVE_ADDRESSES", async () => {
    const { paths, summary } = await asked({ guests }, { LXC_LIVE_ADDRESSES: "false" });
    expect(paths.filter((path) => path.endsWith("/interfaces"))).toEqual([]);
    expect(summary.manifest.settings).toEqual({ LXC_LIVE_ADDRESSES: "false" });
  });

  test("without a gap on a release that lacks the endpoint", async () => {
    const error = "Method 'GET /nodes/pve1/lxc/201/interfaces' not implemented";
    const { summary, answer } = await asked({
      guests: [{ ...guests[0], interfaces: { status: 501, error } }],
    });
    expect(answer(live(201))).toEqual({ status: 501, error });
    expect(summary.gaps).toEqual([]);
  });
});

describe("a capture with a scope of nodes", () => {
  test("requests only these nodes and their guests, and records all others as out-of-scope", async () => {
    const { requests, answer } = await asked({
      nodes: { pve1: {}, pve2: {} },
      guests: [{ vmid: 101 }, { vmid: 102, node: "pve2" }, {
        vmid: 201,
        kind: "lxc",
        node: "pve2",
      }],
    }, { ...LIVE_ADDRESSES, nodes: "pve1" } as typeof LIVE_ADDRESSES);
    expect(requests.filter((request) => request.includes("pve2"))).toEqual([]);
    const at = { node: "pve2", kind: "lxc", vmid: 201 } as const;
    const left = [
      PATHS.nodeStatus("pve2"),
      PATHS.network("pve2"),
      PATHS.config({ ...at, kind: "qemu", vmid: 102 }),
      ...agentOf(102, "pve2"),
      PATHS.config(at),
      PATHS.lxcInterfaces(at),
    ];
    expect(left.map(answer)).toEqual(left.map(() => ({ skipped: "out-of-scope" })));
  });

  test("warns about an unknown node, and rejects a scope that matches no node", async () => {
    const server = await served(liveLab({ nodes: { pve1: {}, pve2: {} } }));
    const { warnings, summary } = await captured(server, { settings: { nodes: "pve1,pve9" } });
    expect(warnings.join()).toContain('"pve9"');
    expect([summary.nodes, summary.manifest.counts.nodes]).toEqual([1, 2]);
    await expect(captured(server, { settings: { nodes: "pve8,pve9" } })).rejects.toMatchObject({
      kind: "usage",
      message: expect.stringContaining('"pve8,pve9"'),
      hint: expect.stringContaining("pve1, pve2"),
    });
  });
});

describe("capture of an unusual listing", () => {
  test("requests a guest on its node even when the node is not listed", async () => {
    const { answer, summary } = await asked({ guests: [{ vmid: 101, node: "gone" }] });
    expect(answer(PATHS.nodeStatus("gone"))).toMatchObject({ status: 500 });
    expect(summary.manifest.files.map(({ path }) => path)).toContain("pve/nodes/gone.json");
  });

  test("skips duplicate guests and rows that are not guests or have no VMID", async () => {
    const { requests } = await asked({
      guests: [{ vmid: 101 }, { vmid: 101 }],
      rows: [
        { id: "storage/pve1/local", type: "storage", node: "pve1" },
        { id: "qemu/", type: "qemu", node: "pve1", name: "half" },
        { id: "openvz/7", type: "openvz", vmid: 7, node: "pve1" },
        null,
        7,
      ],
    });
    expect(requests.filter((request) => request.includes("/config"))).toEqual([
      "/nodes/pve1/qemu/101/config?current=1 1",
    ]);
  });

  test("warns about a node with an invalid name and does not request it", async () => {
    const { requests, warnings } = await asked({
      nodes: { pve1: {} },
      rows: [{ id: "qemu/9", type: "qemu", vmid: 109, node: "../../access", name: "x" }],
    });
    expect(warnings.join()).toContain('"../../access"');
    expect(requests.filter((request) => request.includes("access/"))).toEqual([
      "/access/permissions 1",
      "/access/acl 1",
    ]);
  });

  test("not of a node whose name differs from another in case only: they would share a file", async () => {
    const { requests, warnings } = await asked({
      guests: [{ vmid: 101 }, { vmid: 102, node: "PVE1" }],
      nodes: { pve1: {}, PVE1: {} },
    });
    const nodes = new Set(
      requests.map((request) => /^\/nodes\/([^/]+)\//.exec(request)?.[1] ?? ""),
    );
    expect([...nodes].filter((node) => /^pve1$/i.test(node))).toHaveLength(1);
    expect(warnings.join()).toMatch(/Ignoring node "pve1".* differs from another in case only/i);
  });
});

test("capture makes each call once, with GET", async () => {
  const { server, summary } = await asked({ guests: [{ vmid: 101 }, { vmid: 102 }] });
  expect(new Set(server.traffic.asked.values())).toEqual(new Set([1]));
  expect([...server.traffic.methods.keys()]).toEqual(["GET"]);
  expect(summary.manifest.counts.attempts).toBe(server.traffic.requests);
});

describe("capture --plan", () => {
  const asking = { signal: new AbortController().signal, onWarning: () => undefined };

  test("requests only the listings, and predicts the calls of a capture", async () => {
    const server = await served("snapshots/example");
    const options = optionsFor(server, { LXC_LIVE_ADDRESSES: "true" });
    const plan = await planCapture(options, { ...asking, retry: RETRY_POLICY });
    expect(server.traffic.requests).toBe(6);
    expect(Object.fromEntries(plan.map(({ endpoint, calls }) => [endpoint, calls]))).toEqual({
      version: 1,
      permissions: 1,
      acl: 1,
      clusterStatus: 1,
      nodes: 1,
      resources: 1,
      nodeStatus: 4,
      network: 3,
      config: 36,
      osinfo: 13,
      agentInterfaces: 13,
      lxcInterfaces: 8,
    });
    const fresh = await served("snapshots/example");
    await captured(fresh, { settings: { LXC_LIVE_ADDRESSES: "true" } });
    const count = (end: RegExp): number =>
      [...fresh.traffic.asked.keys()].filter((path) => end.test(path)).length;
    expect([count(/status$/), count(/\/network$/), count(/\/config\?current=1$/)]).toEqual([
      5,
      3,
      36,
    ]);
    expect(count(/\/get-osinfo$/)).toBeLessThanOrEqual(13);
    expect(count(/\/network-get-interfaces$/)).toBeLessThanOrEqual(13);
    expect(count(/\/interfaces$/)).toBeLessThanOrEqual(8);
  });

  test("predicts fewer calls for a smaller scope", async () => {
    const server = await served("snapshots/example");
    const plan = await planCapture(optionsFor(server, { nodes: "pve1" }), asking);
    const calls = Object.fromEntries(plan.map((row) => [row.endpoint, row.calls]));
    expect(calls).toMatchObject({ nodeStatus: 1, network: 1, config: 10, lxcInterfaces: 0 });
  });
});

test("capture of a single node without guests gives a complete snapshot", async () => {
  const { summary } = await asked({ cluster: null });
  expect(summary.manifest).toMatchObject({ outcome: "complete", counts: { nodes: 1, answers: 8 } });
});

describe("pending network changes", () => {
  const network = (changes?: string) => ({
    status: 200,
    data: [{ iface: "vmbr0", type: "bridge", cidr: "192.0.2.11/24" }],
    ...(changes === undefined ? {} : { changes }),
  });
  const DIFF = "--- /etc/network/interfaces\n+++ /etc/network/interfaces.new\n";

  test("cause one warning that names all affected nodes, and are kept in the snapshot", async () => {
    const { warnings, answer, summary } = await asked({
      nodes: {
        pve10: { network: network(DIFF) },
        pve2: { network: network(DIFF) },
        pve3: { network: network() },
      },
    });
    expect(warnings).toEqual([
      "The network of pve2, pve10 was read with changes that are not applied, not as it is in force: " +
      "apply or revert them under System > Network of the node, then capture again, without --resume",
    ]);
    expect(answer(PATHS.network("pve2"))).toMatchObject({ changes: DIFF });
    expect(summary.gaps).toEqual([]);
  });

  test("cause no warning when no node has any", async () => {
    expect((await asked({ nodes: { pve1: { network: network() } } })).warnings).toEqual([]);
  });
});

test("capture reads the current config of a guest in one call", async () => {
  const { requests } = await asked({
    guests: [{ vmid: 101, config: {} }, { vmid: 102, kind: "lxc", config: {} }],
  });
  expect(requests.filter((request) => request.includes("/config"))).toEqual([
    "/nodes/pve1/qemu/101/config?current=1 1",
    "/nodes/pve1/lxc/102/config?current=1 1",
  ]);
});
