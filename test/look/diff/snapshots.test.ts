import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diffSnapshots } from "../../../src/look/diff/diff-snapshots.ts";
import {
  isDifferent,
  type RunDifferences,
  type UnreadSubject,
} from "../../../src/look/diff/differences.ts";
import { PATHS } from "../../../src/proxmox/endpoints.ts";
import type { Answer } from "../../../src/proxmox/answers.ts";
import { anyLab } from "../../helpers/generated-labs.ts";
import { inMemory } from "../../helpers/in-memory.ts";
import { agentRow, type Lab, lab, type LabGuest, labSite } from "../../helpers/lab.ts";
import { ok } from "../../helpers/snapshot-builder.ts";
import { swapSides } from "../../helpers/swap-sides.ts";
import { siteIn, WHOLE_CASES } from "../../helpers/whole-outputs.ts";

const NOTHING = { added: [], changed: [], gone: [], unread: [], unreadBefore: [] };
const NIC = "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=10";
const UNREACHABLE: Answer = { status: 595, error: "No route to host" };

const MEASURED = new Set(["cpu", "mem", "disk", "uptime", "netin", "used", "free", "rx-bytes"]);

/** Each side is a lab, or only guest 101. */
function diff(a: Lab | Omit<LabGuest, "vmid">, b: typeof a): Promise<RunDifferences> {
  return diffSnapshots(lab(labOf(a)), lab(labOf(b)));
}

function labOf(side: Lab | Omit<LabGuest, "vmid">): Lab {
  const isLab = "nodes" in side || "guests" in side || "cluster" in side || "clusterStatus" in side;
  return isLab ? side : { guests: [{ vmid: 101, ...(side as Omit<LabGuest, "vmid">) }] };
}

function whatOf(unread: readonly UnreadSubject[]): string[] {
  return unread.map(({ what, parts, reason }) => `${what} (${parts.join(", ")}) ${reason}`);
}

describe("a guest", () => {
  test("that is renamed and moved is the same guest, with old and new name and node", async () => {
    const nodes = { pve1: {}, pve2: {} };
    const a = { nodes, guests: [{ vmid: 101, config: { cores: 2 }, row: { name: "web-01" } }] };
    const moved = { vmid: 101, node: "pve2", config: { cores: 4 }, row: { name: "web-02" } };
    expect(await diff(a, { nodes, guests: [moved] })).toEqual({
      ...NOTHING,
      changed: [{
        what: "vm/101",
        name: "web-02",
        node: "pve2",
        renamed: { before: "web-01", after: "web-02" },
        moved: { before: "pve1", after: "pve2" },
        fields: [{ field: "cores", before: "2", after: "4" }],
      }],
    });
  });

  test("is compared key by key, in natural order", async () => {
    const { changed } = await diff(
      { config: { net2: NIC, net10: NIC, hookscript: "local:x" } },
      { config: { net2: NIC.replace("10", "20"), net10: `${NIC}1`, hookscript: "local:x", b: 1 } },
    );
    expect(changed[0]?.fields.map(({ field, before }) => [field, before])).toEqual([
      ["b", undefined],
      ["net2", NIC],
      ["net10", NIC],
    ]);
  });

  test("is not changed by metrics, the digest of its config or the format of a release", async () => {
    const config = { memory: 4096, tags: "b;a", digest: "1", lock: "backup" };
    const now = { memory: "4096", tags: "a;b", digest: "2", name: "guest-101", description: "" };
    const measured = { cpu: 0.7, mem: 5, uptime: 9, netin: 3, memhost: 1, template: 0, lock: "x" };
    expect(
      await diff(
        {
          config,
          interfaces: [agentRow("bc:24:11:00:00:01", [], { statistics: { "rx-bytes": 1 } })],
        },
        {
          config: now,
          row: measured,
          interfaces: [agentRow("bc:24:11:00:00:01", [], { statistics: { "rx-bytes": 2 } })],
        },
      ),
    ).toEqual(NOTHING);
  });

  test("has the addresses of its NICs; those of bridges, containers and tunnels in the guest are ignored", async () => {
    const mac = "bc:24:11:00:00:01";
    const side = (address: string, bridge: string): Omit<LabGuest, "vmid"> => ({
      config: { net0: NIC },
      interfaces: [
        agentRow(mac, [address, "fe80::1/64", "169.254.3.4/16"]),
        agentRow("02:42:00:00:00:01", ["172.17.0.1/16"], { name: bridge }),
      ],
    });
    const { changed, ...others } = await diff(
      side("10.0.0.5/24", "br-1"),
      side("10.0.0.6/24", "br-2"),
    );
    expect(others).toEqual({ ...NOTHING, changed: undefined });
    expect(changed[0]?.fields).toEqual([
      { field: "interfaces.eth0", before: "10.0.0.5/24", after: "10.0.0.6/24" },
    ]);
  });

  test("has no address where an answer gives none", async () => {
    const mac = "bc:24:11:00:00:01";
    const side = (addresses: readonly object[]): Omit<LabGuest, "vmid"> => ({
      config: { net0: NIC },
      interfaces: [agentRow(mac, [], { "ip-addresses": addresses })],
    });
    const bare = await diff(side([{ prefix: 24 }]), side([{ "ip-address": "10.0.0.6" }]));
    expect(bare.changed[0]?.fields)
      .toEqual([{ field: "interfaces.eth0", before: undefined, after: "10.0.0.6" }]);
  });

  test("of another type or in another cluster is a different guest", async () => {
    const kinds = await diff({ kind: "qemu" }, { kind: "lxc" });
    expect([kinds.gone, kinds.added].map((group) => group.map(({ what }) => what)))
      .toEqual([["vm/101"], ["vm/101"]]);
    const guests = [{ vmid: 101 }];
    const clusters = await diff({ guests }, { guests, cluster: "other" });
    expect(clusters.gone.map(({ what }) => what)).toEqual(["node/pve1", "vm/101"]);
    expect(clusters.changed[0]?.what).toBe("cluster");
  });

  test("has the tags of its config if the listing has none, as before Proxmox VE 7.2", async () => {
    const { changed } = await diff({ config: { tags: "a" } }, { config: { tags: "a;b" } });
    expect(changed[0]?.fields).toEqual([{ field: "tags", before: "a", after: "a, b" }]);
    expect(await diff({ config: { tags: "a" } }, { config: { tags: "a" }, row: { tags: "a" } }))
      .toEqual(NOTHING);
  });
});

describe("a node", () => {
  test("has no interface for a row without a name", async () => {
    const a = { nodes: { pve1: { network: [{ mtu: "1500" }] } } };
    const b = { nodes: { pve1: { network: [] } } };
    expect(await diff(a, b)).toEqual(NOTHING);
  });

  test("has interfaces that are compared one by one, whatever their order in the file", async () => {
    const [vmbr0, vmbr1] = [{ iface: "vmbr0", mtu: "1500" }, { iface: "vmbr1" }];
    const a = { nodes: { pve1: { network: [{ ...vmbr0, priority: 3 }, vmbr1] } } };
    const now = { iface: "vmbr0", mtu: "9000", priority: 4, active: 1, exists: null };
    const b = { nodes: { pve1: { network: [now, { iface: "vmbr2" }] } } };
    expect(await diff(a, b)).toEqual({
      ...NOTHING,
      added: [{ what: "node/pve1/vmbr2" }],
      changed: [{
        what: "node/pve1/vmbr0",
        fields: [
          { field: "active", before: undefined, after: "1" },
          { field: "mtu", before: "1500", after: "9000" },
        ],
      }],
      gone: [{ what: "node/pve1/vmbr1" }],
    });
  });

  test("that is added or gone is one difference, with all that it contains", async () => {
    const both = { nodes: { pve1: {}, pve2: { network: [{ iface: "vmbr0" }] } } };
    const one = { nodes: { pve1: {} } };
    expect(await diff(one, both)).toEqual({ ...NOTHING, added: [{ what: "node/pve2" }] });
    expect(await diff(both, one)).toEqual({ ...NOTHING, gone: [{ what: "node/pve2" }] });
  });

  test("is compared by version, CPU model and sizes, but not by load or clock", async () => {
    const side = (pveversion: string, mhz: string, used: number): Lab => ({
      nodes: {
        pve1: {
          status: {
            pveversion,
            loadavg: ["0.1"],
            cpuinfo: { model: "EPYC", mhz },
            rootfs: { total: 5, used },
            ksm: { shared: used },
          },
        },
      },
    });
    const { changed } = await diff(side("8.4.1", "800.0", 1), side("8.4.2", "3400.0", 2));
    expect(changed[0]?.fields).toEqual([{ field: "pveversion", before: "8.4.1", after: "8.4.2" }]);
  });
});

describe("objects that are not readable in b are never gone", () => {
  const config = { net0: NIC };
  const full = { config, osinfo: { name: "Debian" }, interfaces: [agentRow(null, [])] };

  test.each<[string, Omit<LabGuest, "vmid">, string]>([
    ["an agent that does not answer", {
      ...full,
      osinfo: { status: 500, error: "QEMU guest agent is not running" },
      interfaces: { status: 500, error: "VM 101 qga command 'x' failed - got timeout" },
    }, "vm/101 (agent/get-osinfo, agent/network-get-interfaces) agent-not-running"],
    [
      "an error of the agent",
      { ...full, interfaces: ok({ result: { error: { class: "CommandDisabled", desc: "x" } } }) },
      "vm/101 (agent/network-get-interfaces) agent-error",
    ],
    ["a config that is denied", {
      ...full,
      config: { status: 403, error: "Permission check failed" },
      interfaces: { skipped: "config-not-read" },
      osinfo: { skipped: "config-not-read" },
    }, "vm/101 (config, tags, agent/network-get-interfaces) denied"],
    ["a timeout", { ...full, osinfo: { failed: "timeout" } }, "vm/101 (agent/get-osinfo) failed"],
    ["a missing answer", { ...full, osinfo: null }, "vm/101 (agent/get-osinfo) failed"],
    [
      "a guest that the cluster does not list",
      { ...full, row: { name: undefined, status: "unknown" } },
      "vm/101 (status) unreachable",
    ],
  ])("in case of %s", async (_, guest, expected) => {
    const differences = await diff(full, guest);
    expect({ ...differences, unread: [] }).toEqual(NOTHING);
    expect(whatOf(differences.unread)).toContain(expected);
    expect(isDifferent(differences)).toBe(true);
    const back = await diff(guest, full);
    expect(back).toEqual({ ...NOTHING, unreadBefore: differences.unread });
    expect(isDifferent(back)).toBe(false);
  });

  test("in case of a stopped container, which answers with null", async () => {
    const running = { kind: "lxc" as const, config, interfaces: [agentRow(null, [])] };
    const { unread } = await diff(running, { ...running, interfaces: ok(null) });
    expect(whatOf(unread)).toEqual(["vm/101 (interfaces) guest-stopped"]);
  });

  test("in case of an offline node, with all its guests", async () => {
    const nodes = { pve1: { row: { maxcpu: 8 }, network: [{ iface: "vmbr0" }] } };
    const a: Lab = { nodes, guests: [{ vmid: 101 }] };
    const b: Lab = {
      nodes: {
        pve1: { row: { status: "offline" }, status: UNREACHABLE, network: UNREACHABLE },
      },
      guests: [{ vmid: 101, row: { name: undefined, status: "unknown" }, config: UNREACHABLE }],
    };
    const { unread, ...others } = await diff(a, b);
    expect(whatOf(unread)).toEqual([
      "node/pve1 (figures, status, network) unreachable",
      "vm/101 (status, config, tags) unreachable",
    ]);
    expect(others).toMatchObject({ added: [], gone: [], changed: [{ what: "node/pve1" }] });
  });

  test("in case of a failed listing of guests and nodes", async () => {
    const a = labSite({ guests: [{ vmid: 101 }] });
    const denied = { status: 403, error: "no" };
    const cluster = { ...a.cluster, [PATHS.resources]: denied, [PATHS.nodes]: denied };
    const { gone, unread } = await diffSnapshots(inMemory(a), inMemory({ cluster, nodes: {} }));
    expect(gone).toEqual([]);
    expect(whatOf(unread)).toEqual(["node/pve1 () denied", "vm/101 () denied"]);
  });

  test("in case of guests and bridges that the token cannot see and capture lists as filtered", async () => {
    const a = lab({ nodes: { pve1: { network: [{ iface: "vmbr0" }] } }, guests: [{ vmid: 101 }] });
    const b = lab({});
    const incomplete = [PATHS.resources, PATHS.network("pve1")].map((path) => ({
      path,
      reason: "filtered",
    }));
    const filtered = { ...b, manifest: { ...b.manifest, incomplete } };
    const { gone, unread } = await diffSnapshots(a, filtered);
    expect(gone).toEqual([]);
    expect(whatOf(unread)).toEqual(["node/pve1/vmbr0 () denied", "vm/101 () denied"]);
  });

  test.each([
    PATHS.acl,
    PATHS.permissions,
  ])("in case of guests and bridges that may be hidden, since %s was not read", async (path) => {
    const network = [{ iface: "vmbr0", type: "bridge", active: 1 }];
    const a = lab({ nodes: { pve1: { network } }, guests: [{ vmid: 101 }] });
    const b = lab({ nodes: { pve1: { network: [] } } });
    const incomplete = [{ path, reason: "filtered", cause: "filtered" }];
    const { gone, unread } = await diffSnapshots(a, {
      ...b,
      manifest: { ...b.manifest, incomplete },
    });
    expect(gone).toEqual([]);
    expect(whatOf(unread)).toEqual(["node/pve1/vmbr0 () denied", "vm/101 () denied"]);
  });

  test("in case of pools that the token cannot see", async () => {
    const site = (rights: object, row: object) => {
      const { cluster, nodes } = labSite({ guests: [{ vmid: 101, row: { ...row } }] });
      return inMemory({ cluster: { ...cluster, [PATHS.permissions]: ok(rights) }, nodes });
    };
    const inPool = site({ "/pool": { "Pool.Audit": 1 } }, { pool: "prod" });
    const unseen = await diffSnapshots(inPool, site({ "/vms": { "VM.Audit": 1 } }, {}));
    expect([unseen.changed, whatOf(unseen.unread)]).toEqual([[], ["vm/101 (pool) denied"]]);
    const left = await diffSnapshots(inPool, site({ "/pool": { "Pool.Audit": 1 } }, {}));
    expect(left.changed[0]?.fields).toEqual([{ field: "pool", before: "prod", after: undefined }]);
  });

  test("in case of pools when the rights of the token were not read", async () => {
    const site = (permissions: Answer, row = {}) =>
      lab({ guests: [{ vmid: 101, row }], more: { [PATHS.permissions]: permissions } });
    const { changed, unread } = await diffSnapshots(
      site(ok({ "/pool": { "Pool.Audit": 1 } }), { pool: "prod" }),
      site({ status: 503, error: "Service Unavailable" }),
    );
    expect([changed, whatOf(unread)]).toEqual([[], ["vm/101 (pool) failed"]]);
  });

  test("in case of nodes that were out of scope", async () => {
    const a = lab({ nodes: { pve1: { network: [] }, pve2: { network: [] } } });
    const site = labSite({ nodes: { pve1: { network: [] }, pve2: {} } });
    const { pve1 = {} } = site.nodes;
    const b = inMemory({ ...site, nodes: { pve1 } });
    const scoped = { ...b, manifest: { ...b.manifest, scope: { nodes: ["pve1"] } } };
    const { unread } = await diffSnapshots(a, scoped);
    expect(whatOf(unread)).toEqual(["node/pve2 (status, network) out-of-scope"]);
  });
});

test("diff rejects values that are nested too deeply", async () => {
  const deep = (depth: number) => JSON.parse("[".repeat(depth) + "]".repeat(depth)) as unknown;
  const { changed } = await diff({ config: { lxc: deep(10) } }, { config: { lxc: deep(11) } });
  expect(changed[0]?.fields.map(({ field }) => field)).toEqual(["lxc"]);
  await expect(diff({ config: { lxc: deep(10) } }, { config: { lxc: deep(300) } })).rejects
    .toMatchObject({ kind: "input" });
});

describe("diff of snapshots", () => {
  test("finds no difference between a snapshot and itself", async () => {
    await fc.assert(fc.asyncProperty(anyLab(), async (parts) => {
      expect(await diffSnapshots(lab(parts), lab(parts))).toEqual(NOTHING);
    }));
  });

  test("with sides swapped gives the opposite result", async () => {
    await fc.assert(fc.asyncProperty(anyLab(), anyLab(), async (a, b) => {
      const there = await diffSnapshots(lab(a), lab(b));
      expect(swapSides(await diffSnapshots(lab(b), lab(a)))).toEqual(swapSides(swapSides(there)));
    }));
  });

  test("finds nothing gone or changed in nodes without any answer", async () => {
    await fc.assert(fc.asyncProperty(anyLab(), async (parts) => {
      const site = labSite(parts);
      const silent = Object.fromEntries(
        Object.entries(site.nodes).map(([node, answers]) => [
          node,
          Object.fromEntries(Object.keys(answers).map((path) => [path, UNREACHABLE])),
        ]),
      );
      const b = inMemory({ ...site, nodes: silent });
      const { added, changed, gone } = await diffSnapshots(inMemory(site), b);
      expect([added, changed, gone]).toEqual([[], [], []]);
    }));
  });

  test.each([...new Set(WHOLE_CASES.flatMap(({ runs }) => runs))])(
    "finds no difference between %s and itself with other metrics",
    async (run) => {
      const site = await siteIn(run);
      const measured = JSON.parse(
        JSON.stringify(site),
        (key, value: unknown) => MEASURED.has(key) && typeof value === "number" ? 7 : value,
      ) as typeof site;
      expect(await diffSnapshots(inMemory(site), inMemory(measured))).toEqual(NOTHING);
    },
  );
});
