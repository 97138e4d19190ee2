/** Rows of a node's network: VLAN ID, parent, ports and MAC address. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { macOf, parentOf, portsOf, vlanIdOf } from "../../src/proxmox/node-interfaces.ts";
import { anyText, anyValue, lookalike } from "../helpers/arbitraries.ts";

type Row = Readonly<Record<string, unknown>>;

describe("the VLAN ID of a node's interface", () => {
  test.each<[string, Row, number | undefined]>([
    ["is vlan-id as a string", { iface: "vmbr0.2", "vlan-id": "2", "vlan-raw-device": "vmbr0" }, 2],
    [
      "is vlan-id with any interface name",
      { iface: "storage", "vlan-id": "30", "vlan-raw-device": "eno1" },
      30,
    ],
    ["is vlan-id as a number", { iface: "storage", "vlan-id": 30 }, 30],
    ["is vlanid, which no release sends", { iface: "storage", vlanid: 40 }, 40],
    ["is vlanid as a string", { iface: "storage", vlanid: "40" }, 40],
    ["is vlanid rather than vlan-id", { iface: "vmbr0.20", vlanid: 40, "vlan-id": "30" }, 40],
    ["is vlan-id rather than the suffix of the name", { iface: "vmbr0.20", "vlan-id": "30" }, 30],
    ["is vlan-id rather than NN of a vlanNN name", {
      iface: "vlan20",
      "vlan-id": "30",
      "vlan-raw-device": "eno1",
    }, 30],
    ["is the suffix of the name", { iface: "eno1.100" }, 100],
    ["is the inner one of two tags", { iface: "eno1.100.200" }, 200],
    [
      "is NN of a vlanNN name with a raw device",
      { iface: "vlan30", "vlan-raw-device": "eno1" },
      30,
    ],
    ["is unknown for a vlanNN name without a raw device", { iface: "vlan30" }, undefined],
    ["is unknown for a vlanNN name with an empty raw device", {
      iface: "vlan30",
      "vlan-raw-device": "",
    }, undefined],
    [
      "is unknown for another name with a raw device",
      { iface: "lan30", "vlan-raw-device": "eno1" },
      undefined,
    ],
    ["is unknown for a name with another suffix", { iface: "eno1.100:1" }, undefined],
    ["is not 0", { iface: "eno1.0" }, undefined],
    ["is not 4095", { iface: "eno1.4095" }, undefined],
    ["is not a vlan-id out of range", { iface: "storage", "vlan-id": "5000" }, undefined],
    ["is unknown for an empty row", {}, undefined],
    ["is unknown if all keys are null", { iface: null, "vlan-id": null, vlanid: null }, undefined],
    ["is the suffix of the name if the keys are empty", {
      iface: "vmbr0.20",
      "vlan-id": "",
      vlanid: null,
    }, 20],
  ])("%s", (_from, row, id) => {
    expect(vlanIdOf(row)).toBe(id);
  });

  test("is the same in each notation, from 1 to 4094", () => {
    fc.assert(fc.property(fc.integer({ min: -5, max: 9999 }), (id) => {
      const expected = id >= 1 && id <= 4094 ? id : undefined;
      const rows: Row[] = [
        { iface: "storage", "vlan-id": String(id) },
        { iface: "storage", vlanid: id },
        ...(id < 0 ? [] : [
          { iface: `vmbr0.${id}` },
          { iface: `vlan${id}`, "vlan-raw-device": "eno1" },
        ]),
      ];
      expect(rows.map(vlanIdOf)).toEqual(rows.map(() => expected));
    }));
  });
});

describe("the parent of a node's interface", () => {
  test.each<[Row, string | undefined]>([
    [{ iface: "vmbr0.20" }, "vmbr0"],
    [{ iface: "eno1.100.200" }, "eno1.100"],
    [{ iface: "eno1:1" }, "eno1"],
    [{ iface: "eno1.100:1" }, "eno1.100"],
    [{ iface: "vlan30", "vlan-raw-device": "bond0" }, "bond0"],
    [{ iface: "vmbr0.20", "vlan-raw-device": "bond0" }, "bond0"],
    [{ iface: "vmbr0.20", "vlan-raw-device": "" }, "vmbr0"],
    [{ iface: "eno1" }, undefined],
    [{ iface: "vlan30" }, undefined],
    [{}, undefined],
  ])("%j is %j", (row, parent) => {
    expect(parentOf(row)).toBe(parent);
  });

  test("is the first part of the name of a VLAN or an alias", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9]{0,12}$/);
    fc.assert(fc.property(name, fc.nat({ max: 4094 }), (device, id) => {
      expect(parentOf({ iface: `${device}.${id}` })).toBe(device);
      expect(parentOf({ iface: `${device}:${id}` })).toBe(device);
    }));
  });
});

describe("the ports of a bridge or bond", () => {
  test.each<[unknown, string[]]>([
    ["eno1", ["eno1"]],
    ["eno1 eno2", ["eno1", "eno2"]],
    ["eno2  eno1", ["eno2", "eno1"]],
    ["eno1.2 vmbr2.10", ["eno1.2", "vmbr2.10"]],
    ["none", []],
    ["", []],
    [" ", []],
    [null, []],
    [undefined, []],
  ])("in %j are %j", (value, ports) => {
    expect(portsOf(value)).toEqual(ports);
  });

  test("are the names that were joined", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9.]{0,12}$/).filter((text) => text !== "none");
    fc.assert(fc.property(fc.array(name), (ports) => {
      expect(portsOf(ports.join(" "))).toEqual(ports);
    }));
  });
});

test("parsing a row never throws", () => {
  const name = fc.oneof(anyText(), lookalike("vlan", "vmbr", ".", ":", "eno1"));
  const row = fc.record({
    iface: fc.oneof(name, anyValue()),
    "vlan-id": anyValue(),
    vlanid: anyValue(),
    "vlan-raw-device": anyValue(),
  }, { requiredKeys: [] });
  fc.assert(fc.property(row, (written) => {
    expect(vlanIdOf(written) ?? 1).toSatisfy((id: number) => id >= 1 && id <= 4094);
    expect(parentOf(written)).not.toBe("");
    expect(portsOf(written.iface)).not.toContain("");
  }));
});

/** The MAC address of a node's interface, from its options and names. */

const PERMANENT = "0C:42:A1:7F:1A:30";
const ALTNAMES = ["enp65s0f0np0", "enx0c42a17f1a30"];

describe("the MAC address of a node's interface", () => {
  test.each([
    [{ altnames: ALTNAMES }, PERMANENT],
    [{ iface: "enx0c42a17f1a30" }, PERMANENT],
    [{ options: ["hwaddress a0:42:3f:01:02:03"] }, "A0:42:3F:01:02:03"],
    [{ options: ["metric 200", "hwaddress ether A0:42:3F:01:02:03 "] }, "A0:42:3F:01:02:03"],
    [{ options6: ["hwaddress ether a0:42:3f:01:02:03"] }, "A0:42:3F:01:02:03"],
    [{ options: ["hwaddress a0:42:3f:01:02:03"], altnames: ALTNAMES }, "A0:42:3F:01:02:03"],
    [
      { options: ["hwaddress a0:42:3f:01:02:03", "hwaddress a0:42:3f:01:02:04"] },
      "A0:42:3F:01:02:03",
    ],
    [{ options: "hwaddress a0:42:3f:01:02:03" }, "A0:42:3F:01:02:03"],
    [{ options: ["post-up ip link set eno1 address a0:42:3f:01:02:03"] }, undefined],
    [{ options: ["metric 200"], altnames: ["enp1s0", "enx0c42a1", "enxserver"] }, undefined],
    [{ altnames: ["enx000000000000"] }, undefined],
    [{ altnames: ["enxffffffffffff"] }, undefined],
    [{ iface: "enx0c42a17f1a30.10" }, undefined],
    [{}, undefined],
  ])("in %j is %s", (row, mac) => {
    expect(macOf(row)).toEqual(mac === undefined ? {} : { mac });
  });

  test.each([
    ["00:00:00:00:00:00", "zero-mac"],
    ["ether 00:00:00:00:00:00", "zero-mac"],
    ["01:00:5e:00:00:01", "multicast-mac"],
    ["ff:ff:ff:ff:ff:ff", "multicast-mac"],
    ["random", "unparsable"],
  ])("is the permanent one if hwaddress is %s", (written, reason) => {
    const row = { options: [`hwaddress ${written}`], altnames: ALTNAMES };
    const refused = { written: written.replace("ether ", ""), reason };
    expect(macOf(row)).toEqual({ mac: PERMANENT, refused });
  });

  test("is the same in each place and spelling, and never zero or multicast", () => {
    const byte = fc.integer({ min: 0, max: 255 }).map((value) =>
      value.toString(16).padStart(2, "0")
    );
    const bytes = fc.array(byte, { minLength: 6, maxLength: 6 });
    fc.assert(fc.property(bytes, fc.boolean(), fc.boolean(), (parts, isUpper, isLong) => {
      const mac = parts.join(":").toUpperCase();
      const isMulticast = Number.parseInt(parts[0] ?? "", 16) % 2 === 1;
      const expected = isMulticast || /^[0:]+$/.test(mac) ? undefined : mac;
      const spelled = isUpper ? mac : mac.toLowerCase();
      const option = `hwaddress ${isLong ? "ether " : ""}${spelled}`;
      expect(macOf({ options: [option] }).mac).toBe(expected);
      expect(macOf({ altnames: [`enx${parts.join("")}`] }).mac).toBe(expected);
    }));
  });

  test("is undefined or valid for any value", () => {
    const line = lookalike("hwaddress", "ether", " ", "enx", "0c42a17f1a30", ":", "00");
    const value = fc.oneof(anyValue(), anyText(), line, fc.array(fc.oneof(line, anyValue())));
    fc.assert(fc.property(value, value, value, (options, altnames, iface) => {
      const { mac } = macOf({ options, altnames, iface });
      if (mac !== undefined) expect(mac).toMatch(/^[0-9A-F][02468ACE](?::[0-9A-F]{2}){5}$/);
    }));
  });
});
