/** Interface: the interfaces of a node. Each test covers one rule of the mapping. */
import { describe, expect, test } from "vitest";
import type { Interface } from "../../../src/netbox/types/interface.ts";
import { only, transformed } from "../../helpers/in-memory.ts";
import { type Lab, lab, nodeWith } from "../../helpers/lab.ts";

type Row = Readonly<Record<string, unknown>>;

/** The interface made from the row, with defaults that include an address. */
async function interfaceOf(row: Row, settings = {}): Promise<Interface> {
  const full = { iface: "eno1", type: "eth", cidr: "10.0.0.2/24", ...row };
  return only((await nodeWith([full], settings)).of("interface"));
}

describe("a node's interface", () => {
  test("may have a name that differs from another's only in case, as in Linux and NetBox", async () => {
    const rows = [
      { iface: "uplink", type: "eth", cidr: "10.0.0.2/24" },
      { iface: "UPLINK", type: "eth", cidr: "10.0.1.2/24" },
    ];
    const names = (await nodeWith(rows)).of("interface").map(({ name }) => name);
    expect(names.sort()).toEqual(["UPLINK", "uplink"]);
  });

  test.each([
    ["bridge", "bridge"],
    ["bond", "lag"],
    ["vlan", "virtual"],
    ["alias", "virtual"],
    ["OVSBridge", "bridge"],
    ["OVSBond", "lag"],
    ["OVSPort", "virtual"],
    ["OVSIntPort", "virtual"],
    ["eth", "other"],
    ["unknown", "other"],
    [undefined, "other"],
  ])("type %s becomes %s", async (type, expected) => {
    expect((await interfaceOf({ type })).type).toBe(expected);
  });

  test.each([["1500", "1500"], [9000, "9000"], ["", undefined], [0, undefined], [
    "auto",
    undefined,
  ]])(
    "mtu=%j becomes %s",
    async (mtu, expected) => {
      expect((await interfaceOf({ mtu })).mtu).toBe(expected);
    },
  );

  test.each([[1000, "1000000"], ["25000", "25000000"], [-1, undefined], [0, undefined]])(
    "speed %j Mbps becomes %s kbps",
    async (speed, expected) => {
      expect((await interfaceOf({ speed })).speed).toBe(expected);
    },
  );

  test.each([[1, true], ["1", true], [0, false], [undefined, false], [null, false]])(
    "active=%j becomes enabled=%s",
    async (active, expected) => {
      expect((await interfaceOf({ active })).enabled).toBe(expected);
    },
  );

  test("is left out if it is lo, has a loopback address or has no address", async () => {
    const outcome = await nodeWith([
      { iface: "lo", type: "loopback", cidr: "127.0.0.1/8" },
      { iface: "lo:1", type: "alias", cidr: "127.0.0.2/8" },
      { iface: "eno1", type: "eth" },
      { iface: "eno2", type: "eth", cidr: "10.0.0.300/24" },
      { iface: "eno3", type: "eth", method: "dhcp" },
    ]);
    expect(outcome.of("interface")).toEqual([]);
    for (const lo of ["lo", "lo:1"]) {
      expect(outcome.reasonsOf(`node/pve1/${lo}`)).toEqual(["loopback"]);
    }
    for (const eno of ["eno1", "eno2", "eno3"]) {
      expect(outcome.reasonsOf(`node/pve1/${eno}`)).toEqual(["no-address"]);
    }
  });

  test("with ::1 and another address is sent, without ::1", async () => {
    const row = { iface: "vmbr0", type: "bridge", cidr: "10.0.0.2/24", cidr6: "::1/128" };
    const outcome = await nodeWith([row]);
    expect(outcome.of("interface").map(({ name }) => name)).toEqual(["vmbr0"]);
    expect(outcome.of("ip-address").map(({ address }) => address)).toEqual(["10.0.0.2/24"]);
    expect(outcome.of("prefix").map(({ prefix }) => prefix)).toEqual(["10.0.0.0/24"]);
    expect(outcome.reasonsOf("node/pve1/vmbr0/::1/128")).toEqual(["loopback"]);
  });

  test("has no parent, bridge or LAG without ALL_INTERFACES", async () => {
    const { parent, bridge, lag } = await interfaceOf({
      iface: "eno1.20",
      type: "vlan",
      ovs_bridge: "x",
    });
    expect([parent, bridge, lag]).toEqual([undefined, undefined, undefined]);
  });

  test("with a name longer than 64 characters is cut and noted", async () => {
    const iface = "i".repeat(80);
    const outcome = await nodeWith([{ iface, cidr: "10.0.0.2/24" }]);
    expect(only(outcome.of("interface")).name).toHaveLength(64);
    expect(outcome.codesOf(`node/pve1/${iface}`)).toEqual(["cut"]);
  });
});

const ON = { ALL_INTERFACES: "true" };

describe("with ALL_INTERFACES", () => {
  const ROWS: readonly Row[] = [
    { iface: "lo", type: "loopback", cidr: "127.0.0.1/8" },
    { iface: "eno1", type: "eth" },
    { iface: "eno2", type: "eth" },
    { iface: "bond0", type: "bond", slaves: "eno1 eno2" },
    { iface: "vmbr0", type: "bridge", bridge_ports: "bond0" },
    { iface: "vmbr0.20", type: "vlan", "vlan-raw-device": "vmbr0", "vlan-id": "20" },
    { iface: "eno3.100.200", type: "vlan" },
    { iface: "eno3.100", type: "vlan" },
    { iface: "eno1:1", type: "alias", cidr: "10.0.0.3/24" },
    { iface: "vmbr1", type: "bridge", bridge_ports: "none" },
    { iface: "vmbr2", type: "OVSBridge", ovs_ports: "bond2 mgmt" },
    { iface: "bond2", type: "OVSBond", ovs_bonds: "eno4 eno5", ovs_bridge: "vmbr2" },
    { iface: "eno4", type: "eth" },
    { iface: "mgmt", type: "OVSIntPort", ovs_bridge: "vmbr2" },
    { iface: "vmbr3", type: "OVSBridge", ovs_ports: "eno6 mgmt" },
    { iface: "eno6", type: "OVSPort" },
    { iface: "vmbr5", exists: 0 },
    { iface: "vmbr5.10", type: "vlan", "vlan-raw-device": "vmbr5", "vlan-id": "10", exists: 0 },
    { iface: "vmbr6", type: "bridge", bridge_ports: "vmbr5", exists: 0 },
    // NetBox rejects virtual interfaces in a LAG, and a parent on all other types.
    { iface: "bond9", type: "bond", slaves: "vmbr0.20 eno9" },
    { iface: "vmbr0.9", type: "bridge", "vlan-raw-device": "vmbr0" },
  ];

  test("all interfaces except loopback and missing devices are sent with LAG, bridge and parent", async () => {
    const outcome = await nodeWith(ROWS, ON);
    const links = outcome.of("interface").map(({ name, lag, bridge, parent }) => [
      name,
      lag?.name,
      bridge?.name,
      parent?.name,
    ]);
    const none = undefined;
    expect(Object.fromEntries(links.map(([name, ...rest]) => [name, rest]))).toEqual({
      "bond0": [none, "vmbr0", none],
      "bond2": [none, "vmbr2", none],
      "bond9": [none, none, none],
      "eno1": ["bond0", none, none],
      "eno1:1": [none, none, "eno1"],
      "eno2": ["bond0", none, none],
      "eno3.100": [none, none, none],
      "eno3.100.200": [none, none, "eno3.100"],
      "eno4": ["bond2", none, none],
      "eno6": [none, "vmbr3", none],
      "mgmt": [none, "vmbr2", none],
      "vmbr0": [none, none, none],
      "vmbr0.9": [none, none, none],
      "vmbr0.20": [none, none, "vmbr0"],
      "vmbr1": [none, none, none],
      "vmbr2": [none, none, none],
      "vmbr3": [none, none, none],
      "vmbr5.10": [none, none, none],
      "vmbr6": [none, none, none],
    });
    expect(outcome.leftOut.map(({ reason }) => reason).filter((code) => code === "no-address"))
      .toEqual([]);
  });

  test("LAG, bridge and parent refer only to interfaces that are sent, never to loopback", async () => {
    const alias = { iface: "lo:1", type: "alias", cidr: "10.255.0.1/32" };
    const ports = (await nodeWith([...ROWS, alias], ON)).of("interface");
    const sent = new Set(ports.map(({ name }) => name));
    const linked = ports.flatMap(({ lag, bridge, parent }) => [lag, bridge, parent])
      .flatMap((stub) => stub?.name ?? []);
    expect(linked.filter((name) => !sent.has(name))).toEqual([]);
    expect(ports.find(({ name }) => name === "eno1")?.lag)
      .toEqual({ device: ports[0]?.device, name: "bond0", type: "lag" });
  });
});

test("an interface with only a link-local address is sent; only the address is left out", async () => {
  const outcome = await nodeWith([{ iface: "idrac", type: "eth", cidr: "169.254.1.2/16" }]);
  expect(outcome.of("interface").map(({ name }) => name)).toEqual(["idrac"]);
  expect(outcome.of("ip-address")).toEqual([]);
  expect(outcome.reasonsOf("node/pve1/idrac/169.254.1.2/16")).toEqual(["link-local"]);
});

describe("a row that Proxmox VE adds for a missing device", () => {
  const rows = [
    { iface: "vmbr5", exists: 0 },
    { iface: "vmbr5.10", type: "vlan", "vlan-raw-device": "vmbr5", cidr: "192.0.2.5/24" },
    { iface: "bond7", type: "bond", slaves: "vmbr5 eno1", exists: "0" },
  ];

  test("is left out as missing-device, and no interface refers to it", async () => {
    const outcome = await nodeWith(rows, ON);
    expect(outcome.of("interface").map(({ name }) => name)).toEqual(["bond7", "vmbr5.10"]);
    expect(outcome.reasonsOf("node/pve1/vmbr5")).toEqual(["missing-device"]);
    expect(JSON.stringify(outcome.all)).not.toContain('"vmbr5"');
  });

  test("is left out as no-address without ALL_INTERFACES", async () => {
    expect((await nodeWith(rows)).reasonsOf("node/pve1/vmbr5")).toEqual(["no-address"]);
  });

  test.each([{ exists: 1 }, { exists: null }, { type: "eth", exists: 0 }, {
    exists: 0,
    cidr: "192.0.2.6/24",
  }])("has neither a type nor an address nor exists=1, unlike %j", async (row) => {
    const outcome = await nodeWith([{ iface: "eno1", ...row }], ON);
    expect(outcome.of("interface")).toHaveLength(1);
  });
});

describe("the MAC address of an interface", () => {
  const MAC = "0C:42:A1:7F:1A:30";
  const CONFIGURED_MAC = "A0:42:3F:01:02:03";
  const nic = { iface: "nic0", type: "eth", altnames: ["enp1s0", "enx0c42a17f1a30"] };

  async function macsOf(parts: Lab, settings = {}) {
    const outcome = await transformed(lab(parts), { ...ON, ...settings });
    const macs = outcome.of("interface").map((sent) => [
      `${sent.device.name}/${sent.name}`,
      sent.primary_mac_address?.mac_address,
    ]);
    return { ...outcome, macs: Object.fromEntries(macs) as Record<string, string | undefined> };
  }

  test("is sent only with ALL_INTERFACES, and never in a stub", async () => {
    const slave = { ...nic, cidr: "10.0.0.2/24" };
    const bond = {
      iface: "bond0",
      type: "bond",
      slaves: "nic0",
      options: [`hwaddress ${CONFIGURED_MAC}`],
    };
    const sent = await nodeWith([slave, bond], ON);
    expect(sent.of("interface").map(({ primary_mac_address: mac }) => mac))
      .toEqual([{ mac_address: CONFIGURED_MAC }, { mac_address: MAC }]);
    expect(JSON.stringify(sent.all).match(/mac_address":"/g)).toHaveLength(2);
    expect(JSON.stringify((await nodeWith([slave, bond])).all)).not.toContain("mac_address");
  });

  test("is left out on all interfaces of a node that share it", async () => {
    const options = [`hwaddress ether ${MAC.toLowerCase()}`];
    const network = [
      nic,
      { iface: "bond0", type: "bond", slaves: "nic0", options },
      { iface: "bond0.7", type: "vlan", options: [`hwaddress ${CONFIGURED_MAC}`] },
    ];
    const { macs, leftOut } = await macsOf({ nodes: { pve1: { network } } });
    expect(macs).toEqual({
      "pve1/bond0": undefined,
      "pve1/bond0.7": CONFIGURED_MAC,
      "pve1/nic0": undefined,
    });
    expect(
      leftOut.filter(({ reason }) => reason === "duplicate-mac").map(({ what, sentence }) => [
        what,
        sentence.split(": ", 2)[1],
      ]),
    ).toEqual([
      ["node/pve1/bond0/mac", `${MAC} of node/pve1/nic0`],
      ["node/pve1/nic0/mac", `${MAC} of node/pve1/bond0`],
    ]);
  });

  test("is left out if another node has it, in scope or not", async () => {
    const nodes = { pve1: { network: [nic] }, pve2: { network: [{ ...nic, iface: "nic9" }] } };
    expect((await macsOf({ nodes })).macs)
      .toEqual({ "pve1/nic0": undefined, "pve2/nic9": undefined });
    const scoped = await macsOf({ nodes }, { nodes: "pve1" });
    expect(scoped.macs).toEqual({ "pve1/nic0": undefined });
    expect(scoped.reasonsOf("node/pve1/nic0/mac")).toEqual(["duplicate-mac"]);
  });

  test.each(
    [
      { kind: "qemu", config: { net0: `virtio=${MAC.toLowerCase()},bridge=vmbr0` } },
      { kind: "lxc", config: { net0: `name=eth0,hwaddr=${MAC}` } },
      { kind: "qemu", config: { net0: `virtio=${MAC}` }, row: { template: 1 } },
    ] as const,
  )("is left out if a guest's NIC has it: %j", async (guest) => {
    const nodes = { pve1: { network: [nic] }, pve2: {} };
    const found = await macsOf({ nodes, guests: [{ vmid: 101, node: "pve2", ...guest }] });
    expect(found.macs).toEqual({ "pve1/nic0": undefined });
    expect(found.leftOut.find(({ what }) => what === "node/pve1/nic0/mac")?.sentence)
      .toContain("vm/101/net0");
  });

  test.each([
    ["00:00:00:00:00:00", "zero-mac"],
    ["01:00:5e:00:00:01", "multicast-mac"],
    ["random", "unparsable"],
  ])("hwaddress %s is listed as %s on every interface that has it", async (written, reason) => {
    const options = [`hwaddress ${written}`];
    const network = [{ iface: "eno1", options }, { iface: "eno2", options }];
    const { macs, ...outcome } = await macsOf({ nodes: { pve1: { network } } });
    expect(macs).toEqual({ "pve1/eno1": undefined, "pve1/eno2": undefined });
    for (const name of ["eno1", "eno2"]) {
      expect(outcome.reasonsOf(`node/pve1/${name}/mac`)).toEqual([reason]);
    }
  });
});
