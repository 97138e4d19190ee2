/** Addresses of containers: from the config and, with LXC_LIVE_ADDRESSES, from the running container. */
import { describe, expect, test } from "vitest";
import { only } from "../../helpers/in-memory.ts";
import { agentRow, guest101, type LabGuest } from "../../helpers/lab.ts";
import { primaryOf } from "../../helpers/primary-addresses.ts";

const MACS = ["BC:24:11:00:00:01", "BC:24:11:00:00:02"] as const;
const LIVE = { LXC_LIVE_ADDRESSES: "true" };

function container(guest: Omit<LabGuest, "vmid" | "kind">, settings = {}) {
  return guest101({ kind: "lxc", ...guest }, settings);
}

/** A row in the format of PVE 8.1 to 8.3. */
function oldRow(mac: string | null, inet: string, inet6?: string) {
  return { name: "eth0", hwaddr: mac, inet, ...(inet6 === undefined ? {} : { inet6 }) };
}

async function addressesOf(guest: Parameters<typeof container>[0], settings = {}) {
  return (await container(guest, settings)).of("ip-address").map(({ address }) => address);
}

const DHCP = { net0: `name=eth0,hwaddr=${MACS[0]},ip=dhcp,ip6=auto` };

describe("an address in a container's config", () => {
  test("`ip=` and `ip6=` are assigned to the NIC, without a guest agent", async () => {
    const config = { net0: "name=eth0,ip=10.0.0.60/24,ip6=2001:DB8::60/64,gw=10.0.0.1" };
    const outcome = await container({ config, row: { status: "stopped" } });
    expect(outcome.of("ip-address").map(({ address }) => address))
      .toEqual(["10.0.0.60/24", "2001:db8::60/64"]);
    for (const { assigned_object_vm_interface: nic } of outcome.of("ip-address")) {
      expect(nic).toMatchObject({ name: "eth0", virtual_machine: { name: "guest-101" } });
    }
    expect(primaryOf(outcome, "guest-101")).toEqual(["10.0.0.60/24", "2001:db8::60/64"]);
  });

  test.each(["dhcp", "manual", "auto"])(
    "ip=%s is not an address and is listed as dynamic-address",
    async (word) => {
      const outcome = await container({ config: { net0: `name=eth0,ip=${word}` } });
      expect(outcome.of("ip-address")).toEqual([]);
      expect(outcome.leftOut.map(({ what, reason }) => [what, reason]))
        .toEqual([[`vm/101/net0/ip=${word}`, "dynamic-address"]]);
    },
  );

  test.each([
    ["loopback", "127.0.0.1/8"],
    ["link-local", "169.254.1.1/16"],
    ["bad-prefix", "10.0.0.5"],
    ["unparsable", "10.0.0.300/24"],
    ["not-assignable", "10.0.0.255/24"],
    ["not-assignable", "239.1.2.3/24"],
    ["not-assignable", "255.255.255.255/24"],
  ])("is listed as %s: %s", async (reason, ip) => {
    const outcome = await container({ config: { net0: `name=eth0,ip=${ip}` } });
    expect(outcome.of("ip-address")).toEqual([]);
    expect(outcome.reasonsOf(`vm/101/net0/${ip}`)).toEqual([reason]);
  });

  test("is ignored on a QEMU guest: neither `ip=` nor ipconfigN is read", async () => {
    const config = { net0: "virtio,ip=10.0.0.5/24", ipconfig0: "ip=10.0.0.6/24" };
    expect((await guest101({ config })).of("ip-address")).toEqual([]);
  });

  test("from DHCP is never cleared as primary address with CLEAR_EMPTY", async () => {
    const settings = { CLEAR_EMPTY: "true" };
    expect((await container({ config: DHCP }, settings)).vm).not.toHaveProperty("primary_ip4");
    const none = await container({ config: {} }, settings);
    expect([none.vm.primary_ip4, none.vm.primary_ip6]).toEqual([{}, {}]);
    const unread = await container({ config: { status: 403 } }, settings);
    expect(unread.vm).not.toHaveProperty("primary_ip4");
  });
});

describe("a container's NIC without `ip` and `ip6`", () => {
  test("is configured inside the container, and listed for both families", async () => {
    const outcome = await container({ config: { net0: "name=eth0" } });
    expect(outcome.of("ip-address")).toEqual([]);
    expect(outcome.leftOut.map(({ what, reason }) => [what, reason])).toEqual([
      ["vm/101/net0/ip", "dynamic-address"],
      ["vm/101/net0/ip6", "dynamic-address"],
    ]);
  });

  test("has the addresses that the running container reports", async () => {
    const config = { net0: `name=eth0,hwaddr=${MACS[0]}` };
    const interfaces = [agentRow(MACS[0], ["10.0.0.9/24"])];
    const outcome = await container({ config, interfaces }, { ...LIVE, CLEAR_EMPTY: "true" });
    expect(primaryOf(outcome, "guest-101")).toEqual(["10.0.0.9/24", undefined]);
    expect(outcome.vm.primary_ip6).toEqual({});
  });
});

describe("with CLEAR_EMPTY, a container's primary address", () => {
  const SETTINGS = { CLEAR_EMPTY: "true" };
  const LIVE_AND_CLEAR = { ...LIVE, ...SETTINGS };
  const nic = (rest: string, i: 0 | 1 = 0) => `name=eth${i},hwaddr=${MACS[i]}${rest}`;

  /** "46": both are cleared; "": neither. A family with an address is not cleared. */
  async function cleared(guest: Parameters<typeof container>[0], settings: object = SETTINGS) {
    const { vm } = await container(guest, settings);
    return [4, 6].filter((family) => vm[family === 4 ? "primary_ip4" : "primary_ip6"]).join("");
  }

  test.each([
    ["", ""],
    [",ip=manual", "6"],
    [",ip=dhcp", "6"],
    [",ip6=auto", "4"],
    [",ip=10.0.0.9/24", "6"],
    [",ip6=2001:db8::9/64", "4"],
    [",ip=10.0.0.9/24,ip6=auto", ""],
    [",ip=dhcp,ip6=dhcp", ""],
    [",ip=", ""],
    [",ip=,ip6=2001:db8::9/64", "4"],
  ])(
    "is cleared if the NIC can have no address of that family: name=eth0%s clears %j",
    async (rest, expected) => {
      expect(await cleared({ config: { net0: nic(rest) } })).toBe(expected);
    },
  );

  test.each([
    [",ip=manual", "", ""],
    [",ip=manual", ",ip=dhcp", "6"],
    [",ip=dhcp", ",ip6=auto", ""],
    [",ip=10.0.0.9/24", ",ip=10.1.0.9/24", "6"],
    [",ip=10.0.0.9/24", "", ""],
  ])(
    "is cleared only if no NIC can have one: %j and %j clear %j",
    async (first, second, expected) => {
      expect(await cleared({ config: { net0: nic(first), net1: nic(second, 1) } })).toBe(expected);
    },
  );

  test("is not cleared when a NIC could not be parsed", async () => {
    const config = { net0: nic(",ip=10.0.0.9/24"), net1: "eth1,x" };
    expect(await cleared({ config })).toBe("");
    expect(await cleared({ config, interfaces: [] }, LIVE_AND_CLEAR)).toBe("");
  });

  test("is cleared if the running container reports none and every NIC has a MAC address", async () => {
    expect(await cleared({ config: { net0: nic("") }, interfaces: [] }, LIVE_AND_CLEAR)).toBe("46");
    const config = { net0: "name=eth0", net1: nic(",ip=dhcp", 1) };
    expect(await cleared({ config, interfaces: [] }, LIVE_AND_CLEAR)).toBe("");
    expect(await cleared({ config: { net0: "name=eth0,ip=dhcp" }, interfaces: [] }, LIVE_AND_CLEAR))
      .toBe("6");
  });

  test.each([
    ["an old row, which lists only one", oldRow(MACS[0], "10.0.0.9/24", "fe80::9/64"), ""],
    ["an old row with an empty list", {
      ...oldRow(MACS[0], "10.0.0.9/24", "fe80::9/64"),
      "ip-addresses": [],
    }, ""],
    ["a new row", agentRow(MACS[0], ["10.0.0.9/24", "fe80::9/64"]), "6"],
    ["an old row without a MAC", oldRow(null, "10.8.0.1/24", "fe80::9/64"), "46"],
  ])(
    "of IPv6 is not cleared when a link-local address may hide others: %s",
    async (_what, row, expected) => {
      expect(await cleared({ config: { net0: nic("") }, interfaces: [row] }, LIVE_AND_CLEAR))
        .toBe(expected);
    },
  );
});

describe("an address of a running container", () => {
  test("is read only with LXC_LIVE_ADDRESSES", async () => {
    const guest = { config: DHCP, interfaces: [agentRow(MACS[0], ["10.0.0.9/24"])] };
    expect(await addressesOf(guest)).toEqual([]);
    expect(await addressesOf(guest, LIVE)).toEqual(["10.0.0.9/24"]);
  });

  test("in an old row comes from `inet` and `inet6`", async () => {
    const interfaces = [oldRow(MACS[0].toLowerCase(), "10.0.0.9/24", "2001:db8::9/64")];
    expect(await addressesOf({ config: DHCP, interfaces }, LIVE))
      .toEqual(["10.0.0.9/24", "2001:db8::9/64"]);
  });

  test("that a new row lists in both formats is sent once", async () => {
    const row = {
      ...agentRow(MACS[0].toLowerCase(), ["10.0.0.9/24", "10.0.0.10/24"]),
      ...oldRow(MACS[0].toLowerCase(), "10.0.0.10/24"),
    };
    const outcome = await container({ config: DHCP, interfaces: [row] }, LIVE);
    expect(outcome.of("ip-address").map(({ address }) => address))
      .toEqual(["10.0.0.9/24", "10.0.0.10/24"]);
    expect(outcome.leftOut.filter(({ reason }) => reason === "duplicate-address")).toEqual([]);
  });

  test.each([
    [
      "loopback",
      { ...oldRow("00:00:00:00:00:00", "127.0.0.1/8"), name: "lo" },
      "live/lo/127.0.0.1/8",
    ],
    [
      "docker-bridge",
      { ...oldRow("02:42:00:00:00:01", "172.17.0.1/16"), name: "docker0" },
      "live/docker0/172.17.0.1/16",
    ],
    ["mac-unknown", { ...oldRow(null, "10.8.0.1/24"), name: "wg0" }, "live/wg0/10.8.0.1/24"],
    ["link-local", oldRow(MACS[0], "fe80::1/64"), "net0/fe80::1/64"],
  ])("is left out as %s: %j", async (reason, row, what) => {
    const outcome = await container({ config: DHCP, interfaces: [row] }, LIVE);
    expect(outcome.of("ip-address")).toEqual([]);
    expect(outcome.reasonsOf(`vm/101/${what}`)).toEqual([reason]);
  });

  test("that is also in the config is listed as a duplicate", async () => {
    const config = { net0: `name=eth0,hwaddr=${MACS[0]},ip=10.0.0.9/24` };
    const interfaces = [agentRow(MACS[0], ["10.0.0.9/24"])];
    const outcome = await container({ config, interfaces }, LIVE);
    expect(only(outcome.of("ip-address")).address).toBe("10.0.0.9/24");
    expect(outcome.reasonsOf("vm/101/net0/10.0.0.9/24")).toEqual(["duplicate-address"]);
  });

  test("is primary if it is on the first NIC, whether from the config or live", async () => {
    const config = {
      ...DHCP,
      net1: `name=eth1,hwaddr=${MACS[1]},ip=10.1.0.5/24,ip6=2001:db8::5/64`,
    };
    const interfaces = [agentRow(MACS[0], ["10.0.0.9/24"]), agentRow(MACS[1], ["10.1.0.5/24"])];
    const outcome = await container({ config, interfaces }, LIVE);
    expect(primaryOf(outcome, "guest-101")).toEqual(["10.0.0.9/24", "2001:db8::5/64"]);
    expect(outcome.of("ip-address").map(({ assigned_object_vm_interface: nic }) => nic?.name))
      .toEqual(["eth0", "eth1", "eth1"]);
  });

  test.each(
    [
      ["guest-stopped", { status: 200, data: null }, "stopped"],
      ["failed", { status: 501, error: "Method not implemented" }, "running"],
      ["denied", { status: 403 }, "running"],
      ["failed", null, "running"],
    ] as const,
  )("that was not read is listed as %s: %j", async (reason, interfaces, status) => {
    const settings = { ...LIVE, CLEAR_EMPTY: "true" };
    const outcome = await container({ config: DHCP, interfaces, row: { status } }, settings);
    expect(outcome.reasonsOf("vm/101/live")).toEqual([reason]);
    expect(outcome.vm).not.toHaveProperty("primary_ip4");
  });
});
