/** What a config says of the questions that may follow. */
import { expect, test } from "vitest";
import { hasDynamicAddress, isAgentEnabled } from "../../src/snapshot/worth-asking.ts";

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
])("agent: %j → %j", (agent, isEnabled) => expect(isAgentEnabled({ agent })).toBe(isEnabled));

test.each([
  ["name=eth0,ip=dhcp", true],
  ["name=eth0,ip=10.0.0.1/24,ip6=auto", true],
  ["name=eth0,ip=MANUAL", true],
  ["name=eth0,ip=10.0.0.1/24,gw=10.0.0.254", false],
  ["name=eth0", false],
  ["name=eth0,name=eth1,ip=dhcp", false],
  [7, false],
])("net0: %j has an address from elsewhere: %j", (net0, isDynamic) => {
  expect(hasDynamicAddress({ net0 })).toBe(isDynamic);
  expect(hasDynamicAddress({ rootfs: net0, network: net0 })).toBe(false);
});
