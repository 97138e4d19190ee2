/** `ipconfigN` of a virtual machine. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ipConfigsOf } from "../../src/proxmox/cloud-init.ts";
import { anyValue, lookalike } from "../helpers/arbitraries.ts";

describe("the addresses of ipconfig0", () => {
  test.each<[unknown, object | undefined]>([
    ["ip=10.0.0.5/24,gw=10.0.0.1", { ip: "10.0.0.5/24" }],
    ["gw6=2001:db8::1,ip6=2001:db8::5/64", { ip6: "2001:db8::5/64" }],
    ["ip=dhcp,ip6=auto", { ip: "dhcp", ip6: "auto" }],
    [" ip = 10.0.0.5/24 ", { ip: "10.0.0.5/24" }],
    ["ip=", { ip: "dhcp", ip6: "dhcp" }],
    ["ip=,ip6=auto", { ip6: "auto" }],
    ["gw=10.0.0.1", undefined],
    ["10.0.0.5/24", undefined],
    ["ip=10.0.0.5/24,ip=10.0.0.6/24", undefined],
    ["", undefined],
    [null, undefined],
    [["ip=dhcp"], undefined],
  ])("%j", (written, addresses) => {
    expect(ipConfigsOf({ ipconfig0: written })).toEqual([
      { key: "ipconfig0", nic: "net0", addresses },
    ]);
  });

  test("belong to the NIC with the same number; other keys have none", () => {
    const found = ipConfigsOf({
      ipconfig12: "ip=dhcp",
      ipconfig: "ip=dhcp",
      ipconfig1a: "ip=dhcp",
      net0: "ip=10.0.0.5/24",
    });
    expect(found.map(({ key, nic }) => [key, nic])).toEqual([["ipconfig12", "net12"]]);
  });

  test("can be read from any value", () => {
    const words = lookalike("ip=", "ip6=", "gw=", "dhcp", ",", "10.0.0.5/24", "::/64");
    fc.assert(fc.property(fc.oneof(words, anyValue()), (ipconfig0) => {
      const [found] = ipConfigsOf({ ipconfig0 });
      const addresses = Object.entries(found?.addresses ?? {});
      for (const [key, value] of addresses) {
        expect(["ip", "ip6"]).toContain(key);
        expect(value).not.toBe("");
      }
      expect(found?.addresses === undefined).toBe(addresses.length === 0);
    }));
  });
});
