/** Sites of the cluster, its machines, VLANs and prefixes. Each test covers one rule. */
import { describe, expect, test } from "vitest";
import { PATHS } from "../../../src/proxmox/endpoints.ts";
import { only, type Outcome, transformed } from "../../helpers/in-memory.ts";
import { type Lab, lab } from "../../helpers/lab.ts";
import { ok } from "../../helpers/snapshot-builder.ts";

/** Two nodes that share a network, each with a VLAN interface and a guest in a VLAN. */
const TWO_NODES: Lab = {
  nodes: {
    pve1: {
      network: [{ iface: "vmbr0.20", type: "vlan", cidr: "10.0.20.2/24" }],
      row: { status: "offline" },
    },
    pve2: { network: [{ iface: "vmbr0.20", type: "vlan", cidr: "10.0.20.3/24" }] },
  },
  guests: [
    { vmid: 101, node: "pve1", config: { net0: "virtio,tag=10" } },
    { vmid: 102, node: "pve2", config: { net0: "virtio,tag=10" } },
  ],
};
const TWO_SITES = { NODE_SITE_MAP: " pve1 : London , pve2:New York" };

function run(settings = {}, parts: Lab = TWO_NODES): Promise<Outcome> {
  return transformed(lab(parts), settings);
}

function sitesOf(outcome: Outcome) {
  return {
    cluster: only(outcome.of("cluster")).scope_site?.name,
    devices: outcome.of("device").map(({ site }) => site.name),
    machines: outcome.of("virtual-machine").map(({ site }) => site?.name),
    vlans: outcome.of("vlan").map(({ name, site }) => `${name} ${site?.name}`),
    prefixes: outcome.of("prefix").map(({ prefix, scope_site }) => `${prefix} ${scope_site?.name}`),
  };
}

describe("without NODE_SITE_MAP", () => {
  test("all objects are in SITE_NAME, by default Proxmox", async () => {
    expect(sitesOf(await run())).toEqual({
      cluster: "Proxmox",
      devices: ["Proxmox", "Proxmox"],
      machines: ["Proxmox", "Proxmox"],
      vlans: ["VLAN 10 Proxmox", "VLAN 20 Proxmox"],
      prefixes: ["10.0.20.0/24 Proxmox"],
    });
    expect(sitesOf(await run({ SITE_NAME: "Yard" })).machines).toEqual(["Yard", "Yard"]);
  });

  test("a cluster that lists no nodes is scoped to SITE_NAME", async () => {
    const nodes = { status: 403 } as const;
    const outcome = await transformed(lab({ nodes: {}, clusterStatus: nodes }), {
      SITE_NAME: "Yard",
    });
    expect(sitesOf(outcome).cluster).toBe("Yard");
  });
});

describe("with NODE_SITE_MAP", () => {
  test("the cluster is scoped to the site if all its nodes are in that site", async () => {
    const outcome = await run({ NODE_SITE_MAP: "pve1:London,pve2:London" });
    expect(sitesOf(outcome).cluster).toBe("London");
    expect(outcome.codesOf("cluster/lab")).toEqual([]);
  });

  test("the cluster has no scope if its nodes are in several sites; each VM is in its node's site", async () => {
    const outcome = await run(TWO_SITES);
    expect(sitesOf(outcome)).toEqual({
      cluster: undefined,
      devices: ["London", "New York"],
      machines: ["London", "New York"],
      vlans: ["VLAN 10 London", "VLAN 10 New York", "VLAN 20 London", "VLAN 20 New York"],
      prefixes: ["10.0.20.0/24 undefined"],
    });
    expect(outcome.codesOf("cluster/lab")).toEqual(["unscoped"]);
    const [note] = outcome.notes.filter(({ what }) => what === "prefix/10.0.20.0/24");
    expect(note).toMatchObject({ code: "unscoped", answer: { path: "/nodes/pve1/network" } });
    expect(note?.sentence).toContain("London, New York");
  });

  test("nodes out of scope count for the cluster's site, too", async () => {
    expect(sitesOf(await run({ ...TWO_SITES, nodes: "pve1" })).cluster).toBe(undefined);
    expect(sitesOf(await run({ ...TWO_SITES, nodes: "pve1" })).machines).toEqual(["London"]);
  });

  test("a node that the cluster does not list does not count for its site", async () => {
    const parts = { ...TWO_NODES, guests: [{ vmid: 101, node: "gone" }] };
    const outcome = await run({ NODE_SITE_MAP: "pve1:London,pve2:London" }, parts);
    expect(sitesOf(outcome)).toMatchObject({ cluster: "London", machines: ["London"] });
  });

  test("nodes that are not in it are in SITE_NAME", async () => {
    const outcome = await run({ NODE_SITE_MAP: "pve2:Cellar", SITE_NAME: "Yard" });
    expect(sitesOf(outcome).devices).toEqual(["Yard", "Cellar"]);
  });

  test("VMs are in their node's site even if the list of nodes could not be read", async () => {
    const denied = { status: 403 } as const;
    const unread = {
      ...TWO_NODES,
      clusterStatus: denied,
      more: { [PATHS.nodes]: { failed: "timeout" } as const },
    };
    const outcome = await run(TWO_SITES, unread);
    const { cluster, devices, machines, vlans } = sitesOf(outcome);
    expect([cluster, devices]).toEqual([undefined, []]);
    expect([machines, vlans]).toEqual([
      ["London", "New York"],
      ["VLAN 10 London", "VLAN 10 New York"],
    ]);
    const records = [...outcome.leftOut, ...outcome.notes].filter(({ what }) =>
      what === "node/pve1"
    );
    expect(records.map(({ sentence }) => sentence)).toEqual([
      expect.stringContaining("the list of the nodes was not read"),
      expect.stringContaining("the list of the nodes was not read"),
    ]);
  });

  test("the value that a manifest recorded is used", async () => {
    const recorded = { NODE_SITE_MAP: "pve2:Cellar", SITE_NAME: "Yard" };
    expect(sitesOf(await run({}, { ...TWO_NODES, recorded })).devices).toEqual(["Yard", "Cellar"]);
  });
});

describe("CLUSTER_SCOPE", () => {
  test("site puts the cluster, its VMs and their VLANs in SITE_NAME, and nodes in their own sites", async () => {
    const outcome = await run({ ...TWO_SITES, CLUSTER_SCOPE: "site", SITE_NAME: "Yard" });
    expect(sitesOf(outcome)).toMatchObject({
      cluster: "Yard",
      devices: ["London", "New York"],
      machines: ["Yard", "Yard"],
      vlans: ["VLAN 10 Yard", "VLAN 20 London", "VLAN 20 New York"],
    });
  });

  test("none leaves the cluster without a scope and puts VMs in their node's site, without a note", async () => {
    const outcome = await run({ CLUSTER_SCOPE: "none" });
    expect(sitesOf(outcome)).toMatchObject({
      cluster: undefined,
      machines: ["Proxmox", "Proxmox"],
    });
    expect(outcome.notes).toEqual([]);
  });

  test("site leaves devices out of a cluster in another site, which NetBox would reject", async () => {
    const settings = {
      ...TWO_SITES,
      CLUSTER_SCOPE: "site",
      SITE_NAME: "London",
      DEVICE_CLUSTER: "true",
    };
    const devices = (await run(settings)).of("device");
    expect(devices.map(({ name, cluster }) => [name, cluster?.name])).toEqual([
      ["pve1", "lab"],
      ["pve2", undefined],
    ]);
  });
});

describe("PREFIX_SCOPE=site", () => {
  test("makes one prefix per site, without a note", async () => {
    const outcome = await run({ ...TWO_SITES, PREFIX_SCOPE: "site" });
    expect(sitesOf(outcome).prefixes).toEqual(["10.0.20.0/24 London", "10.0.20.0/24 New York"]);
    expect(outcome.codesOf("prefix/10.0.20.0/24")).toEqual([]);
  });
});

test("the cluster is active, of type Proxmox, with the same scope as in stubs", async () => {
  const outcome = await run();
  const { tags: _tags, ...cluster } = only(outcome.of("cluster"));
  expect(cluster).toEqual({
    name: "lab",
    type: { name: "Proxmox" },
    status: "active",
    scope_site: { name: "Proxmox" },
  });
  expect(outcome.of("vm-interface")[0]?.virtual_machine).toEqual({
    name: "guest-101",
    cluster: { name: "lab", type: { name: "Proxmox" }, scope_site: { name: "Proxmox" } },
    site: { name: "Proxmox" },
  });
});

test("TENANT_NAME is set on all VMs and devices, including stubs, and on nothing else", async () => {
  const outcome = await run({ TENANT_NAME: "Ops" });
  const tenant = { name: "Ops" };
  for (const { step, entity } of outcome.all) {
    const { virtual_machine, device } = entity as unknown as Record<string, unknown>;
    const holder = step === "virtual-machine" || step === "device"
      ? entity
      : virtual_machine ?? device;
    if (holder !== undefined) expect(holder, step).toMatchObject({ tenant });
  }
  expect(only(outcome.of("cluster"))).not.toHaveProperty("tenant");
  expect(JSON.stringify((await run()).all)).not.toContain("tenant");
});

test("`nodes` selects nodes by their exact names", async () => {
  const outcome = await run({ nodes: "PVE1,pve2" });
  expect(outcome.of("device").map(({ name }) => name)).toEqual(["pve2"]);
  expect(outcome.of("virtual-machine").map(({ name }) => name)).toEqual(["guest-102"]);
  expect([outcome.reasonsOf("node/pve1"), outcome.reasonsOf("vm/101")])
    .toEqual([["out-of-scope"], ["out-of-scope"]]);
});

test.each(["SITE_NAME", "CLUSTER_NAME", "TENANT_NAME", "NODE_DEVICE_TYPE"] as const)(
  "%s may have at most 100 characters",
  async (setting) => {
    await expect(run({ [setting]: "s".repeat(101) })).rejects.toThrow(
      new RegExp(`^${setting} .* is "sss`),
    );
    await run({ [setting]: "s".repeat(100) });
  },
);

test("the cluster is named by CLUSTER_NAME, else by /cluster/status, else by the host", async () => {
  const nameOf = async (parts: Lab, settings = {}): Promise<string> =>
    only((await transformed(lab({ host: "192.0.2.10", ...parts }), settings)).of("cluster")).name;
  expect(await nameOf({ cluster: "lab" }, { CLUSTER_NAME: "mine" })).toBe("mine");
  expect(await nameOf({ cluster: "lab" })).toBe("lab");
  expect(await nameOf({ cluster: null })).toBe("192.0.2.10");
  expect(await nameOf({ clusterStatus: { status: 403 } })).toBe("192.0.2.10");
  expect(await nameOf({ clusterStatus: ok([{ type: "cluster", name: " " }]) })).toBe("192.0.2.10");
});
