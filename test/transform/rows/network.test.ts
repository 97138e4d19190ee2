/** Prefix and VLAN, from nodes and NICs. Each test covers one rule of the mapping. */
import { describe, expect, test } from "vitest";
import { type Outcome, transformed } from "../../helpers/in-memory.ts";
import { type Lab, lab } from "../../helpers/lab.ts";

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

describe("a prefix", () => {
  const network = (...cidrs: string[]): Lab => ({
    nodes: {
      pve1: {
        network: cidrs.map((cidr, i) => ({
          iface: `eno${i}`,
          [cidr.includes(":") ? "cidr6" : "cidr"]: cidr,
        })),
      },
    },
  });
  const prefixesOf = async (...cidrs: string[]): Promise<string[]> =>
    (await run({}, network(...cidrs))).of("prefix").map(({ prefix }) => prefix);

  test("is the network of node addresses, each sent once", async () => {
    expect(await prefixesOf("10.0.9.2/24", "10.0.10.9/23", "10.0.9.7/24", "2001:DB8:0:1::5/64"))
      .toEqual(["10.0.9.0/24", "10.0.10.0/23", "2001:db8:0:1::/64"]);
  });

  test("is made from an address of two nodes", async () => {
    const row = { iface: "vmbr1", cidr: "192.168.99.1/24" };
    const outcome = await run(TWO_SITES, {
      nodes: { pve1: { network: [row] }, pve2: { network: [row] } },
    });
    expect(outcome.of("prefix").map(({ prefix, scope_site }) => [prefix, scope_site])).toEqual([
      ["192.168.99.0/24", undefined],
    ]);
  });

  test.each(["10.0.0.5/32", "2001:db8::5/128"])(
    "is not made from the host route %s",
    async (cidr) => {
      const outcome = await run({}, network(cidr));
      expect(outcome.of("prefix")).toEqual([]);
      expect(outcome.reasonsOf(`node/pve1/eno0/prefix/${cidr}`)).toEqual(["host-route"]);
      expect(outcome.of("ip-address").map(({ address }) => address)).toEqual([cidr]);
    },
  );

  test("is made from an address that NetBox cannot assign", async () => {
    expect(await prefixesOf("10.0.0.0/24", "10.0.1.255/24")).toEqual([
      "10.0.0.0/24",
      "10.0.1.0/24",
    ]);
  });

  test("is not made from loopback, link-local or unspecified addresses, nor from guest addresses", async () => {
    expect(
      await prefixesOf("127.0.0.1/8", "169.254.1.1/16", "fe80::1/64", "0.0.0.0/8", "10.0.0.1/0"),
    )
      .toEqual([]);
    const guests = [{ vmid: 101, kind: "lxc", config: { net0: "name=a,ip=10.0.0.5/24" } } as const];
    expect((await run({}, { guests })).of("prefix")).toEqual([]);
  });
});

describe("a VLAN", () => {
  const vlansOf = async (rows: readonly unknown[], settings = {}): Promise<string[]> =>
    (await run(settings, { nodes: { pve1: { network: rows } } })).of("vlan").map(({ vid }) => vid);

  test.each([
    [{ iface: "mgmt", vlanid: 7, "vlan-id": "8" }, "7"],
    [{ iface: "vmbr0.20", "vlan-id": "8" }, "8"],
    [{ iface: "vmbr0.20" }, "20"],
    [{ iface: "eno1.100.200" }, "200"],
    [{ iface: "vlan30", "vlan-raw-device": "eno1" }, "30"],
    [{ iface: "storage", "vlan-raw-device": "eno1", "vlan-id": "31" }, "31"],
  ])("of a node's interface %j is %s, with or without an address", async (row, vid) => {
    expect(await vlansOf([{ type: "vlan", ...row }])).toEqual([vid]);
    expect(await vlansOf([{ type: "vlan", cidr: "10.0.0.2/24", ...row }])).toEqual([vid]);
  });

  test.each([
    { iface: "vlan30", type: "vlan" },
    { iface: "eno1.5000", type: "vlan" },
    { iface: "eno1.0", type: "vlan" },
    { iface: "mgmt", type: "vlan" },
  ])("is not made from %j, which is listed as unparsable", async (row) => {
    const outcome = await run({}, { nodes: { pve1: { network: [row] } } });
    expect(outcome.of("vlan")).toEqual([]);
    expect(outcome.reasonsOf(`node/pve1/${row.iface}/vlan`)).toEqual(["unparsable"]);
  });

  test("is not made from an interface of another type", async () => {
    expect(await vlansOf([{ iface: "vmbr0.20", type: "bridge", "vlan-id": "20" }])).toEqual([]);
  });

  test("is sent once per number and site, with only its name and site", async () => {
    const outcome = await run({ SITE_NAME: "Yard" });
    expect(outcome.of("vlan").map(({ tags: _tags, ...rest }) => rest)).toEqual([
      { vid: "10", name: "VLAN 10", site: { name: "Yard" } },
      { vid: "20", name: "VLAN 20", site: { name: "Yard" } },
    ]);
  });

  test("is not made from a guest or a node that is out of scope", async () => {
    const outcome = await run({ nodes: "pve3" }, {
      ...TWO_NODES,
      nodes: { ...TWO_NODES.nodes, pve3: {} },
    });
    expect(outcome.of("vlan")).toEqual([]);
    expect(outcome.of("prefix")).toEqual([]);
  });
});
