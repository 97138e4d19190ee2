/** What a config says of the questions that may follow. */
import { expect, test } from "vitest";
import { ADDRESS_KEYS, hasOpenAddress, isAgentEnabled, isOpen } from "../../src/proxmox/nics.ts";

test.each([
  ["1", true],
  [1, true],
  ["enabled=1,fstrim_cloned_disks=1", true],
  ["fstrim_cloned_disks=1,enabled=1", true],
  ["1,type=isa", true],
  ["on", true],
  ["0", false],
  ["enabled=0", false],
  ["type=virtio", false],
  ["", false],
  [null, false],
  [undefined, false],
  ["enabled=maybe", undefined],
  ["1,enabled=0", undefined],
  [{ enabled: 1 }, undefined],
])("agent: %j → %j", (agent, isEnabled) => expect(isAgentEnabled({ agent })).toBe(isEnabled));

test.each([
  ["name=eth0,ip=dhcp", true],
  ["name=eth0,ip=10.0.0.1/24,ip6=auto", true],
  ["name=eth0,ip=MANUAL", true],
  ["name=eth0,ip=10.0.0.1/24,gw=10.0.0.254", false],
  ["name=eth0,ip=10.0.0.1/24,ip6=2001:db8::1/64", false],
  ["name=eth0,ip6=2001:db8::1/64", false],
  ["name=eth0", true],
  ["bridge=vmbr0", true],
  ["name=eth0,ip=", true],
  // No NIC: what the container answered could be put on none.
  ["name=eth0,name=eth1,ip=dhcp", false],
  ["ip=dhcp", false],
  ["eth0", false],
  [7, false],
])("net0: %j leaves an address open: %j", (net0, isLeftOpen) => {
  expect(hasOpenAddress({ net0 })).toBe(isLeftOpen);
  expect(hasOpenAddress({ net0: "name=lan,ip=10.0.0.9/24", net7: net0 })).toBe(isLeftOpen);
  expect(hasOpenAddress({ rootfs: net0, network: net0 })).toBe(false);
});

const STATIC = { ip: "10.0.0.1/24", ip6: "2001:db8::1/64" } as const;
const WORDS = ["dhcp", "auto", "manual", "DHCP"] as const;

test("a family is open where a word stands for its address, or where neither is given", () => {
  expect(Object.values(ADDRESS_KEYS).map((key) => isOpen({}, key))).toEqual([true, true]);
  for (const [key, other] of [["ip", "ip6"], ["ip6", "ip"]] as const) {
    expect(isOpen({ [key]: STATIC[key] }, key)).toBe(false);
    expect(isOpen({ [key]: STATIC[key] }, other)).toBe(false);
    for (const word of WORDS) {
      expect(isOpen({ [key]: word }, key)).toBe(true);
      expect(isOpen({ [key]: word }, other)).toBe(false);
      expect(isOpen({ ...STATIC, [key]: word }, other)).toBe(false);
    }
  }
});

test("where Proxmox VE does not manage the container, it writes no family that is not given", () => {
  const net0 = "name=eth0,ip=10.0.0.1/24";
  expect(isOpen({ ip: STATIC.ip }, "ip6", "unmanaged")).toBe(true);
  expect(isOpen({ ip: STATIC.ip }, "ip", "unmanaged")).toBe(false);
  expect(isOpen({ ip: STATIC.ip }, "ip6", "debian")).toBe(false);
  expect(hasOpenAddress({ net0, ostype: "unmanaged" })).toBe(true);
});
