/** A failed request is not an absent object: it is listed, and NetBox keeps what it has. */
import { describe, expect, test } from "vitest";
import { PATHS } from "../../../src/proxmox/endpoints.ts";
import type { Answer } from "../../../src/proxmox/answers.ts";
import { inMemory, only, transformed } from "../../helpers/in-memory.ts";
import { guest101, labSite, nodeWith } from "../../helpers/lab.ts";

const GIB = 2 ** 30;
const DENIED = { status: 403, error: "Permission check failed (/vms/101, VM.Audit)" };

const SITE = labSite({
  nodes: { pve1: { network: [{ iface: "vmbr0", cidr: "10.0.0.2/24" }] } },
  guests: [{ vmid: 101, config: { net0: "virtio" } }],
});

/** The site with one answer in the cluster file replaced. */
function clusterWith(path: string, answer: Answer) {
  return inMemory({ ...SITE, cluster: { ...SITE.cluster, [path]: answer } });
}

const FAILURES: readonly (readonly [string, Answer])[] = [
  ["denied", { status: 403, error: "Permission check failed" }],
  ["denied", { status: 401 }],
  ["unreachable", { status: 595, error: "No route to host" }],
  ["failed", { status: 500, error: "oops" }],
  ["failed", { failed: "timeout" }],
  ["unparsable", { status: 200, data: {} }],
  ["unparsable", { status: 200, data: null }],
];

describe.each(FAILURES)("when an answer is %s: %j", (reason, answer) => {
  test("/cluster/resources: no guests are sent, and that is listed", async () => {
    const outcome = await transformed(clusterWith(PATHS.resources, answer));
    expect(outcome.of("virtual-machine")).toEqual([]);
    expect(outcome.reasonsOf("cluster/resources")).toEqual([reason]);
    expect(outcome.of("device")).toHaveLength(1);
  });

  test("/nodes: nodes come from /cluster/status", async () => {
    const outcome = await transformed(clusterWith(PATHS.nodes, answer));
    expect(outcome.of("device").map(({ name }) => name)).toEqual(["pve1"]);
    expect(outcome.reasonsOf("cluster/nodes")).toEqual([reason]);
  });

  test("/cluster/status: the cluster is named by the host", async () => {
    const outcome = await transformed(clusterWith(PATHS.clusterStatus, answer));
    expect(only(outcome.of("cluster")).name).toBe("pve1.example.net");
    expect(outcome.reasonsOf("cluster/status")).toEqual([reason]);
    expect(outcome.of("device")).toHaveLength(1);
  });

  test("/nodes/<node>/network: the device is sent without addresses", async () => {
    const nodes = { pve1: { ...SITE.nodes["pve1"], [PATHS.network("pve1")]: answer } };
    const outcome = await transformed(inMemory({ ...SITE, nodes }), { CLEAR_EMPTY: "true" });
    expect(only(outcome.of("device"))).not.toHaveProperty("primary_ip4");
    expect(outcome.of("interface")).toEqual([]);
    expect(outcome.reasonsOf("node/pve1/network")).toEqual([reason]);
  });
});

test.each([
  ["no-name", "node/?", PATHS.nodes],
  ["other-type", "resource/?", PATHS.resources],
])("a row that is not an object is left out as %s: %s", async (reason, what, path) => {
  const { data } = SITE.cluster[path] as { readonly data: readonly unknown[] };
  const outcome = await transformed(
    clusterWith(path, { status: 200, data: [...data, "row", null] }),
  );
  expect(outcome.reasonsOf(what)).toEqual([reason, reason]);
  expect(outcome.of("device")).toHaveLength(1);
  expect(outcome.of("virtual-machine")).toHaveLength(1);
});

test("a row of a node's network that is not an object is left out as no-name", async () => {
  const outcome = await nodeWith([{ iface: "vmbr0", cidr: "10.0.0.2/24" }, "eno1"]);
  expect(outcome.reasonsOf("node/pve1/?")).toEqual(["no-name"]);
  expect(outcome.of("interface")).toHaveLength(1);
});

test("a node without a file becomes a device, and its guests come from the listing", async () => {
  const outcome = await transformed(inMemory({ ...SITE, nodes: {} }));
  expect(outcome.of("device").map(({ name }) => name)).toEqual(["pve1"]);
  expect(outcome.of("virtual-machine").map(({ name }) => name)).toEqual(["guest-101"]);
  expect(outcome.reasonsOf("vm/101/config")).toEqual(["failed"]);
  expect(outcome.reasonsOf("node/pve1/network")).toEqual(["failed"]);
  expect(outcome.reasonsOf("node/pve1/status")).toEqual(["failed"]);
});

describe("a config that could not be read", () => {
  test("leaves the VM with the fields of the listing, and clears nothing", async () => {
    const row = { maxmem: GIB, tags: "a", hastate: "started" };
    const outcome = await guest101({ row, config: DENIED }, { CLEAR_EMPTY: "true" });
    expect(Object.keys(outcome.vm).sort()).toEqual(
      "cluster custom_fields memory name site status tags vcpus".split(" "),
    );
    expect(outcome.reasonsOf("vm/101/config")).toEqual(["denied"]);
    expect(outcome.codesOf("vm/101")).toEqual(["config-not-read"]);
  });

  test.each([
    ["unreachable", { status: 595 } as const],
    ["failed", { failed: "timeout" } as const],
    ["failed", { status: 500, error: "Configuration file does not exist" } as const],
    ["unparsable", { status: 200, data: [] } as const],
    ["unreachable", { skipped: "unreachable" } as const],
  ])("is listed as %s: %j", async (reason, config) => {
    const outcome = await guest101({ config });
    expect(outcome.vm.name).toBe("guest-101");
    expect(outcome.reasonsOf("vm/101/config")).toEqual([reason]);
  });
});
