/** netN of QEMU guests and containers. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ADDRESS_KEYS,
  hasOpenAddress,
  isAgentEnabled,
  isOpen,
  type Net,
  nicsOf,
  parseMac,
  parseNet,
} from "../../src/proxmox/nics.ts";
import { parseVlanId } from "../../src/proxmox/values.ts";
import { anyText, anyValue, lookalike } from "../helpers/arbitraries.ts";

const MODELS = (
  "e1000 e1000-82540em e1000-82544gc e1000-82545em e1000e i82551 i82557b i82559er ne2k_isa " +
  "ne2k_pci pcnet rtl8139 virtio vmxnet3"
).split(" ");
const MAC = "BC:24:11:2E:C5:4A";
const PLAIN: Partial<Net> = {
  model: expect.stringMatching(/^(?:virtio|e1000|veth)$/),
  hasZeroMac: false,
  trunks: undefined,
  isDisconnected: false,
  unparsable: [],
};

const hexByte = fc.integer({ min: 0, max: 255 }).map((byte) => byte.toString(16).padStart(2, "0"));
const mac = fc.array(hexByte, { minLength: 6, maxLength: 6 })
  .map((bytes) => bytes.join(":"))
  .filter((text) => /[^0:]/.test(text));

describe("a NIC of a QEMU guest", () => {
  test.each<[string, Partial<Net>]>([
    [`virtio=${MAC},bridge=vmbr0`, { mac: MAC }],
    [`virtio=${MAC},bridge=vmbr0,firewall=1,tag=20`, { mac: MAC, vlanId: 20 }],
    [`tag=20,bridge=vmbr0,virtio=${MAC}`, { mac: MAC, vlanId: 20 }],
    [`model=virtio,macaddr=${MAC},bridge=vmbr0`, { mac: MAC }],
    [`virtio,macaddr=${MAC},bridge=vmbr0`, { mac: MAC }],
    ["e1000=bc:24:11:4e:8f:d1,bridge=vmbr0", { model: "e1000", mac: "BC:24:11:4E:8F:D1" }],
    ["virtio,bridge=vmbr0", {}],
    ["virtio", {}],
    [`virtio=${MAC}`, { mac: MAC }],
    [`virtio=${MAC},bridge=vmbr0,tag=20,trunks=2;5-7`, { mac: MAC, vlanId: 20, trunks: "2;5-7" }],
    [`virtio=${MAC},bridge=vmbr0,trunks=2;5-7;30`, { mac: MAC, trunks: "2;5-7;30" }],
    [`virtio=${MAC},link_down=1`, { mac: MAC, isDisconnected: true }],
    [`virtio=${MAC},link_down=on`, { mac: MAC, isDisconnected: true }],
    [`virtio=${MAC},link_down=0`, { mac: MAC }],
    [`virtio=${MAC},mtu=1`, { mac: MAC }],
    [`virtio=${MAC},mtu=9000`, { mac: MAC, mtu: 9000 }],
    [`virtio=${MAC},tag=+5,mtu=+1500`, { mac: MAC, vlanId: 5, mtu: 1500 }],
    [`virtio=${MAC},tag=0005,mtu=01500`, { mac: MAC, vlanId: 5, mtu: 1500 }],
    ["virtio=00:00:00:00:00:00,tag=20", { hasZeroMac: true, vlanId: 20 }],
    ["model=virtio,macaddr=00:00:00:00:00:00", { hasZeroMac: true }],
    [`virtio=${MAC},mtu=65520`, { mac: MAC, mtu: 65_520 }],
    [`virtio=${MAC},queues=4,rate=12.5,host-tunnel=1`, { mac: MAC }],
    [`virtio=${MAC},a-key-of-the-next-release=1`, { mac: MAC }],
    [`virtio=${MAC},name=eth0,ip=10.0.0.5/24`, { mac: MAC }],
  ])("%s is parsed", (text, expected) => {
    expect({ ...parseNet("qemu", text), bridge: undefined }).toEqual({ ...PLAIN, ...expected });
  });

  test.each([
    ["virtio,bridge=vmbr0", "vmbr0"],
    ["virtio,bridge=", undefined],
    ["virtio", undefined],
  ])("%s is on bridge %s", (text, bridge) => {
    expect(parseNet("qemu", text)?.bridge).toBe(bridge);
  });

  test.each(MODELS)("may have the model %s", (model) => {
    expect(parseNet("qemu", `${model}=${MAC},bridge=vmbr0`)?.mac).toBe(MAC);
    expect(parseNet("qemu", `model=${model},macaddr=${MAC}`)?.mac).toBe(MAC);
  });

  test.each(["", ",", "nonsense", "bridge=vmbr0,tag=20", `virtio=${MAC},tag=1,tag=2`])(
    "is undefined for %j",
    (text) => {
      expect(parseNet("qemu", text)).toBeUndefined();
    },
  );
});

describe("a NIC of a container", () => {
  test.each<[string, Partial<Net>]>([
    [
      `name=eth0,bridge=vmbr0,firewall=1,gw=10.0.0.1,hwaddr=${MAC},ip=10.0.0.60/24,ip6=auto,type=veth`,
      {
        name: "eth0",
        mac: MAC,
        ip: "10.0.0.60/24",
        ip6: "auto",
      },
    ],
    [`hwaddr=${MAC.toLowerCase()},name=lan0,tag=30`, { name: "lan0", mac: MAC, vlanId: 30 }],
    ["name=eth0,ip=dhcp,ip6=dhcp", { name: "eth0", ip: "dhcp", ip6: "dhcp" }],
    ["name=eth0,hwaddr=00:00:00:00:00:00", { name: "eth0", hasZeroMac: true }],
    ["name=eth0,tag=+5,mtu=+1400", { name: "eth0", vlanId: 5, mtu: 1400 }],
    ["name=eth0,ip=manual", { name: "eth0", ip: "manual" }],
    ["name=eth0,ip6=2001:db8::60/64,gw6=fe80::1", { name: "eth0", ip6: "2001:db8::60/64" }],
    ["name=eth0,link_down=1,mtu=1400", { name: "eth0", isDisconnected: true, mtu: 1400 }],
    ["name=eth0,trunks=2;3", { name: "eth0", trunks: "2;3" }],
    [`bridge=vmbr0,hwaddr=${MAC}`, { mac: MAC }],
  ])("%s is parsed", (text, expected) => {
    expect({ ...parseNet("lxc", text), bridge: undefined }).toEqual({ ...PLAIN, ...expected });
  });
});

describe("a NIC with a value that cannot be parsed", () => {
  test.each([
    ["tag=0", "tag"],
    ["tag=4095", "tag"],
    ["tag=-5", "tag"],
    ["tag=1.5", "tag"],
    ["tag=twenty", "tag"],
    ["tag=++5", "tag"],
    ["tag=+", "tag"],
    ["tag=1e1", "tag"],
    ["tag=0x5", "tag"],
    ["tag=-0", "tag"],
    ["mtu=-1500", "mtu"],
    ["mtu=1500.0", "mtu"],
    ["mtu=0", "mtu"],
    ["mtu=70000", "mtu"],
    ["mtu=jumbo", "mtu"],
  ])("is kept without it: %s", (part, name) => {
    const expected = { ...PLAIN, mac: MAC, bridge: "vmbr0", unparsable: [name] };
    expect(parseNet("qemu", `virtio=${MAC},${part},bridge=vmbr0`)).toEqual(expected);
    expect(parseNet("lxc", `hwaddr=${MAC},${part},bridge=vmbr0`)).toEqual(expected);
  });

  test("has an unknown link state with link_down=maybe", () => {
    const expected = { mac: MAC, unparsable: ["link_down"], isDisconnected: undefined };
    expect(parseNet("qemu", `virtio=${MAC},link_down=maybe`))
      .toEqual({ ...PLAIN, ...expected });
  });

  test.each(["virtio=nonsense", "virtio=BC:24:11:2E:C5", "model=virtio,macaddr=BC2411"])(
    "has no MAC address, which is listed: %s",
    (part) => {
      const net = parseNet("qemu", `${part},tag=20`);
      expect(net).toEqual({ ...PLAIN, vlanId: 20, unparsable: ["mac"] });
    },
  );
});

describe("for any text,", () => {
  const parts = fc.shuffledSubarray(["bridge=vmbr0", "tag=7", "mtu=1400", "link_down=1"]);

  test("a MAC address is parsed in any case and written in upper case", () => {
    fc.assert(fc.property(fc.mixedCase(mac), fc.constantFrom(...MODELS), (written, model) => {
      const upper = written.toUpperCase();
      expect(parseMac(written)).toBe(upper);
      expect(parseNet("qemu", `${model}=${written}`)?.mac).toBe(upper);
      expect(parseNet("lxc", `name=eth0,hwaddr=${written}`)?.mac).toBe(upper);
    }));
  });

  test("the order of the parts does not matter", () => {
    fc.assert(fc.property(parts, fc.nat(), (written, place) => {
      const at = place % (written.length + 1);
      const shuffled = parseNet("qemu", written.toSpliced(at, 0, `virtio=${MAC}`).join(","));
      const sorted = parseNet("qemu", [`virtio=${MAC}`, ...written.toSorted()].join(","));
      expect(shuffled).toEqual(sorted);
      expect(shuffled?.vlanId).toBe(written.includes("tag=7") ? 7 : undefined);
    }));
  });

  test("only 1 to 4094 are VLAN IDs", () => {
    const id = fc.oneof(fc.integer(), fc.integer({ min: -3, max: 4200 }), fc.double());
    fc.assert(fc.property(id, (value) => {
      const expected = Number.isInteger(value) && value >= 1 && value <= 4094 ? value : undefined;
      expect(parseVlanId(value)).toBe(expected);
    }));
    expect([1, "4094", 4095, 0].map(parseVlanId)).toEqual([1, 4094, undefined, undefined]);
  });

  test.each(["00:00:00:00:00:00", "", "BC-24-11-2E-C5-4A", `${MAC}:00`, "0.0.0.0", null, 7])(
    "%j is not a MAC address",
    (value) => {
      expect(parseMac(value)).toBeUndefined();
    },
  );

  test("parseNet gives values in range, and never throws", () => {
    const words = [
      "virtio",
      "name",
      "hwaddr",
      "tag",
      "mtu",
      "ip",
      "trunks",
      MAC,
      "=",
      "=",
      ",",
      ",",
    ];
    const text = fc.oneof(anyText(), lookalike(...words));
    fc.assert(fc.property(fc.constantFrom("qemu", "lxc"), text, (kind, written) => {
      const net = parseNet(kind, written);
      if (net?.mac !== undefined) expect(net.mac).toMatch(/^[0-9A-F]{2}(:[0-9A-F]{2}){5}$/);
      expect(net?.vlanId ?? 1).toSatisfy((id: number) => id >= 1 && id <= 4094);
      expect(net?.mtu ?? 2).toBeGreaterThan(1);
      expect([net?.name, net?.ip, net?.ip6]).not.toContain("");
      if (kind === "qemu") expect(net?.name ?? net?.ip ?? net?.ip6).toBeUndefined();
    }));
    fc.assert(fc.property(anyValue(), (value) => {
      expect(() => [parseMac(value), parseVlanId(value)]).not.toThrow();
    }));
  });
});

/** Options of a config that decide which requests follow. */

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
])(
  "agent=%j is enabled: %j",
  (agent, isEnabled) => expect(isAgentEnabled({ agent })).toBe(isEnabled),
);

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
  // Not a NIC: addresses of the container could not be assigned to it.
  ["name=eth0,name=eth1,ip=dhcp", false],
  ["ip=dhcp", false],
  ["eth0", false],
  [7, false],
])("net0=%j may have addresses that the config does not contain: %j", (net0, isLeftOpen) => {
  expect(hasOpenAddress({ net0 })).toBe(isLeftOpen);
  expect(hasOpenAddress({ net0: "name=lan,ip=10.0.0.9/24", net7: net0 })).toBe(isLeftOpen);
  expect(hasOpenAddress({ rootfs: net0, network: net0 })).toBe(false);
});

const STATIC = { ip: "10.0.0.1/24", ip6: "2001:db8::1/64" } as const;
const WORDS = ["dhcp", "auto", "manual", "DHCP"] as const;

test("a family is open if a word replaces its address, or if neither family is given", () => {
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

test("in an unmanaged container, families without an address are open", () => {
  const net0 = "name=eth0,ip=10.0.0.1/24";
  expect(isOpen({ ip: STATIC.ip }, "ip6", "unmanaged")).toBe(true);
  expect(isOpen({ ip: STATIC.ip }, "ip", "unmanaged")).toBe(false);
  expect(isOpen({ ip: STATIC.ip }, "ip6", "debian")).toBe(false);
  expect(hasOpenAddress({ net0, ostype: "unmanaged" })).toBe(true);
});

test("the NICs of a config are those that can be parsed, by their key", () => {
  const config = {
    net0: `virtio=${MAC}`,
    net1: "?",
    net2: ["virtio"],
    netx: "virtio",
    net10: "e1000",
  };
  expect(nicsOf("qemu", config).map(({ key, net }) => [key, net.mac]))
    .toEqual([["net0", MAC], ["net10", undefined]]);
});
