/** The data behind the diagrams of a report. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { guestKey, readTopology } from "../../../src/look/report/topology.ts";
import { poolUses } from "../../../src/look/report/chapters/storage.ts";
import { prefixUses } from "../../../src/look/report/chapters/addresses.ts";
import { tallyAnswers } from "../../../src/look/report/chapters/captured.ts";
import { anyText } from "../../helpers/arbitraries.ts";
import { lab } from "../../helpers/lab.ts";
import { on, sdnLab, VNETS, ZONES } from "../../helpers/sdn.ts";

const held = (address: string) => ({ address, holder: "web", interface: "net0" });

describe("use of prefixes", () => {
  test("counts an address once, in the smallest network that contains it", () => {
    const addresses = ["10.0.0.5/24", "10.0.0.5/16", "10.0.1.1/16", "10.0.0.9/32"].map(held);
    expect(prefixUses(addresses, ["10.0.0.0/24", "10.9.0.0/24"])).toMatchObject([
      { prefix: "10.0.0.0/16", isMapped: false, used: 1, room: 65_534 },
      { prefix: "10.0.0.0/24", isMapped: true, used: 2, room: 254 },
      { prefix: "10.9.0.0/24", isMapped: true, used: 0, room: 254 },
    ]);
  });

  test("has bars whose parts show the share in use", () => {
    const [small] = prefixUses([held("10.0.0.0/30"), held("10.0.0.2/30")], []);
    expect(small?.parts).toEqual([1, 0, 1, 0]);
    const [large] = prefixUses([held("10.0.0.1/16"), held("10.0.255.255/16")], []);
    expect(large?.parts.length).toBe(256);
    expect([large?.parts[0], large?.parts[255]]).toEqual([1 / 256, 1 / 256]);
  });

  test("has no size for IPv6 networks, and no network for single hosts", () => {
    const addresses = ["2001:db8::1/64", "2001:DB8:0::2/64", "192.0.2.1/32", "x", "10.0.0.1/99"];
    expect(prefixUses(addresses.map(held), [])).toEqual([
      { prefix: "2001:db8::/64", isMapped: false, used: 2, room: undefined, parts: [] },
      { prefix: undefined, isMapped: false, used: 2, room: undefined, parts: [] },
    ]);
  });

  test("counts each address in exactly one network", () => {
    const address = fc.oneof(
      anyText(),
      fc.tuple(fc.ipV4(), fc.nat({ max: 33 })).map(([host, length]) => `${host}/${length}`),
      fc.tuple(fc.ipV6(), fc.nat({ max: 129 })).map(([host, length]) => `${host}/${length}`),
    );
    fc.assert(fc.property(fc.array(address), fc.array(address), (addresses, prefixes) => {
      for (const { used, parts, room } of prefixUses(addresses.map(held), prefixes)) {
        expect(used).toBeGreaterThanOrEqual(0);
        expect(parts.every((part) => part >= 0 && part <= 1 + 1e-9)).toBe(true);
        expect(room ?? 0).toBeGreaterThanOrEqual(-1);
      }
    }));
  });
});

test("pools and their guests are sorted by size", () => {
  const disk = (guest: string, pool: string | undefined, mib: number) => ({
    guest,
    pool,
    mib,
  });
  const disks = [
    disk("a", "ceph", 1),
    disk("b", "ceph", 5),
    disk("a", "ceph", 2),
    disk("c", undefined, 9),
  ];
  expect(poolUses(disks)).toEqual([
    { pool: "(no pool)", mib: 9, disks: 1, guests: [{ guest: "c", mib: 9 }] },
    { pool: "ceph", mib: 8, disks: 3, guests: [{ guest: "b", mib: 5 }, { guest: "a", mib: 3 }] },
  ]);
});

describe("the topology", () => {
  const snapshot = lab({
    nodes: {
      pve1: {
        network: [
          { iface: "eno1", type: "eth", active: 1 },
          { iface: "bond0", type: "bond", slaves: "eno1 eno2", bond_mode: "802.3ad", active: 1 },
          {
            iface: "vmbr0",
            type: "bridge",
            bridge_ports: "bond0",
            bridge_vlan_aware: 1,
            cidr: "10.0.0.1/24",
          },
          { iface: "vmbr0.20", type: "vlan", "vlan-raw-device": "vmbr0", "vlan-id": "20" },
          { iface: "vmbr1", type: "OVSBridge", ovs_ports: "bond1", mtu: "9000" },
        ],
      },
      pve2: { network: { status: 595, error: "No route to host" } },
    },
    guests: [
      {
        vmid: 101,
        node: "pve1",
        config: {
          net0: "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=20",
          net1: "virtio=BC:24:11:00:00:02,bridge=vmbr0",
          net2: "virtio=BC:24:11:00:00:03,bridge=vmbr0,trunks=2;3",
          net3: "virtio=BC:24:11:00:00:04",
        },
      },
      { vmid: 102, node: "pve2", config: { skipped: "unreachable" } },
    ],
  });

  test("has the lower interfaces of each interface", async () => {
    const { nodes: [pve1] } = await readTopology(snapshot);
    const ports = pve1 !== undefined && "value" in pve1.ports ? pve1.ports.value : [];
    expect(ports.map(({ name, type, over, facts }) => [name, type, over, facts])).toEqual([
      ["eno1", "other", [], []],
      ["bond0", "lag", ["eno1", "eno2"], ["802.3ad"]],
      ["vmbr0", "bridge", ["bond0"], ["VLAN aware"]],
      ["vmbr0.20", "virtual", ["vmbr0"], []],
      ["vmbr1", "bridge", ["bond1"], ["MTU 9000"]],
    ]);
  });

  test("has the networks of each guest, but none for NICs without a bridge", async () => {
    const { networks, ofGuest, nodes } = await readTopology(snapshot);
    expect(ofGuest.get(guestKey({ kind: "qemu", vmid: 101 }))).toEqual([
      "VLAN 20",
      "vmbr0",
      "vmbr0 trunk",
    ]);
    expect(networks).toEqual(["VLAN 20", "vmbr0", "vmbr0 trunk"]);
    expect(nodes[0]?.nics.map(({ network }) => network)).toContain(undefined);
  });

  test("has the reason for an unread node, and the guests with unknown NICs", async () => {
    const { nodes: [, pve2] } = await readTopology(snapshot);
    expect(pve2).toMatchObject({ ports: { reason: "unreachable" }, unread: [{ vmid: 102 }] });
  });
});

describe("the topology of SDN", () => {
  const parts = sdnLab({
    zones: [...ZONES, { zone: "bare", type: "vlan" }],
    vnets: [...VNETS, { vnet: "lost", zone: "gone" }],
    subnets: { office: [{ subnet: "vlan-10.1.0.0-24", cidr: "10.1.0.0/24" }] },
    guests: [
      on("bridge=office"),
      on("bridge=office,tag=5,trunks=7;10-12", { vmid: 102 }),
      on("bridge=web", { vmid: 103 }),
      on("bridge=lost", { vmid: 104 }),
    ],
  });

  test("has every zone and VNet, with its tag, its subnets and the guests on it", async () => {
    const { sdn } = await readTopology(lab(parts));
    const shown = sdn.map(({ zone, type, vnet, tag, subnets, guests }) =>
      [zone, type ?? "?", vnet ?? "none", tag, ...subnets, guests].join(" ")
    );
    expect(shown).toEqual([
      "bare vlan none  0",
      "evpn evpn web VNI 50010 1",
      "gone ? lost  1",
      "qinq qinq carrier VLAN 200 0",
      "qinq qinq cust VLAN 10 in 200 0",
      "simple simple nat  0",
      "vlan vlan office VLAN 110 10.1.0.0/24 2",
      "vxlan vxlan overlay VNI 30010 0",
    ]);
  });

  test("draws the VNets of a node above the bridges of their zones", async () => {
    const { nodes: [pve1] } = await readTopology(lab(parts));
    expect(pve1?.vnets.map(({ name, facts, over }) => [name, facts, over])).toEqual([
      ["office", ["VLAN 110", "vlan zone vlan"], ["vmbr0"]],
      ["web", ["VNI 50010", "evpn zone evpn"], []],
      ["lost", ["zone gone not listed"], []],
    ]);
    expect(pve1?.nics.map(({ title, network }) => [title, network])).toEqual([
      ["untagged", "VLAN 110"],
      ["VLAN 5, trunk 7, 10-12", "VLAN 110"],
      ["untagged", "web"],
      ["untagged", "lost"],
    ]);
  });
});

test("an answer that was not requested does not count as missing", async () => {
  const snapshot = lab({
    guests: [
      { vmid: 101, config: { agent: "1" }, osinfo: { status: 403, error: "denied" } },
      { vmid: 102, config: {}, osinfo: { skipped: "agent-off" } },
      { vmid: 103, config: {}, osinfo: { status: 500, error: "QEMU guest agent is not running" } },
    ],
  });
  const tallies = await tallyAnswers(snapshot);
  expect(tallies.find(({ title }) => title.startsWith("Operating systems"))).toMatchObject({
    answered: 0,
    "not-due": 2,
    missing: 1,
  });
});
