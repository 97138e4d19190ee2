/** Lists of VLAN IDs, and the VLANs of NICs and of node interfaces. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseNet } from "../../src/proxmox/nics.ts";
import { parseVlanList, type PortVlans, vlansOfNic, vlansOfPort } from "../../src/proxmox/vlans.ts";
import { anyText, anyValue, lookalike } from "../helpers/arbitraries.ts";

const VID = fc.integer({ min: 1, max: 4094 });
const SEPARATORS = fc.constantFrom(";", ",", " ", "; ", "  ");

const ALL = { mode: "tagged-all", untagged: undefined, tagged: [], isWhole: true } as const;

function tagged(tagged: readonly number[], untagged?: number): PortVlans {
  return { mode: "tagged", untagged, tagged, isWhole: true };
}
function access(untagged: number): PortVlans {
  return { mode: "access", untagged, tagged: [], isWhole: true };
}

describe("a list of VLANs", () => {
  test.each<[string, number[], string[]]>([
    ["2;5-7;30", [2, 5, 6, 7, 30], []],
    ["30 2 5-7", [2, 5, 6, 7, 30], []],
    ["10,20", [10, 20], []],
    ["[10,20-21]", [10, 20, 21], []],
    ["7-7;7;6-8", [6, 7, 8], []],
    ["1;4094", [1, 4094], []],
    ["", [], []],
    [";,", [], [";,"]],
    ["5-2;9", [9], ["5-2"]],
    ["0;4095;9", [9], ["0", "4095"]],
    ["2-4095", [], ["2-4095"]],
    ["a;-3;4-;1.5;+8", [], ["a", "-3", "4-", "1.5", "+8"]],
  ])("%j", (written, vids, unparsable) => {
    expect(parseVlanList(written)).toEqual({ vids, unparsable });
  });

  test("gives the same VLANs in any order, with any separator, as single IDs or as ranges", () => {
    const ranges = fc.array(
      fc.tuple(VID, fc.nat({ max: 20 })).map(([first, more]) => [
        first,
        Math.min(first + more, 4094),
      ]),
    );
    fc.assert(fc.property(ranges, SEPARATORS, fc.boolean(), (pairs, separator, isSingle) => {
      const expected = new Set<number>();
      const parts = pairs.flatMap(([first = 0, last = 0]) => {
        const all = Array.from({ length: last - first + 1 }, (_, i) => first + i);
        for (const vid of all) expected.add(vid);
        return isSingle ? all.map(String) : [`${first}-${last}`];
      });
      const forwards = parseVlanList(parts.join(separator));
      expect(forwards).toEqual({
        vids: [...expected].sort((a, b) => a - b),
        unparsable: [],
      });
      expect(parseVlanList(parts.toReversed().join(separator))).toEqual(forwards);
    }));
  });

  test("never fails: each part is in the list or unparsable", () => {
    const written = fc.oneof(anyText(), lookalike(";", "-", ",", " ", "4094", "1", "2-9"));
    fc.assert(fc.property(written, (text) => {
      const { vids, unparsable } = parseVlanList(text);
      expect(vids.every((vid) => Number.isInteger(vid) && vid >= 1 && vid <= 4094)).toBe(true);
      expect(vids).toEqual([...new Set(vids)].sort((a, b) => a - b));
      for (const part of unparsable) expect(text).toContain(part);
      if (/\d/.test(text)) expect(vids.length + unparsable.length).toBeGreaterThan(0);
    }));
  });
});

describe("the VLANs of a NIC", () => {
  const of = (text: string, bridge?: object): PortVlans | undefined => {
    const net = parseNet("qemu", `virtio,bridge=vmbr0,${text}`);
    if (net === undefined) throw new Error(text);
    return vlansOfNic(net, bridge);
  };
  const AWARE = { iface: "vmbr0", type: "bridge", bridge_vlan_aware: 1 };

  test.each<[string, PortVlans | undefined]>([
    ["", undefined],
    ["tag=20", access(20)],
    ["trunks=2;5-7;30", tagged([2, 5, 6, 7, 30])],
    ["tag=20,trunks=2;20;30", tagged([2, 30], 20)],
    ["tag=20,trunks=20", access(20)],
    ["trunks=20", tagged([20])],
    ["trunks=1-4094", ALL],
    ["trunks=2-4094", ALL],
    ["trunks=2-3000;2999-4094", ALL],
    ["tag=9,trunks=2-8;10-4094", { ...ALL, untagged: 9 }],
    ["trunks=2-4093", tagged(Array.from({ length: 4092 }, (_, i) => i + 2))],
    ["trunks=5;x", { ...tagged([5]), isWhole: false }],
    ["trunks=20;x,tag=20", { ...tagged([], 20), isWhole: false }],
    ["trunks=", undefined],
    ["tag=x", undefined],
  ])("%s", (text, expected) => {
    expect(of(text)).toEqual(expected);
  });

  test.each<[string, object, PortVlans | undefined]>([
    ["a VLAN-aware bridge", AWARE, ALL],
    ["one whose own ports pass few VLANs", { ...AWARE, bridge_vids: "2 5" }, ALL],
    ["a bridge of Open vSwitch", { iface: "vmbr0", type: "OVSBridge" }, ALL],
    ["another bridge", { iface: "vmbr0", type: "bridge" }, undefined],
    ["a bridge of an unknown kind", { ...AWARE, bridge_vlan_aware: [] }, undefined],
  ])("without keys, on %s", (_, bridge, expected) => {
    expect(of("", bridge)).toEqual(expected);
    expect(of("tag=20", bridge)).toEqual(access(20));
    expect(of("tag=5000", bridge)).toBe(undefined);
  });
});

describe("the VLANs of a node's interface", () => {
  const OVS = { iface: "port", type: "OVSIntPort", ovs_bridge: "vmbr0" };

  test.each<[string, object, PortVlans | undefined]>([
    ["a VLAN", { iface: "vmbr0.20", type: "vlan" }, access(20)],
    ["a port", { iface: "eno1", type: "eth" }, undefined],
    ["a bridge", { iface: "vmbr0", type: "bridge" }, undefined],
    ["a VLAN-aware bridge", { type: "bridge", bridge_vlan_aware: 1 }, ALL],
    ["one with 1", { type: "bridge", bridge_vlan_aware: "1" }, ALL],
    ["one with the default list", {
      type: "bridge",
      bridge_vlan_aware: 1,
      bridge_vids: "2-4094",
    }, ALL],
    [
      "one with a list",
      { type: "bridge", bridge_vlan_aware: 1, bridge_vids: "2 4 10-12" },
      tagged([2, 4, 10, 11, 12]),
    ],
    ["a port with a list", { iface: "eno1", type: "eth", bridge_vids: "4" }, tagged([4])],
    ["a bridge of Open vSwitch", { type: "OVSBridge" }, ALL],
    ["a trunk of Open vSwitch", OVS, ALL],
    ["one with a tag", { ...OVS, ovs_tag: "50" }, access(50)],
    ["a bond with a tag", { ...OVS, type: "OVSBond", ovs_tag: 50 }, access(50)],
    ["a port with a tag", { ...OVS, type: "OVSPort", ovs_tag: "50" }, access(50)],
    ["one with the tag in its options", { ...OVS, ovs_options: "tag=50" }, access(50)],
    ["one with trunks", { ...OVS, ovs_options: "trunks=10,20" }, tagged([10, 20])],
    [
      "a native VLAN",
      { ...OVS, ovs_tag: "50", ovs_options: "vlan_mode=native-untagged trunks=10,20,50" },
      tagged([10, 20], 50),
    ],
    [
      "a native VLAN without a list",
      { ...OVS, ovs_tag: "50", ovs_options: "vlan_mode=native-tagged" },
      { ...ALL, untagged: 50 },
    ],
    ["an explicit trunk", { ...OVS, ovs_options: "vlan_mode=trunk other_config:a=b" }, ALL],
  ])("%s", (_, row, expected) => {
    expect(vlansOfPort(row)).toEqual(
      expected === undefined ? { refused: [] } : { vlans: expected, refused: [] },
    );
  });

  test.each<[string, object, PortVlans["mode"] | undefined, string[]]>([
    ["a list of a plain bridge", { type: "bridge", bridge_vids: "2 4" }, undefined, [
      "bridge_vids unused-vlans",
    ]],
    [
      "a part of a list",
      { type: "bridge", bridge_vlan_aware: 1, bridge_vids: "2 x" },
      "tagged",
      ["bridge_vids unparsable"],
    ],
    [
      "a list of another form",
      { type: "bridge", bridge_vlan_aware: 1, bridge_vids: [2] },
      "tagged",
      [
        "bridge_vids unparsable",
      ],
    ],
    ["a switch of another form", { type: "bridge", bridge_vlan_aware: {} }, undefined, [
      "bridge_vlan_aware unparsable",
    ]],
    ["a tag", { ...OVS, ovs_tag: "5000" }, undefined, ["ovs_tag unparsable"]],
    ["trunks of an access port", { ...OVS, ovs_tag: "5", ovs_options: "trunks=6" }, "access", [
      "ovs_options unused-vlans",
    ]],
    ["the tag of a trunk", { ...OVS, ovs_tag: "5", ovs_options: "vlan_mode=trunk" }, "tagged-all", [
      "ovs_tag unused-vlans",
    ]],
    ["parts of trunks", { ...OVS, ovs_options: "trunks=6,x" }, "tagged", [
      "ovs_options unparsable",
    ]],
    ["trunks without a VLAN", { ...OVS, ovs_options: "trunks=," }, "tagged", [
      "ovs_options unparsable",
    ]],
    ["Q-in-Q", { ...OVS, ovs_tag: "5", ovs_options: "vlan_mode=dot1q-tunnel" }, undefined, [
      "ovs_tag vlan-mode",
      "ovs_options vlan-mode",
    ]],
    ["options of another form", { ...OVS, ovs_options: ["trunks=5"] }, undefined, [
      "ovs_options unparsable",
    ]],
  ])("is refused in part: %s", (_, row, mode, expected) => {
    const { vlans, refused } = vlansOfPort(row);
    expect(vlans?.mode).toBe(mode);
    expect(refused.map(({ key, reason }) => `${key} ${reason}`)).toEqual(expected);
  });

  test("never fails, whatever the row holds", () => {
    const types = ["bridge", "vlan", "eth", "OVSBridge", "OVSPort", "OVSIntPort", "OVSBond"];
    const options = lookalike("tag=", "trunks=", "vlan_mode=", "access", "trunk", " ", ",", "5");
    const row = fc.record({
      iface: anyValue(),
      type: fc.constantFrom<unknown>(...types, null),
      bridge_vlan_aware: anyValue(),
      bridge_vids: anyValue(),
      ovs_tag: anyValue(),
      ovs_options: fc.oneof(options, anyValue()),
    }, { requiredKeys: [] });
    fc.assert(fc.property(row, (facts) => {
      const { vlans, refused } = vlansOfPort(facts);
      expect(new Set(refused.map(({ key }) => key)).size).toBe(refused.length);
      if (vlans === undefined) return;
      const { mode, untagged, tagged, isWhole } = vlans;
      if (mode !== "tagged") expect(tagged).toEqual([]);
      if (mode === "access") expect(untagged).toBeGreaterThan(0);
      if (isWhole && mode === "tagged") expect(tagged.length).toBeGreaterThan(0);
      expect(tagged).not.toContain(untagged);
    }));
  });
});
