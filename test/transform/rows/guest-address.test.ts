/** Addresses of QEMU guests, and which object keeps an address that appears twice. */
import { describe, expect, test } from "vitest";
import { type Outcome, transformed } from "../../helpers/in-memory.ts";
import { agentRow, guest101, lab } from "../../helpers/lab.ts";
import { primaryOf } from "../../helpers/primary-addresses.ts";

const MACS = ["BC:24:11:00:00:01", "BC:24:11:00:00:02"] as const;
const NICS = { agent: "1", net0: `virtio=${MACS[0]}`, net1: `e1000=${MACS[1]}` };

function addressesOf(outcome: Outcome): string[] {
  return outcome.of("ip-address").map(({ address }) => address);
}

/** An outcome with one address on net0, as the guest agent reports it. */
function onNic(text: string, more = {}) {
  return guest101({ config: NICS, interfaces: [agentRow(MACS[0].toLowerCase(), [text], more)] });
}

describe("a QEMU guest's address", () => {
  test("is assigned to the NIC with the same MAC address, whatever its case and the name in the guest", async () => {
    const outcome = await guest101({
      config: NICS,
      interfaces: [
        agentRow(MACS[1].toLowerCase(), ["10.0.0.7/24"], { name: "Ethernet 2" }),
        agentRow(MACS[0], ["10.0.0.5/24", "2001:DB8::5/64"], { name: "enp6s18" }),
      ],
    });
    const assigned = outcome.of("ip-address").map((
      { address, assigned_object_vm_interface: nic },
    ) => [
      address,
      nic?.name,
      nic?.virtual_machine.name,
    ]);
    expect(assigned).toEqual([
      ["10.0.0.5/24", "net0", "guest-101"],
      ["2001:db8::5/64", "net0", "guest-101"],
      ["10.0.0.7/24", "net1", "guest-101"],
    ]);
  });

  test.each([
    ["loopback", "127.0.0.1/8", {}],
    ["loopback", "10.0.0.5/24", { name: "lo" }],
    ["docker-bridge", "172.17.0.1/16", { name: "docker0" }],
    ["link-local", "fe80::3a11:1%6/64", {}],
    ["link-local", "169.254.3.3/16", {}],
    ["bad-prefix", "10.0.0.5/-1", {}],
    ["bad-prefix", "10.0.0.5", {}],
    ["not-assignable", "10.0.0.0/24", {}],
    ["not-assignable", "224.0.0.251/24", {}],
    ["not-assignable", "255.255.255.255/32", {}],
    ["not-assignable", "ff02::fb/64", {}],
    ["unparsable", "here/24", {}],
  ])("is left out as %s: %s %j", async (reason, text, more) => {
    const outcome = await onNic(text, more);
    expect(addressesOf(outcome)).toEqual([]);
    expect(outcome.reasonsOf(`vm/101/net0/${text}`)).toEqual([reason]);
  });

  test.each([
    ["vm/101/agent/?/?", "a row"],
    ["vm/101/agent/?/?", null],
    ["vm/101/agent/eth0/?", { name: "eth0", "ip-addresses": "10.0.0.5" }],
    ["vm/101/agent/eth0/?", { name: "eth0", "ip-addresses": [7] }],
    ["vm/101/agent/eth0/?/24", { name: "eth0", "ip-addresses": [{ prefix: 24 }] }],
  ])("that cannot be parsed is left out as %s: %j", async (what, row) => {
    const outcome = await guest101({ config: NICS, interfaces: [row] });
    expect(addressesOf(outcome)).toEqual([]);
    expect(outcome.reasonsOf(what)).toEqual(["unparsable"]);
  });

  test.each([[undefined], [null], [[]]])(
    "is not sent and not listed when the agent's ip-addresses are %j",
    async (addresses) => {
      const row = { name: "eth0", "ip-addresses": addresses };
      const outcome = await guest101({ config: NICS, interfaces: [row] });
      expect(outcome.leftOut.filter(({ what }) => what.includes("/agent/eth0"))).toEqual([]);
    },
  );

  test.each([["00:00:00:00:00:00"], ["52:54:00:99:99:99"], ["sit0"], [null]])(
    "with the MAC address %s, which no NIC has, is left out as mac-unknown",
    async (mac) => {
      const outcome = await guest101({
        config: NICS,
        interfaces: [agentRow(mac, ["10.0.0.5/24"])],
      });
      expect(addressesOf(outcome)).toEqual([]);
      expect(outcome.reasonsOf("vm/101/agent/eth0/10.0.0.5/24")).toEqual(["mac-unknown"]);
    },
  );

  test("with a MAC address of two NICs is assigned to the first one", async () => {
    const config = { net2: `virtio=${MACS[0]}`, net1: `virtio=${MACS[0].toLowerCase()}` };
    const outcome = await guest101({ config, interfaces: [agentRow(MACS[0], ["10.0.0.5/24"])] });
    expect(outcome.of("ip-address").map((ip) => ip.assigned_object_vm_interface?.name))
      .toEqual(["net1"]);
  });

  test("is sent without its zone, and its prefix length may be a string", async () => {
    const entry = { "ip-address": "2001:db8::5%eth0", prefix: "64" };
    const outcome = await onNic("10.0.0.5/24", { "ip-addresses": [entry] });
    expect(addressesOf(outcome)).toEqual(["2001:db8::5/64"]);
  });

  test.each([undefined, null, {}, []])(
    "is not sent when ip-addresses is %j",
    async (entries) => {
      expect(addressesOf(await onNic("10.0.0.5/24", { "ip-addresses": entries }))).toEqual([]);
    },
  );

  test("that one row lists twice is sent once and listed once as a duplicate", async () => {
    const interfaces = [agentRow(MACS[0], ["10.0.0.5/24", "10.0.0.5/24"])];
    const outcome = await guest101({ config: NICS, interfaces });
    expect(addressesOf(outcome)).toEqual(["10.0.0.5/24"]);
    expect(outcome.reasonsOf("vm/101/net0/10.0.0.5/24")).toEqual(["duplicate-address"]);
  });
});

describe("a guest's primary address", () => {
  test("is the first of its family, in the order of NICs and then of the agent's answer", async () => {
    const outcome = await guest101({
      config: { ...NICS, net10: "virtio=BC:24:11:00:00:0A", net2: "virtio=BC:24:11:00:00:0B" },
      interfaces: [
        agentRow("bc:24:11:00:00:0a", ["10.0.10.5/24", "2001:db8::a/64"]),
        agentRow("bc:24:11:00:00:0b", ["10.0.2.9/24", "10.0.2.5/24"]),
        agentRow(null, ["10.0.3.5/24"]),
      ],
    });
    expect(primaryOf(outcome, "guest-101")).toEqual(["10.0.2.9/24", "2001:db8::a/64"]);
    expect(outcome.vm).not.toHaveProperty("primary_ip4");
  });

  test("is cleared with CLEAR_EMPTY only if the agent answers", async () => {
    const settings = { CLEAR_EMPTY: "true" };
    const silent = await guest101({ config: NICS, interfaces: { status: 500 } }, settings);
    expect(silent.vm).not.toHaveProperty("primary_ip4");
    const empty = await guest101({ config: NICS, interfaces: [] }, settings);
    expect([empty.vm.primary_ip4, empty.vm.primary_ip6]).toEqual([{}, {}]);
    expect((await guest101({ config: NICS, interfaces: [] })).vm).not.toHaveProperty("primary_ip4");
  });

  const GOOD = [agentRow(MACS[0], ["10.0.0.5/24"])];

  test.each([
    ["a NIC", { config: { agent: "1", net0: "bridge vmbr0" }, interfaces: GOOD }],
    ["a MAC", { config: { agent: "1", net0: "virtio=BC:24:11:00:00:0G" }, interfaces: GOOD }],
    ["a missing MAC", { config: { agent: "1", net0: "virtio" }, interfaces: GOOD }],
    ["a MAC from the agent", {
      config: NICS,
      interfaces: [{ ...GOOD[0], "hardware-address": ["x"] }],
    }],
    ["a config", { config: { status: 403 }, interfaces: GOOD }],
    ["a prefix length", { config: NICS, interfaces: [agentRow(MACS[0], ["10.0.0.5/-1"])] }],
    ["an address", { config: NICS, interfaces: [agentRow(MACS[0], ["here/24"])] }],
    ["a container's NIC", { kind: "lxc" as const, config: { net0: "eth0,x" } }],
    ["a container's address", {
      kind: "lxc" as const,
      config: { net0: "name=e,ip=10.0.0.300/24" },
    }],
  ])("is not cleared with CLEAR_EMPTY when %s could not be parsed", async (_what, guest) => {
    const { vm } = await guest101(guest, { CLEAR_EMPTY: "true" });
    expect([vm.primary_ip4, vm.primary_ip6]).toEqual([undefined, undefined]);
  });
});

describe("an address that appears twice", () => {
  const net = (ip: string) => ({ net0: `name=eth0,ip=${ip}` });

  test("is assigned to nodes before guests, then to the first node or the lowest VMID", async () => {
    const outcome = await transformed(lab({
      nodes: {
        pve10: { network: [{ iface: "vmbr1", cidr: "192.168.99.1/24" }] },
        pve2: { network: [{ iface: "vmbr1", cidr: "192.168.99.1/24" }] },
      },
      guests: [
        { vmid: 1000, kind: "lxc", node: "pve2", config: net("10.0.0.5/16") },
        { vmid: 200, kind: "lxc", node: "pve2", config: net("10.0.0.5/24") },
        { vmid: 99, kind: "lxc", node: "pve10", config: net("192.168.99.1/32") },
      ],
    }));
    const assigned = outcome.of("ip-address").map(({ address, ...on }) => [
      address,
      on.assigned_object_interface?.device.name ??
        on.assigned_object_vm_interface?.virtual_machine.name,
    ]);
    expect(assigned).toEqual([["192.168.99.1/24", "pve2"], ["10.0.0.5/24", "guest-200"]]);
    const duplicates = outcome.leftOut.filter(({ reason }) => reason === "duplicate-address");
    expect(Object.fromEntries(duplicates.map(({ what, sentence }) => [what, sentence]))).toEqual({
      "node/pve10/vmbr1/192.168.99.1/24": expect.stringContaining("node/pve2/vmbr1"),
      "vm/99/net0/192.168.99.1/32": expect.stringContaining("node/pve2/vmbr1"),
      "vm/1000/net0/10.0.0.5/16": expect.stringContaining("vm/200/net0"),
    });
  });

  test("is primary only where it is assigned; the other node's next address is primary there", async () => {
    const rows = [
      { iface: "vmbr1", cidr: "192.168.99.1/24", priority: 1 },
      { iface: "vmbr0", cidr: "10.0.0.3/24", priority: 2 },
    ];
    const nodes = { pve1: { network: rows.slice(0, 1) }, pve2: { network: rows } };
    const outcome = await transformed(lab({ nodes }));
    expect(primaryOf(outcome, "pve1")).toEqual(["192.168.99.1/24", undefined]);
    expect(primaryOf(outcome, "pve2")).toEqual(["10.0.0.3/24", undefined]);
  });

  test("is recognized in different spellings", async () => {
    const guests = ["2001:db8:0:0::5/64", "2001:DB8::5/128"].map((ip, i) => ({
      vmid: 101 + i,
      kind: "lxc" as const,
      config: { net0: `name=eth0,ip6=${ip}` },
    }));
    const outcome = await transformed(lab({ guests }));
    expect(addressesOf(outcome)).toEqual(["2001:db8::5/64"]);
    expect(outcome.reasonsOf("vm/102/net0/2001:DB8::5/128")).toEqual(["duplicate-address"]);
  });
});
