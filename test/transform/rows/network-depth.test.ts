/** NETWORK_DEPTH=full: VLANs of NICs and node interfaces, and descriptions. Each test covers one rule. */
import { describe, expect, test } from "vitest";
import type { VLANRef } from "../../../src/netbox/types/vlan.ts";
import { only, transformed } from "../../helpers/in-memory.ts";
import { lab, type LabGuest, nodeWith } from "../../helpers/lab.ts";
import { outcomeFor, push, pushed } from "../../helpers/respecting.ts";

const FULL = { NETWORK_DEPTH: "full", SITE_NAME: "HQ" };
const ALL = { ...FULL, ALL_INTERFACES: "true" };
const NETWORK = [
  { iface: "vmbr0", type: "bridge", bridge_vlan_aware: 1, bridge_vids: "2 5" },
  { iface: "vmbr1", type: "bridge", cidr: "10.0.0.1/24" },
  { iface: "vmbr2", type: "OVSBridge" },
];
const MAC = "virtio=BC:24:11:00:00:01";

function site(net0: string, guest: Partial<LabGuest> = {}) {
  return {
    nodes: { pve1: { network: NETWORK } },
    guests: [{ vmid: 101, config: { net0 }, ...guest }],
  };
}

/** "tagged 20 2,5": mode, untagged VLAN, tagged VLANs. */
function vlansOf(
  { mode, untagged_vlan: untagged, tagged_vlans: tagged }: {
    readonly mode?: string;
    readonly untagged_vlan?: VLANRef | Readonly<Record<string, never>>;
    readonly tagged_vlans?: readonly VLANRef[];
  },
): string {
  const vids = tagged?.map(({ vid }) => vid).join(",");
  return [mode, untagged && ("vid" in untagged ? untagged.vid : "cleared"), vids]
    .map((part) => part ?? "-").join(" ");
}

describe("a NIC", () => {
  test.each([
    [`${MAC},bridge=vmbr1,trunks=2;5-7;30`, "tagged - 2,5,6,7,30"],
    [`${MAC},bridge=vmbr1,tag=20,trunks=2;20`, "tagged 20 2"],
    [`${MAC},bridge=vmbr1,tag=20,trunks=20`, "access 20 -"],
    [`${MAC},bridge=vmbr1,trunks=1-4094`, "tagged-all - -"],
    [`${MAC},bridge=vmbr1,tag=20,trunks=1-4094`, "tagged-all 20 -"],
    [`${MAC},bridge=vmbr1,tag=20`, "access 20 -"],
    [`${MAC},bridge=vmbr1`, "- - -"],
    // bridge_vids limits the bridge's own ports, not its guests.
    [`${MAC},bridge=vmbr0`, "tagged-all - -"],
    [`${MAC},bridge=vmbr2`, "tagged-all - -"],
    [`${MAC},bridge=vmbr0,tag=20`, "access 20 -"],
    [`${MAC},bridge=vmbr9`, "- - -"],
    [MAC, "- - -"],
  ])("%s: %s", async (net0, expected) => {
    const outcome = await transformed(lab(site(net0)), FULL);
    expect(vlansOf(only(outcome.of("vm-interface")))).toBe(expected);
    const named = expected.split(/[ ,]/).filter((part) => /^\d+$/.test(part));
    const vids = outcome.of("vlan").map(({ vid }) => vid);
    expect(vids).toEqual(expect.arrayContaining(named));
  });

  test("of a container has the same", async () => {
    const net0 = "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,trunks=2;5";
    const outcome = await transformed(lab(site(net0, { kind: "lxc" })), FULL);
    expect(vlansOf(only(outcome.of("vm-interface")))).toBe("tagged - 2,5");
  });

  test("with a part of `trunks=` that is no VLAN has mode tagged without a list, and a record", async () => {
    const outcome = await transformed(lab(site(`${MAC},bridge=vmbr1,trunks=2;7000`)), FULL);
    expect(vlansOf(only(outcome.of("vm-interface")))).toBe("tagged - -");
    expect(outcome.reasonsOf("vm/101/net0/trunks")).toEqual(["unparsable"]);
    expect(outcome.of("vlan").map(({ vid }) => vid)).toContain("2");
  });

  test("with a tag that is no VLAN has neither, on a VLAN-aware bridge too", async () => {
    const outcome = await transformed(lab(site(`${MAC},bridge=vmbr0,tag=5000`)), FULL);
    expect(vlansOf(only(outcome.of("vm-interface")))).toBe("- - -");
    expect(outcome.reasonsOf("vm/101/net0/tag")).toEqual(["unparsable"]);
  });

  test("has the VLANs of its virtual machine's site", async () => {
    const outcome = await transformed(lab(site(`${MAC},trunks=2;3`)), {
      ...FULL,
      SITE_NAME: "Yard",
    });
    for (const vlan of only(outcome.of("vm-interface")).tagged_vlans ?? []) {
      expect(vlan.site).toEqual({ name: "Yard" });
    }
  });

  test.each([["HQ", []], ["\u0001".repeat(100), ["too-long"]]])(
    "with nearly all VLANs is sent without the list only if a request cannot hold it: site %j",
    async (SITE_NAME, expected) => {
      const many = site(`${MAC},trunks=3-4094`);
      const outcome = await transformed(lab(many), { ...FULL, SITE_NAME });
      const nic = only(outcome.of("vm-interface"));
      expect(nic.mode).toBe("tagged");
      expect(nic.tagged_vlans?.length ?? 0).toBe(expected.length === 0 ? 4092 : 0);
      expect(outcome.reasonsOf("vm/101/net0/tagged_vlans")).toEqual(expected);
      expect(outcome.of("vlan")).toHaveLength(4092 + 1);
    },
  );
});

describe("an interface of a node", () => {
  test.each([
    [{ type: "bridge", bridge_vlan_aware: 1 }, "tagged-all - -"],
    [{ type: "bridge", bridge_vlan_aware: 1, bridge_vids: "2-4094" }, "tagged-all - -"],
    [{ type: "bridge", bridge_vlan_aware: 1, bridge_vids: "2 5-7" }, "tagged - 2,5,6,7"],
    [{ type: "bridge" }, "- - -"],
    [{ type: "eth" }, "- - -"],
    [{ type: "vlan", "vlan-id": "20" }, "access 20 -"],
    [{ type: "OVSBridge" }, "tagged-all - -"],
    [{ type: "OVSIntPort", ovs_tag: "50" }, "access 50 -"],
    [{ type: "OVSPort", ovs_options: "trunks=10,20" }, "tagged - 10,20"],
    [
      { type: "OVSBond", ovs_tag: "5", ovs_options: "vlan_mode=native-untagged trunks=5,6" },
      "tagged 5 6",
    ],
  ])("%j: %s", async (row, expected) => {
    const outcome = await nodeWith([{ iface: "port", cidr: "10.0.0.2/24", ...row }], FULL);
    expect(vlansOf(only(outcome.of("interface")))).toBe(expected);
    const named = expected.split(/[ ,]/).filter((part) => /^\d+$/.test(part));
    expect(outcome.of("vlan").map(({ vid }) => vid).sort()).toEqual(named.sort());
  });

  test("makes its VLANs even if it is not sent itself", async () => {
    const outcome = await nodeWith([
      { iface: "vmbr0", type: "bridge", bridge_vlan_aware: 1, bridge_vids: "2 5" },
      { iface: "port", type: "OVSIntPort", ovs_tag: "50" },
    ], FULL);
    expect(outcome.of("interface")).toEqual([]);
    expect(outcome.of("vlan").map(({ vid }) => vid)).toEqual(["2", "5", "50"]);
  });

  test("loses its untagged VLAN with CLEAR_EMPTY, if its VLANs are known", async () => {
    const outcome = await nodeWith([
      { iface: "vmbr0", type: "OVSBridge" },
      { iface: "eno1", type: "eth" },
    ], { ...ALL, CLEAR_EMPTY: "true" });
    expect(outcome.of("interface").map(vlansOf)).toEqual(["- - -", "tagged-all cleared -"]);
  });

  test.each([
    ["uplink\n", "uplink"],
    [" to core switch\n  port 7 \n", "to core switch port 7"],
    ["", undefined],
    [" \n", undefined],
    ["x".repeat(200), "x".repeat(200)],
  ])("comments %j become the description %j", async (comments, expected) => {
    const outcome = await nodeWith([{ iface: "eno1", cidr: "10.0.0.2/24", comments }], FULL);
    expect(only(outcome.of("interface")).description).toBe(expected);
    expect(outcome.codesOf("node/pve1/eno1/comments")).toEqual([]);
  });

  test("has a description of at most 200 characters, and a note", async () => {
    const comments = `${"a".repeat(198)} \u{1f600}b\n`;
    const outcome = await nodeWith([{ iface: "eno1", cidr: "10.0.0.2/24", comments }], FULL);
    expect(only(outcome.of("interface")).description).toBe(`${"a".repeat(198)}…`);
    expect(outcome.codesOf("node/pve1/eno1/comments")).toEqual(["cut-text"]);
  });

  test("has no description from comments that are no text, and a record", async () => {
    const row = { iface: "eno1", cidr: "10.0.0.2/24", comments: ["x"] };
    const outcome = await nodeWith([row], FULL);
    expect(only(outcome.of("interface"))).not.toHaveProperty("description");
    expect(outcome.reasonsOf("node/pve1/eno1/comments")).toEqual(["unparsable"]);
    expect((await nodeWith([row])).leftOut.map(({ what }) => what)).toEqual([]);
  });

  test("has its MAC address", async () => {
    const row = { iface: "nic0", cidr: "10.0.0.2/24", altnames: ["enp2s1", "enx0c42a17f1a30"] };
    const outcome = await nodeWith([row], FULL);
    expect(only(outcome.of("interface")).primary_mac_address).toEqual({
      mac_address: "0C:42:A1:7F:1A:30",
    });
  });
});

test("without NETWORK_DEPTH=full nothing of this is sent or recorded", async () => {
  const parts = {
    ...site(`${MAC},bridge=vmbr0,trunks=2;x`),
    nodes: {
      pve1: {
        network: [
          {
            iface: "vmbr0",
            type: "bridge",
            cidr: "10.0.0.1/24",
            bridge_vlan_aware: [],
            bridge_vids: "x",
          },
          {
            iface: "port",
            type: "OVSPort",
            cidr: "10.0.0.2/24",
            ovs_tag: {},
            comments: 7,
            ovs_options: 5,
          },
        ],
      },
    },
  };
  for (const NETWORK_DEPTH of ["", "mapped"]) {
    const outcome = await transformed(lab(parts), { NETWORK_DEPTH });
    expect(outcome.of("interface").map(vlansOf)).toEqual(["- - -", "- - -"]);
    expect(outcome.of("vm-interface").map(vlansOf)).toEqual(["tagged - -"]);
    expect(outcome.of("vlan")).toEqual([]);
    expect(JSON.stringify(outcome.of("interface"))).not.toContain("description");
    expect(outcome.leftOut.map(({ what }) => what)).toEqual(["vm/101/agent"]);
  }
});

describe("with a target", () => {
  const withNic = (net0: string) => ({ ...site(net0), host: "10.0.0.1" });

  test("a list that became shorter is replaced, and another mode clears that of a NIC", async () => {
    const netbox = await pushed(withNic(`${MAC},trunks=2;5;7`), ALL);
    const nic = netbox.called("vm-interface", "net0");
    expect(nic["tagged_vlans"]).toHaveLength(3);
    await push(netbox, withNic(`${MAC},trunks=2;7`), ALL);
    expect(nic["tagged_vlans"]).toMatchObject([{ vid: 2 }, { vid: 7 }]);
    await push(netbox, withNic(`${MAC},tag=9`), ALL);
    expect(nic).toMatchObject({ mode: { value: "access" }, tagged_vlans: [] });
  });

  test("the list of a node interface is replaced, and another mode clears it", async () => {
    const bridge = { iface: "vmbr0", type: "bridge", cidr: "10.0.0.1/24", bridge_vlan_aware: 1 };
    const of = (bridge_vids: string) => ({
      nodes: { pve1: { network: [{ ...bridge, bridge_vids }] } },
      host: "10.0.0.1",
    });
    const netbox = await pushed(of("2 5"), ALL);
    await push(netbox, of("2 7"), ALL);
    const port = netbox.called("interface", "vmbr0");
    expect(port["tagged_vlans"]).toMatchObject([{ vid: 2 }, { vid: 7 }]);
    await push(netbox, of("2-4094"), ALL);
    expect(port).toMatchObject({ mode: { value: "tagged-all" }, tagged_vlans: [] });
  });

  test("an interface with Q-in-Q keeps its mode", async () => {
    const netbox = await pushed(withNic(`${MAC},tag=9`), ALL);
    const nic = netbox.called("vm-interface", "net0");
    nic["mode"] = { value: "q-in-q" };
    const { outcome } = await push(netbox, withNic(`${MAC},trunks=2;7`), ALL);
    expect(vlansOf(only(outcome.of("vm-interface")))).toBe("- - -");
  });

  test("a list is not sent if NetBox has several of one of its VLANs", async () => {
    const netbox = await pushed(withNic(MAC), FULL);
    for (const name of ["one", "two"]) {
      netbox.make("vlan", { vid: 9, name, site: null, group: null, qinq_svlan: null });
    }
    const outcome = await outcomeFor(netbox, lab(withNic(`${MAC},trunks=2;9`)), FULL);
    expect(vlansOf(only(outcome.of("vm-interface")))).toBe("tagged - -");
    expect(outcome.reasonsOf("vm/101/net0/tagged/9")).toEqual(["ambiguous"]);
  });

  test("a pinned NIC is the interface that NetBox has under its other name", async () => {
    const parts = (iface: string, altnames: readonly string[]) => ({
      nodes: {
        pve1: { network: [{ iface, altnames, type: "eth", cidr: "10.0.0.1/24", active: 1 }] },
      },
      host: "10.0.0.1",
    });
    const enx = "enx0c42a17f1a30";
    const netbox = await pushed(parts("enp2s1", [enx]), ALL);
    const { changes, outcome } = await push(netbox, parts("nic0", ["enp2s1", enx]), ALL);
    expect(changes).toEqual([]);
    expect(only(outcome.of("interface"))).toMatchObject({
      name: "enp2s1",
      primary_mac_address: { mac_address: "0C:42:A1:7F:1A:30" },
    });
    expect(outcome.codesOf("node/pve1/nic0")).toEqual(["keeps-name"]);
  });
});
