/** CLOUD_INIT_ADDRESSES: addresses that cloud-init is to set. Each test covers one rule. */
import { describe, expect, test } from "vitest";
import { only, type Outcome, transformed } from "../../helpers/in-memory.ts";
import { agentRow, type Lab, lab, type LabGuest } from "../../helpers/lab.ts";
import { push, pushed } from "../../helpers/respecting.ts";
import { ruled } from "../../helpers/ruled.ts";
import type { SettingTexts } from "../../../src/transform/settings.ts";

const ON: SettingTexts = { CLOUD_INIT_ADDRESSES: "true", SITE_NAME: "HQ" };
const MAC = "BC:24:11:00:00:01";
const NET0 = `virtio=${MAC},bridge=vmbr0`;

function made(guests: readonly LabGuest[], settings = ON, more: Lab = {}): Promise<Outcome> {
  return transformed(lab({ guests, ...more }), settings);
}

/** A virtual machine without an agent. */
function silent(ipconfig0: unknown, vmid = 101, more: object = {}): LabGuest {
  const net0 = NET0.replace("00:01", `00:${String(vmid % 100).padStart(2, "0")}`);
  return { vmid, config: { net0, ipconfig0, ...more } };
}

function addressesOf(outcome: Outcome): string[] {
  return outcome.of("ip-address").map(({ address, assigned_object_vm_interface: nic }) =>
    [nic?.virtual_machine.name, nic?.name, address].join(" ")
  );
}

describe("a virtual machine", () => {
  const INTERFACES = [agentRow(MAC, ["10.0.0.9/24"])];

  test.each<[string, Partial<LabGuest>]>([
    ["without an agent", {}],
    ["that is stopped", { row: { status: "stopped" } }],
    ["whose agent is silent", { interfaces: { status: 500, error: "not running" } }],
    ["whose agent was not read", { interfaces: { status: 403, error: "denied" } }],
  ])(
    "%s has the addresses of ipconfigN, the first as primary ones, and a note",
    async (_, more) => {
      const outcome = await made([
        { ...silent("gw=10.0.0.1,ip=10.0.0.5/24,ip6=2001:DB8:0::5/64"), ...more },
      ]);
      expect(addressesOf(outcome)).toEqual([
        "guest-101 net0 10.0.0.5/24",
        "guest-101 net0 2001:db8::5/64",
      ]);
      expect(
        outcome.of("ip-address").map(({ assigned_object_vm_interface: nic }) =>
          nic?.virtual_machine
        ),
      ).toMatchObject([
        { primary_ip4: { address: "10.0.0.5/24" } },
        { primary_ip6: { address: "2001:db8::5/64" } },
      ]);
      expect(outcome.codesOf("vm/101")).toEqual(["cloud-init-addresses"]);
    },
  );

  test("whose agent answers has the addresses that it lists; the others are records", async () => {
    for (const interfaces of [INTERFACES, []]) {
      const outcome = await made([{ ...silent("ip=10.0.0.5/24,ip6=auto"), interfaces }]);
      expect(addressesOf(outcome)).toHaveLength(interfaces.length);
      expect(outcome.reasonsOf("vm/101/ipconfig0/10.0.0.5/24")).toEqual(["agent-answered"]);
      expect(outcome.reasonsOf("vm/101/ipconfig0/ip6=auto")).toEqual(["agent-answered"]);
      expect(outcome.codesOf("vm/101")).toEqual([]);
    }
  });

  test.each([
    ["ip=dhcp", ["ipconfig0/ip=dhcp dynamic-address"]],
    ["ip6=auto", ["ipconfig0/ip6=auto dynamic-address"]],
    ["ip=", ["ipconfig0/ip=dhcp dynamic-address", "ipconfig0/ip6=dhcp dynamic-address"]],
    ["x", ["ipconfig0 unparsable"]],
    ["ip=10.0.0.300/24", ["ipconfig0/10.0.0.300/24 unparsable"]],
    ["ip=10.0.0.0/24", ["ipconfig0/10.0.0.0/24 not-assignable"]],
    ["ip=10.0.0.5", ["ipconfig0/10.0.0.5 bad-prefix"]],
    ["ip6=fe80::1/64", ["ipconfig0/fe80::1/64 link-local"]],
  ])("with %s has a record, and no note", async (ipconfig0, expected) => {
    const outcome = await made([silent(ipconfig0)]);
    expect(addressesOf(outcome)).toEqual([]);
    const records = outcome.leftOut.filter(({ what }) => what.includes("ipconfig"));
    expect(records.map(({ what, reason }) => `${what.slice("vm/101/".length)} ${reason}`))
      .toEqual(expected);
    expect(outcome.codesOf("vm/101")).toEqual([]);
  });

  test("without a NIC of the number has a record", async () => {
    const outcome = await made([silent(undefined, 101, { ipconfig7: "ip=10.0.0.5/24,ip6=auto" })]);
    expect(outcome.reasonsOf("vm/101/ipconfig7/10.0.0.5/24")).toEqual(["no-nic"]);
    expect(outcome.reasonsOf("vm/101/ipconfig7/auto")).toEqual(["no-nic"]);
  });

  test("has no such addresses without the setting, and a container never has", async () => {
    const off = await made([silent("ip=10.0.0.5/24")], { ...ON, CLOUD_INIT_ADDRESSES: "false" });
    const container = await made([{
      vmid: 101,
      kind: "lxc",
      config: { ipconfig0: "ip=10.0.0.5/24" },
    }]);
    for (const outcome of [off, container]) {
      expect(addressesOf(outcome)).toEqual([]);
      expect(outcome.leftOut.filter(({ what }) => what.includes("ipconfig"))).toEqual([]);
    }
  });

  test("that is left out counts them", async () => {
    const outcome = await made([{ ...silent("ip=10.0.0.5/24,ip6=auto"), row: { template: 1 } }]);
    const record = only(outcome.leftOut.filter(({ what }) => what === "vm/101"));
    expect(record.children).toEqual({ nics: 1, disks: 0, addresses: 2 });
  });
});

describe("an address that another machine really has stays there", () => {
  const intended = silent("ip=10.0.0.5/24");
  const real = "10.0.0.5/24";
  const container: LabGuest = {
    vmid: 200,
    kind: "lxc",
    config: { net0: `name=eth0,bridge=vmbr0,hwaddr=${MAC},ip=${real}` },
  };
  const agent: LabGuest = {
    vmid: 200,
    config: { agent: "1", net0: NET0 },
    interfaces: [agentRow(MAC, [real])],
  };

  test.each([["a container's config", container], ["a guest agent", agent]])(
    "%s of a later guest",
    async (_, other) => {
      const outcome = await made([intended, other]);
      expect(addressesOf(outcome).map((text) => text.split(" ")[0])).toEqual(["guest-200"]);
      const record = only(outcome.leftOut.filter(({ what }) => what.includes("ipconfig0")));
      expect(record).toMatchObject({ reason: "duplicate-address" });
      expect(record.sentence).toContain("vm/200/net0");
    },
  );

  test("unless a rule puts one of them into a VRF", async () => {
    const [red, blue] = [101, 200].map((vmid) =>
      ruled(`  - match: { vmid: ${vmid} }\n    set: { vrf: internal }`)
    );
    for (const rules of [red, blue]) {
      const outcome = await made([intended, agent], { ...ON, ...rules });
      expect(addressesOf(outcome)).toHaveLength(2);
      expect(outcome.reasonsOf("vm/101/ipconfig0/10.0.0.5/24")).toEqual([]);
    }
    const both = ruled(`  - match: { vmid: [101, 200] }\n    set: { vrf: internal }`);
    const outcome = await made([intended, agent], { ...ON, ...both });
    expect(outcome.reasonsOf("vm/101/ipconfig0/10.0.0.5/24")).toEqual(["duplicate-address"]);
  });

  test("on a later node", async () => {
    const outcome = await made([intended, { ...container, node: "pve2" }], ON, {
      nodes: { pve1: {}, pve2: {} },
    });
    expect(addressesOf(outcome)).toEqual(["guest-200 eth0 10.0.0.5/24"]);
  });

  test("a node", async () => {
    const network = [{ iface: "vmbr0", type: "bridge", cidr: real }];
    const outcome = await made([intended], ON, { nodes: { pve1: { network } } });
    expect(outcome.reasonsOf("vm/101/ipconfig0/10.0.0.5/24")).toEqual(["duplicate-address"]);
  });

  test("in another snapshot, whatever its settings", async () => {
    const first = lab({ guests: [intended], host: "a", cluster: "a" }, "a");
    const second = lab({ guests: [container], host: "b", cluster: "b" }, "b");
    const outcome = await transformed([first, second], ON);
    expect(addressesOf(outcome)).toEqual(["guest-200 eth0 10.0.0.5/24"]);
  });

  test("but one of a guest that is left out does not count", async () => {
    const outcome = await made([intended, { ...container, row: { template: 1 } }]);
    expect(addressesOf(outcome)).toEqual(["guest-101 net0 10.0.0.5/24"]);
  });

  test("of two machines that cloud-init is to give it, the first has it", async () => {
    const outcome = await made([intended, silent("ip=10.0.0.5/24", 102)]);
    expect(addressesOf(outcome)).toEqual(["guest-101 net0 10.0.0.5/24"]);
    expect(outcome.reasonsOf("vm/102/ipconfig0/10.0.0.5/24")).toEqual(["duplicate-address"]);
  });
});

describe("with a target", () => {
  const site = (guest: LabGuest): Lab => ({ guests: [guest], host: "10.0.0.1" });
  const answering: LabGuest = {
    ...silent("ip=10.0.0.5/24"),
    interfaces: [agentRow(MAC, ["10.0.0.9/24"])],
  };

  test("a primary address in NetBox stays while the agent is silent", async () => {
    const netbox = await pushed(site(answering), ON);
    const machine = netbox.called("virtual-machine", "guest-101");
    expect(machine["primary_ip4"]).toMatchObject({ address: "10.0.0.9/24" });
    const { outcome } = await push(netbox, site(silent("ip=10.0.0.5/24")), ON);
    expect(addressesOf(outcome)).toEqual(["guest-101 net0 10.0.0.5/24"]);
    expect(machine["primary_ip4"]).toMatchObject({ address: "10.0.0.9/24" });
  });

  test("without one, the first becomes the primary one, until the agent answers", async () => {
    const netbox = await pushed(site(silent("ip=dhcp")), ON);
    const machine = netbox.called("virtual-machine", "guest-101");
    await push(netbox, site(silent("ip=10.0.0.5/24")), ON);
    expect(machine["primary_ip4"]).toMatchObject({ address: "10.0.0.5/24" });
    await push(netbox, site(answering), ON);
    expect(machine["primary_ip4"]).toMatchObject({ address: "10.0.0.9/24" });
  });
});
