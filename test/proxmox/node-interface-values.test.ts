/** The MAC address of a node's interface, from its options and its names. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { macOf } from "../../src/proxmox/node-interfaces.ts";
import { anyText, anyValue, lookalike } from "../helpers/arbitraries.ts";

const PERMANENT = "0C:42:A1:7F:1A:30";
const ALTNAMES = ["enp65s0f0np0", "enx0c42a17f1a30"];

describe("the MAC address of an interface", () => {
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
  ])("of %j is %s", (row, mac) => {
    expect(macOf(row)).toEqual(mac === undefined ? {} : { mac });
  });

  test.each([
    ["00:00:00:00:00:00", "zero-mac"],
    ["ether 00:00:00:00:00:00", "zero-mac"],
    ["01:00:5e:00:00:01", "multicast-mac"],
    ["ff:ff:ff:ff:ff:ff", "multicast-mac"],
    ["random", "unparsable"],
  ])("is never hwaddress %s, and stays the permanent one", (written, reason) => {
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

  test("is read from any value without a throw", () => {
    const line = lookalike("hwaddress", "ether", " ", "enx", "0c42a17f1a30", ":", "00");
    const value = fc.oneof(anyValue(), anyText(), line, fc.array(fc.oneof(line, anyValue())));
    fc.assert(fc.property(value, value, value, (options, altnames, iface) => {
      const { mac } = macOf({ options, altnames, iface });
      if (mac !== undefined) expect(mac).toMatch(/^[0-9A-F][02468ACE](?::[0-9A-F]{2}){5}$/);
    }));
  });
});
