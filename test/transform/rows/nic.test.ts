/** VMInterface: the NICs of a guest. Each test covers one rule of the mapping. */
import { describe, expect, test } from "vitest";
import type { VMInterface } from "../../../src/netbox/types/vm-interface.ts";
import { only } from "../../helpers/in-memory.ts";
import { guest101 } from "../../helpers/lab.ts";

const MAC = "BC:24:11:2C:FE:01";

async function qemuNic(net0: unknown, settings = {}): Promise<VMInterface> {
  return only((await guest101({ config: { net0 } }, settings)).of("vm-interface"));
}

async function namesOf(config: Record<string, unknown>): Promise<string[]> {
  const outcome = await guest101({ kind: "lxc", config });
  return outcome.of("vm-interface").map(({ name }) => name);
}

describe("the name of a NIC", () => {
  test("of a QEMU guest is its key, in natural order, gaps included", async () => {
    const config = { net10: `e1000=${MAC}`, net1: "virtio", net2: "vmxnet3" };
    const outcome = await guest101({ config });
    expect(outcome.of("vm-interface").map(({ name }) => name)).toEqual(["net1", "net2", "net10"]);
  });

  test("of a QEMU guest is its key, even with `name=`", async () => {
    expect((await qemuNic(`virtio=${MAC},name=eth0`)).name).toBe("net0");
  });

  test("of a container is its `name=`, or its key without one", async () => {
    const config = {
      net0: `name=eth0,hwaddr=${MAC}`,
      net1: "bridge=vmbr0",
      net2: "name=,bridge=x",
    };
    expect(await namesOf(config)).toEqual(["eth0", "net1", "net2"]);
  });

  test("of a container is its key, and noted, if another NIC already has that name", async () => {
    const config = { net0: "name=eth0", net1: "name=eth0", net2: "name=eth0" };
    expect(await namesOf(config)).toEqual(["eth0", "net1", "net2"]);
    const outcome = await guest101({ kind: "lxc", config });
    expect(outcome.codesOf("vm/101/net1")).toEqual(["renamed"]);
    expect(outcome.codesOf("vm/101/net0")).toEqual([]);
  });

  test("is unique, even if a NIC is named like another NIC's key", async () => {
    const names = await namesOf({ net0: "name=net1", net1: "name=eth0", net2: "name=eth0" });
    expect(new Set(names).size).toBe(3);
    const crossed = await namesOf({ net0: "name=net1", net1: "name=net0" });
    expect(crossed).toEqual(["net1", "net0"]);
  });

  test("may differ from another only in case, as in Linux and NetBox", async () => {
    expect(await namesOf({ net0: "name=eth0", net1: "name=ETH0" })).toEqual(["eth0", "ETH0"]);
  });

  test("is cut to 64 characters, stays unique, and is noted", async () => {
    const config = { net0: `name=${"n".repeat(70)}a`, net1: `name=${"n".repeat(70)}b` };
    const names = await namesOf(config);
    expect(names[0]).toBe(`${"n".repeat(58)} (101)`);
    expect(names[1]?.length).toBeLessThan(65);
    expect(new Set(names).size).toBe(2);
    const outcome = await guest101({ kind: "lxc", config });
    expect(outcome.codesOf("vm/101/net0")).toContain("cut");
  });
});

describe("the MAC address of a NIC", () => {
  test.each([
    [`virtio=${MAC.toLowerCase()},bridge=vmbr0`],
    [`bridge=vmbr0,e1000e=${MAC}`],
    [`model=rtl8139,macaddr=${MAC.toLowerCase()}`],
    [`macaddr=${MAC},model=virtio`],
  ])("is read from %s and written in upper case", async (text) => {
    expect((await qemuNic(text)).primary_mac_address).toEqual({ mac_address: MAC });
  });

  test("of a container is its `hwaddr=`", async () => {
    const config = { net0: `name=eth0,hwaddr=${MAC.toLowerCase()},type=veth` };
    const nic = only((await guest101({ kind: "lxc", config })).of("vm-interface"));
    expect(nic.primary_mac_address).toEqual({ mac_address: MAC });
  });

  test.each(["virtio", "virtio,bridge=vmbr0"])(
    "is omitted and not listed if the NIC lacks one: %s",
    async (text) => {
      const outcome = await guest101({ config: { net0: text } });
      expect(only(outcome.of("vm-interface")).primary_mac_address).toBe(undefined);
      expect(outcome.reasonsOf("vm/101/net0/mac")).toEqual([]);
    },
  );

  test("that cannot be parsed is left out and listed; the NIC is sent", async () => {
    const outcome = await guest101({ config: { net0: "virtio=5A:1C:0E:77:20:4G,tag=7" } });
    const nic = only(outcome.of("vm-interface"));
    expect(nic.primary_mac_address).toBe(undefined);
    expect(nic.untagged_vlan).toMatchObject({ vid: "7" });
    expect(outcome.reasonsOf("vm/101/net0/mac")).toEqual(["unparsable"]);
  });
});

describe("the VLAN of a NIC", () => {
  test("from `tag=` is untagged, with mode access", async () => {
    const nic = await qemuNic(`virtio=${MAC},tag=20,bridge=vmbr0`, { SITE_NAME: "Yard" });
    expect(nic.untagged_vlan).toEqual({ vid: "20", name: "VLAN 20", site: { name: "Yard" } });
    expect(nic.mode).toBe("access");
  });

  test("is not sent without `tag=`, and neither is a mode", async () => {
    const nic = await qemuNic(`virtio=${MAC},bridge=vmbr0`);
    expect([nic.untagged_vlan, nic.mode]).toEqual([undefined, undefined]);
    expect(nic).not.toHaveProperty("tagged_vlans");
  });

  test("with `trunks=` has mode tagged, with `tag=` as untagged VLAN and no tagged VLANs", async () => {
    const both = await qemuNic(`virtio=${MAC},tag=20,trunks=2;5-7`);
    expect(both.mode).toBe("tagged");
    expect(both).not.toHaveProperty("tagged_vlans");
    expect(both.untagged_vlan).toMatchObject({ vid: "20" });
    const trunk = await qemuNic(`virtio=${MAC},trunks=2;5-7`);
    expect([trunk.mode, trunk.untagged_vlan]).toEqual(["tagged", undefined]);
  });

  test("in `trunks=` is not made a VLAN object", async () => {
    const outcome = await guest101({ config: { net0: "virtio,tag=20,trunks=2;5-7" } });
    expect(outcome.of("vlan").map(({ vid }) => vid)).toEqual(["20"]);
  });

  test.each(["0", "4095", "-1", "x", "1.5"])(
    "is not made from tag=%s, which is listed as unparsable",
    async (tag) => {
      const outcome = await guest101({ config: { net0: `virtio,tag=${tag}` } }, {
        CLEAR_EMPTY: "true",
      });
      const nic = only(outcome.of("vm-interface"));
      expect([nic.untagged_vlan, nic.mode]).toEqual([undefined, undefined]);
      expect(outcome.of("vlan")).toEqual([]);
      expect(outcome.reasonsOf("vm/101/net0/tag")).toEqual(["unparsable"]);
    },
  );

  test.each(["1", "4094"])("is made from tag=%s", async (tag) => {
    expect((await qemuNic(`virtio,tag=${tag}`)).untagged_vlan).toMatchObject({ vid: tag });
  });

  test("is also made for containers", async () => {
    const config = { net0: "name=eth0,tag=30" };
    const nic = only((await guest101({ kind: "lxc", config })).of("vm-interface"));
    expect([nic.mode, nic.untagged_vlan]).toMatchObject(["access", { vid: "30" }]);
  });

  test("is cleared with CLEAR_EMPTY if the NIC has none", async () => {
    expect((await qemuNic("virtio", { CLEAR_EMPTY: "true" })).untagged_vlan).toEqual({});
  });
});

test("an all-zero MAC address is left out, listed as zero-mac, and matches no address", async () => {
  const zero = "00:00:00:00:00:00";
  const config = { agent: "1", net0: `virtio=${zero},tag=20`, net1: `virtio=${zero}` };
  const interfaces = [{
    "name": "eth0",
    "hardware-address": zero,
    "ip-addresses": [{ "ip-address": "10.0.0.5", "prefix": 24 }],
  }];
  for (const clear of ["false", "true"]) {
    const outcome = await guest101({ config, interfaces }, { CLEAR_EMPTY: clear });
    expect(outcome.of("vm-interface").map(({ name }) => name)).toEqual(["net0", "net1"]);
    expect(JSON.stringify(outcome.all)).not.toContain("mac_address");
    for (const key of ["net0", "net1"]) {
      expect(outcome.reasonsOf(`vm/101/${key}/mac`)).toEqual(["zero-mac"]);
    }
    expect(outcome.reasonsOf("vm/101/agent/eth0/10.0.0.5/24")).toEqual(["mac-unknown"]);
    // QEMU assigns another MAC address to the NIC, so its addresses are unknown.
    expect(outcome.vm).not.toHaveProperty("primary_ip4");
  }
});

describe("a NIC", () => {
  test.each([["1", false], ["0", true], ["on", false], ["yes", false]])(
    "link_down=%s becomes enabled=%s",
    async (value, enabled) => {
      expect((await qemuNic(`virtio,link_down=${value}`)).enabled).toBe(enabled);
    },
  );

  test("with a link_down that cannot be parsed is sent without enabled", async () => {
    expect(await qemuNic("virtio,link_down=maybe")).not.toHaveProperty("enabled");
  });

  test("without link_down is enabled", async () => {
    expect((await qemuNic("virtio")).enabled).toBe(true);
  });

  test.each([["9000", "9000"], ["1400", "1400"], ["1", undefined], ["2", "2"]])(
    "mtu=%s becomes %s: 1 means the MTU of the bridge",
    async (mtu, expected) => {
      expect((await qemuNic(`virtio,mtu=${mtu}`)).mtu).toBe(expected);
    },
  );

  test.each([
    "",
    "bridge vmbr0 tag 50",
    "spaceport=BC:24:11:2C:FE:01",
    "virtio,virtio",
    "virtio,tag=1,tag=2",
    null,
    7,
    {},
  ])(
    "that cannot be parsed is listed, and the guest is sent: %j",
    async (net0) => {
      const outcome = await guest101({ config: { net0, net1: "virtio" } });
      expect(outcome.of("vm-interface").map(({ name }) => name)).toEqual(["net1"]);
      expect(outcome.reasonsOf("vm/101/net0")).toEqual(["unparsable"]);
      expect(outcome.vm.name).toBe("guest-101");
    },
  );

  test.each(["netin", "net", "net1a", "nets0", "Net0"])(
    "is not made from the key %s",
    async (key) => {
      expect((await guest101({ config: { [key]: "virtio" } })).of("vm-interface")).toEqual([]);
    },
  );
});
