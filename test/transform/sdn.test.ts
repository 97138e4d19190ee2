/** What zones, VNets and subnets of SDN become, and the NICs on them. */
import { describe, expect, test } from "vitest";
import type { SettingTexts } from "../../src/transform/settings.ts";
import { inMemory, only, type Outcome, transformed } from "../helpers/in-memory.ts";
import { type Lab, lab, labSite } from "../helpers/lab.ts";
import { ruled } from "../helpers/ruled.ts";
import { FULL, on, sdnLab, type SdnParts, VNETS, ZONES } from "../helpers/sdn.ts";

async function made(parts: SdnParts & Lab, settings: SettingTexts = {}): Promise<Outcome> {
  return await transformed(lab(sdnLab(parts)), { ...FULL, ...settings });
}

const DENIED = { status: 403, error: "Permission check failed" };
const NIC = "vm/101/net0";

/** ["110 Office HQ"] */
function vlansOf(outcome: Outcome): string[] {
  return outcome.of("vlan").map(({ vid, name, site, group }) =>
    `${vid} ${name} ${site?.name ?? group?.name}`
  );
}

/** ["10.0.0.0/24 HQ in evpn, VLAN 110"] */
function prefixesOf(outcome: Outcome): string[] {
  return outcome.of("prefix").map(({ prefix, scope_site: site, vrf, vlan }) => {
    const within = vlan !== undefined && "vid" in vlan ? `, VLAN ${vlan.vid}` : "";
    return `${prefix} ${site?.name ?? "everywhere"} in ${vrf?.name ?? "global"}${within}`;
  });
}

describe("a NIC", () => {
  test.each([
    ["of a VLAN zone has the VNet's VLAN", "bridge=office", "110", "Office"],
    ["without a tag of a QinQ zone has the service VLAN", "bridge=carrier", "200", "VLAN 200"],
  ])("on a VNet %s", async (_, net, vid, name) => {
    const nic = only((await made({ guests: [on(net)] })).of("vm-interface"));
    expect(nic).toMatchObject({
      mode: "access",
      untagged_vlan: { vid, name, site: { name: "HQ" } },
    });
  });

  test.each([
    ["a VNet of a VLAN zone", "bridge=office"],
    ["a VNet of a QinQ zone", "bridge=cust"],
    ["a VNet of a VXLAN zone", "bridge=overlay"],
    ["a VNet of an EVPN zone", "bridge=web"],
  ])("with a tag on %s has no VLAN of the site, and a record", async (_, net) => {
    const outcome = await made({ guests: [on(`${net},tag=5`)] });
    expect(only(outcome.of("vm-interface"))).not.toHaveProperty("untagged_vlan");
    expect(outcome.reasonsOf(`${NIC}/tag`)).toEqual(["inside-network"]);
    expect(vlansOf(outcome)).not.toContain("5 VLAN 5 HQ");
  });

  test("with a trunk has the VNet's VLAN untagged, and a record of the trunk", async () => {
    const outcome = await made({ guests: [on("bridge=office,trunks=5;6")] });
    const nic = only(outcome.of("vm-interface"));
    expect(nic).toMatchObject({ mode: "access", untagged_vlan: { vid: "110" } });
    expect(nic).not.toHaveProperty("tagged_vlans");
    expect(outcome.reasonsOf(`${NIC}/trunks`)).toEqual(["inside-network"]);
  });

  test("with a tag on a VNet of a simple zone has that VLAN, as without SDN", async () => {
    const outcome = await made({ guests: [on("bridge=nat,tag=5")] });
    expect(only(outcome.of("vm-interface"))).toMatchObject({ untagged_vlan: { vid: "5" } });
  });

  test.each([
    ["overlay", { name: "overlay", type: "vxlan" }],
    ["web", { name: "web", type: "vxlan-evpn" }],
  ])("on the VNet %s is in its L2VPN", async (bridge, l2vpn) => {
    const outcome = await made({ guests: [on(`bridge=${bridge}`)] });
    expect(only(outcome.of("l2vpn-termination"))).toMatchObject({
      l2vpn,
      assigned_object_vm_interface: { name: "eth0", virtual_machine: { name: "guest-101" } },
    });
  });

  test("is as without SDN unless NETWORK_DEPTH is full", async () => {
    const outcome = await made({ guests: [on("bridge=office"), on("bridge=web", { vmid: 102 })] }, {
      NETWORK_DEPTH: "mapped",
    });
    expect(outcome.of("vlan")).toEqual([]);
    expect(outcome.of("l2vpn")).toEqual([]);
    expect(outcome.leftOut.filter(({ what }) => what.includes("sdn"))).toEqual([]);
  });
});

describe("with CLEAR_EMPTY, the VLAN of a NIC", () => {
  const settings = { CLEAR_EMPTY: "true" };
  const cleared = async (parts: SdnParts & Lab): Promise<unknown> =>
    only((await made(parts, settings)).of("vm-interface")).untagged_vlan;

  test("is cleared on a VNet of a VXLAN zone and of a simple one", async () => {
    expect(await cleared({ guests: [on("bridge=overlay")] })).toEqual({});
    expect(await cleared({ guests: [on("bridge=nat")] })).toEqual({});
  });

  test("stays where the VNets were not read, or its zone is unknown", async () => {
    const guests = [on("bridge=office")];
    expect(await cleared({ guests, vnets: DENIED })).toBeUndefined();
    expect(await cleared({ guests, zones: [] })).toBeUndefined();
    const bare = { guests, nodes: { pve1: {} }, host: "10.0.0.1" };
    const nics = (await transformed(lab(bare), { ...FULL, ...settings })).of("vm-interface");
    expect(only(nics).untagged_vlan).toBeUndefined();
  });
});

describe("a VLAN", () => {
  test("of a VNet that no NIC uses is an entity at each site of its zone", async () => {
    const outcome = await made({
      nodes: { pve1: {}, pve2: {}, pve3: {} },
      zones: [{ zone: "vlan", type: "vlan", nodes: "pve1,pve2" }],
      vnets: [{ vnet: "office", zone: "vlan", tag: 110 }],
    }, { NODE_SITE_MAP: "pve2:Lab,pve3:Yard" });
    expect(vlansOf(outcome)).toEqual(["110 office HQ", "110 office Lab"]);
  });

  test("is called as the VNet wherever it is named", async () => {
    const outcome = await made({
      guests: [on("bridge=vmbr0,tag=110"), on("bridge=office", { vmid: 102 })],
    });
    const names = outcome.of("vm-interface").map(({ untagged_vlan: vlan }) => vlan);
    expect(names).toMatchObject([{ name: "Office" }, { name: "Office" }]);
    expect(vlansOf(outcome)).toContain("110 Office HQ");
  });

  test.each([
    ["an alias that two VLANs would have", "Shared", ["110 a HQ", "120 b HQ"]],
    ["an alias such as that of another VLAN", "VLAN 120", ["110 a HQ", "120 b HQ"]],
    ["a long alias", "x".repeat(70), ["110 a HQ", "120 b HQ"]],
  ])("is not called by %s", async (_, alias, names) => {
    const outcome = await made({
      vnets: [
        { vnet: "a", zone: "vlan", tag: 110, alias },
        { vnet: "b", zone: "vlan", tag: 120, alias },
      ],
      zones: [{ zone: "vlan", type: "vlan" }],
    });
    expect(vlansOf(outcome)).toEqual(names);
  });

  test("is in the VLAN group of a rule, with the prefixes of the VNet", async () => {
    const outcome = await made({
      guests: [on("bridge=office")],
      subnets: { office: [{ subnet: "vlan-10.1.0.0-24", cidr: "10.1.0.0/24" }] },
    }, ruled("  - match: { vnet: office }\n    set: { vlan_group: DC1 }"));
    expect(vlansOf(outcome)).toEqual(["110 Office DC1", "200 VLAN 200 HQ"]);
    expect(only(outcome.of("prefix")).vlan).toMatchObject({ group: { name: "DC1" } });
  });
});

describe("two EVPN zones", () => {
  const zones = [{ zone: "red", type: "evpn" }, { zone: "blue", type: "evpn" }];
  const vnets = [{ vnet: "rr", zone: "red", tag: 1 }, { vnet: "bb", zone: "blue", tag: 2 }];
  const ip = "10.1.0.5/24";
  const guests = [on("bridge=rr", { ip }), on("bridge=bb", { vmid: 102, ip })];
  const subnet = (zone: string) => [{ subnet: `${zone}-10.1.0.0-24`, cidr: "10.1.0.0/24" }];

  test("may have the same addresses and prefixes", async () => {
    const outcome = await made({
      zones,
      vnets,
      guests,
      subnets: { rr: subnet("red"), bb: subnet("blue") },
    });
    expect(outcome.of("ip-address").map(({ address, vrf }) => [address, vrf?.name])).toEqual([
      [ip, "red"],
      [ip, "blue"],
    ]);
    expect(prefixesOf(outcome)).toEqual(["10.1.0.0/24 HQ in blue", "10.1.0.0/24 HQ in red"]);
    const primary = outcome.of("ip-address").map((each) =>
      each.assigned_object_vm_interface?.virtual_machine.primary_ip4
    );
    expect(primary[1]).toEqual({ address: ip, vrf: { name: "blue" } });
  });

  test("may have an address of one by cloud-init, while a guest of the other really has it", async () => {
    const net0 = "virtio=BC:24:11:00:03:01,bridge=bb";
    const intended = { vmid: 103, config: { net0, ipconfig0: `ip=${ip}` } };
    const settings = { CLOUD_INIT_ADDRESSES: "true" };
    const [first] = guests;
    const outcome = await made(
      { zones, vnets, guests: [...(first ? [first] : []), intended] },
      settings,
    );
    expect(outcome.of("ip-address").map(({ vrf }) => vrf?.name)).toEqual(["red", "blue"]);
    const both = await made({ zones, vnets, guests: [...guests, intended] }, settings);
    expect(both.reasonsOf(`vm/103/ipconfig0/${ip}`)).toEqual(["duplicate-address"]);
  });

  test("may be one VRF by a rule, in which an address is there once", async () => {
    const rules = ruled("  - match: { vnet: [rr, bb] }\n    set: { vrf: internal }");
    const outcome = await made({ zones, vnets, guests }, rules);
    expect(outcome.of("ip-address").map(({ vrf }) => vrf?.name)).toEqual(["internal"]);
    expect(outcome.reasonsOf(`vm/102/net0/${ip}`)).toEqual(["duplicate-address"]);
  });
});

describe("two clusters with SDN of the same names", () => {
  const of = (name: string) =>
    inMemory(
      labSite({
        ...sdnLab({ guests: [on("bridge=web", { ip: "10.1.0.5/24" })] }),
        cluster: name,
        host: `${name}.example`,
        nodes: { [`n${name}`]: {} },
      }),
      name,
    );

  test("have a VRF and an L2VPN each, the first with the plain name", async () => {
    const outcome = await transformed([of("b"), of("a")], FULL);
    expect(outcome.of("vrf").map(({ name }) => name)).toEqual(["evpn", "evpn (b)"]);
    const l2vpns = outcome.of("l2vpn").map(({ name }) => name);
    expect(l2vpns).toEqual(["overlay", "overlay (b)", "web", "web (b)"]);
    expect(outcome.codesOf("sdn-zone/evpn")).toEqual(["renamed"]);
    expect(outcome.codesOf("sdn-vnet/web")).toEqual(["renamed"]);
  });
});

describe("subnets", () => {
  const subnets = {
    office: [{
      "subnet": "vlan-10.1.0.0-24",
      "cidr": "10.1.0.0/24",
      "gateway": "10.1.0.1",
      "snat": 1,
      "dhcp-range": [{ "start-address": "10.1.0.50", "end-address": "10.1.0.99" }],
    }],
    web: [{ subnet: "evpn-10.2.0.0-24", cidr: "10.2.0.0/24" }],
    nat: [{ subnet: "simple-10.3.0.0-24", cidr: "10.3.0.0/24" }],
  };

  test("are prefixes in the VLAN and the VRF of their VNet", async () => {
    expect(prefixesOf(await made({ subnets }))).toEqual([
      "10.1.0.0/24 HQ in global, VLAN 110",
      "10.2.0.0/24 HQ in evpn",
      "10.3.0.0/24 HQ in global",
    ]);
  });

  test("have records of their gateway, of SNAT and of each DHCP range", async () => {
    const outcome = await made({ subnets });
    for (const part of ["gateway", "snat", "dhcp-range/0"]) {
      expect(outcome.reasonsOf(`sdn-subnet/vlan-10.1.0.0-24/${part}`), part).toEqual(["no-equal"]);
    }
  });

  test("at several sites are one prefix without a VLAN, or one per site with it", async () => {
    const parts = { subnets, nodes: { pve1: {}, pve2: {} } };
    const [one] = prefixesOf(await made(parts, { NODE_SITE_MAP: "pve2:Lab" }));
    expect(one).toBe("10.1.0.0/24 everywhere in global");
    const perSite = await made(parts, { NODE_SITE_MAP: "pve2:Lab", PREFIX_SCOPE: "site" });
    expect(prefixesOf(perSite).slice(0, 2)).toEqual([
      "10.1.0.0/24 HQ in global, VLAN 110",
      "10.1.0.0/24 Lab in global, VLAN 110",
    ]);
  });

  test("are one prefix with the network of a node's address, in the VLAN", async () => {
    const network = [{ iface: "vmbr1", type: "bridge", method: "static", cidr: "10.1.0.2/24" }];
    const outcome = await made({ subnets, nodes: { pve1: { network } } });
    expect(prefixesOf(outcome)[0]).toBe("10.1.0.0/24 HQ in global, VLAN 110");
  });
});

describe("records", () => {
  test("say why a zone, a VNet or a subnet becomes nothing", async () => {
    const outcome = await made({
      zones: [...ZONES, { zone: "flow", type: "faucet" }, { zone: "q", type: "qinq", tag: 5000 }],
      vnets: [
        ...VNETS,
        { vnet: "lost", zone: "gone", tag: 5 },
        { vnet: "fl", zone: "flow", tag: 5 },
        { vnet: "bare", zone: "vlan" },
      ],
      subnets: { lost: [{ subnet: "gone-10.9.0.0-24", cidr: "10.9.0.0/24" }], nat: DENIED },
    });
    const reasons = Object.fromEntries(
      outcome.leftOut.filter(({ what }) => /^(?:sdn-|cluster)/.test(what))
        .map(({ what, reason }) => [what, reason]),
    );
    expect(reasons).toEqual({
      "sdn-zone/vlan": "no-equal",
      "sdn-zone/vxlan": "no-equal",
      "sdn-zone/simple": "no-equal",
      "sdn-zone/flow": "unknown-zone",
      "sdn-zone/q": "unparsable",
      "sdn-zone/q/tag": "unparsable",
      "sdn-vnet/cust": "inside-network",
      "sdn-vnet/nat": "no-equal",
      "sdn-vnet/lost": "unknown-zone",
      "sdn-vnet/fl": "unknown-zone",
      "sdn-vnet/bare": "unparsable",
      "sdn-subnet/gone-10.9.0.0-24": "unknown-zone",
      "cluster/sdn/subnets/nat": "denied",
    });
  });

  test("of a listing that was not read have its reason, and so have VNets without zones", async () => {
    const outcome = await made({ zones: DENIED });
    expect(outcome.reasonsOf("cluster/sdn/zones")).toEqual(["denied"]);
    expect(outcome.reasonsOf("sdn-vnet/office")).toEqual(["denied"]);
    const bare = await transformed(lab({ nodes: { pve1: {} } }), FULL);
    expect(bare.reasonsOf("cluster/sdn")).toEqual(["failed"]);
  });

  test("are out-of-scope for a zone on none of the nodes", async () => {
    const zones = [{ zone: "vlan", type: "vlan", nodes: "pve2" }];
    const outcome = await made({ nodes: { pve1: {}, pve2: {} }, zones }, { nodes: "pve1" });
    expect(outcome.reasonsOf("sdn-zone/vlan")).toEqual(["out-of-scope"]);
    expect(outcome.reasonsOf("sdn-vnet/office")).toEqual(["out-of-scope"]);
    expect(outcome.of("vlan")).toEqual([]);
  });
});

describe("rules", () => {
  test.each([
    ["the VNet of a NIC", "{ vnet: office }", "bridge=office"],
    ["the VLAN of its VNet", "{ vlan: 110 }", "bridge=office"],
    ["the customer VLAN of its VNet", "{ vlan: 10 }", "bridge=cust"],
    ["the service VLAN of a VNet without a tag", "{ vlan: 200 }", "bridge=carrier"],
    ["the tag of the NIC before that of the VNet", "{ vlan: 5 }", "bridge=office,tag=5"],
  ])("match %s, whatever NETWORK_DEPTH is", async (_, match, net) => {
    const rules = ruled(`  - match: ${match}\n    set: { role: Client }`);
    for (const NETWORK_DEPTH of ["mapped", "full"]) {
      const guests = [on(net), on("bridge=vmbr0", { vmid: 102 })];
      const outcome = await made({ guests }, { ...rules, NETWORK_DEPTH });
      expect(outcome.of("virtual-machine").map(({ role }) => role?.name)).toEqual([
        "Client",
        undefined,
      ]);
    }
  });

  test("know the host name that a guest agent says", async () => {
    const rules = ruled('  - match: { vmid: 100-199 }\n    set: { description: "is {hostname}" }');
    const path = "/nodes/pve1/qemu/101/agent/get-host-name";
    const answer = { status: 200, data: { result: { "host-name": "web.example.net" } } };
    const guests = [{ vmid: 101, config: { agent: "1" } }, { vmid: 102, config: { agent: "1" } }];
    const outcome = await made({ guests, nodes: { pve1: { more: { [path]: answer } } } }, rules);
    expect(outcome.of("virtual-machine").map(({ description }) => description)).toEqual([
      "is web.example.net",
      undefined,
    ]);
  });
});
