/** Addresses of node interfaces, and which are primary. Each test covers one rule of the mapping. */
import { describe, expect, test } from "vitest";
import { PATHS } from "../../../src/proxmox/endpoints.ts";
import { only, type Outcome, transformed } from "../../helpers/in-memory.ts";
import { type Lab, lab, nodeWith } from "../../helpers/lab.ts";
import { primaryOf } from "../../helpers/primary-addresses.ts";

function addressesOf(outcome: Outcome): string[] {
  return outcome.of("ip-address").map(({ address }) => address);
}

describe("a node's address", () => {
  test.each([
    [{ cidr: "10.0.0.2/24", address: "10.9.9.9", netmask: "8" }, "10.0.0.2/24"],
    [{ address: "10.0.0.2", netmask: "24" }, "10.0.0.2/24"],
    [{ address: "10.0.0.2", netmask: 24 }, "10.0.0.2/24"],
    [{ address: "10.0.0.2", netmask: "255.255.255.0" }, "10.0.0.2/24"],
    [{ cidr: "nonsense", address: "10.0.0.2", netmask: "24" }, "10.0.0.2/24"],
    [{ cidr: "", address: "10.0.0.2", netmask: "24" }, "10.0.0.2/24"],
    [{ cidr: "10.0.0.2", address: "10.0.0.2", netmask: "24" }, "10.0.0.2/24"],
    [{ cidr6: "2001:DB8::0:2/64" }, "2001:db8::2/64"],
    [{ address6: "2001:db8::2", netmask6: "64" }, "2001:db8::2/64"],
  ])("of %j is %s: cidr is preferred to address and netmask", async (row, expected) => {
    const outcome = await nodeWith([{ iface: "vmbr0", type: "bridge", ...row }]);
    expect(addressesOf(outcome)).toEqual([expected]);
    expect(only(outcome.of("ip-address")).assigned_object_interface)
      .toMatchObject({ name: "vmbr0", type: "bridge", device: { name: "pve1" } });
  });

  test("is sent for each family", async () => {
    const row = { iface: "vmbr0", cidr: "10.0.0.2/24", cidr6: "2001:db8::2/64" };
    expect(addressesOf(await nodeWith([row]))).toEqual(["10.0.0.2/24", "2001:db8::2/64"]);
  });

  test.each([
    ["loopback", "127.0.0.1/8"],
    ["link-local", "169.254.7.7/16"],
    ["link-local", "fe80::1/64"],
    ["bad-prefix", "10.0.0.2/33"],
    ["bad-prefix", "10.0.0.2"],
    ["unparsable", "10.0.0.300/24"],
    ["not-assignable", "10.0.0.0/24"],
    ["not-assignable", "10.0.0.255/24"],
    ["not-assignable", "10.0.0.2/0"],
    ["not-assignable", "2001:db8::/64"],
    ["not-assignable", "224.0.0.5/24"],
    ["not-assignable", "239.255.255.250/32"],
    ["not-assignable", "255.255.255.255/32"],
    ["not-assignable", "ff02::1/64"],
  ])("is left out as %s: %s", async (reason, cidr) => {
    const key = cidr.includes(":") ? "cidr6" : "cidr";
    const outcome = await nodeWith([{ iface: "eno1", [key]: cidr }]);
    expect(addressesOf(outcome)).toEqual([]);
    expect(outcome.reasonsOf(`node/pve1/eno1/${cidr}`)).toEqual([reason]);
    if (/^(?:224|239|255|ff)/.test(cidr)) expect(outcome.of("prefix")).toEqual([]);
  });

  test.each(["10.0.0.0/31", "10.0.0.1/31", "10.0.0.2/32", "2001:db8::/127", "2001:db8::/128"])(
    "%s can be assigned",
    async (cidr) => {
      const key = cidr.includes(":") ? "cidr6" : "cidr";
      expect(addressesOf(await nodeWith([{ iface: "eno1", [key]: cidr }]))).toEqual([cidr]);
    },
  );
});

describe("a node's primary address", () => {
  test("is the first of its family, in the order of the interfaces file", async () => {
    const outcome = await nodeWith([
      { iface: "eno1", cidr: "10.0.1.2/24", priority: 10 },
      { iface: "eno2", cidr: "10.0.2.2/24", cidr6: "2001:db8::2/64", priority: "9" },
      { iface: "eno3", cidr6: "2001:db8::3/64", priority: 3 },
    ]);
    expect(primaryOf(outcome, "pve1")).toEqual(["10.0.2.2/24", "2001:db8::3/64"]);
    expect(outcome.device).not.toHaveProperty("primary_ip4");
  });

  test("comes from interfaces without a priority last, in natural order", async () => {
    const outcome = await nodeWith([
      { iface: "eno10", cidr: "10.0.10.2/24" },
      { iface: "eno9", cidr: "10.0.9.2/24" },
      { iface: "vmbr0", cidr6: "2001:db8::2/64", priority: 7 },
      { iface: "eno1", cidr6: "2001:db8::1/64" },
    ]);
    expect(primaryOf(outcome, "pve1")).toEqual(["10.0.9.2/24", "2001:db8::2/64"]);
  });

  test("is never an address that was left out, and is cleared only with CLEAR_EMPTY", async () => {
    const rows = [
      { iface: "eno1", cidr: "169.254.1.1/16", priority: 1 },
      { iface: "eno2", cidr: "10.0.0.0/24", priority: 2 },
      { iface: "eno3", cidr: "10.0.0.2/24", priority: 3 },
    ];
    expect(primaryOf(await nodeWith(rows), "pve1")).toEqual(["10.0.0.2/24", undefined]);
    expect((await nodeWith([])).device.primary_ip4).toBe(undefined);
    expect((await nodeWith([], { CLEAR_EMPTY: "true" })).device.primary_ip4).toEqual({});
  });

  test("from DHCP is not cleared with CLEAR_EMPTY, since it is unknown", async () => {
    const rows = [{ iface: "vmbr0", type: "bridge", method: "dhcp", method6: "manual" }];
    const { device } = await nodeWith(rows, { CLEAR_EMPTY: "true" });
    expect([device.primary_ip4, device.primary_ip6]).toEqual([undefined, {}]);
  });

  test.each([
    ["static", {}],
    ["manual", {}],
    ["loopback", {}],
    [undefined, {}],
    ["dhcp", undefined],
    ["auto", undefined],
    ["ppp", undefined],
    [{}, undefined],
  ])(
    "with method %j on its only interface is cleared to %j, in that family alone",
    async (method, to) => {
      const { device } = await nodeWith([{ iface: "eno1", method }], { CLEAR_EMPTY: "true" });
      expect([device.primary_ip4, device.primary_ip6]).toEqual([to, {}]);
      const other = await nodeWith([{ iface: "eno1", method6: method }], { CLEAR_EMPTY: "true" });
      expect([other.device.primary_ip4, other.device.primary_ip6]).toEqual([{}, to]);
    },
  );

  test.each([
    ["only part of the network", PATHS.network("pve1")],
    ["possibly only part of it, for lack of the ACL", PATHS.acl],
  ])("is not cleared with CLEAR_EMPTY when the token sees %s", async (_what, path) => {
    const whole = lab({ nodes: { pve1: { network: [{ iface: "eno1", method: "manual" }] } } });
    const gap = { path, reason: "filtered" };
    const part = { ...whole, manifest: { ...whole.manifest, incomplete: [gap] } };
    const [seen, filtered] = await Promise.all(
      [whole, part].map((each) => transformed(each, { CLEAR_EMPTY: "true" })),
    );
    expect(only(seen?.of("device") ?? []).primary_ip4).toEqual({});
    expect(only(filtered?.of("device") ?? [])).not.toHaveProperty("primary_ip4");
    expect(only(filtered?.of("device") ?? [])).not.toHaveProperty("primary_ip6");
  });

  test.each([
    PATHS.network("pve1"),
    PATHS.permissions,
  ])(
    "is not taken from another interface if %s is incomplete, since the bridge may be hidden",
    async (path) => {
      const network = [{ iface: "eno1.25", type: "vlan", cidr: "172.16.25.1/24" }];
      const whole = lab({ nodes: { pve1: { network } } });
      const gap = { path, reason: "filtered", cause: "filtered" };
      const part = { ...whole, manifest: { ...whole.manifest, incomplete: [gap] } };
      const [seen, filtered] = await Promise.all([whole, part].map((each) => transformed(each)));
      expect(primaryOf(seen!, "pve1")).toEqual(["172.16.25.1/24", undefined]);
      expect(primaryOf(filtered!, "pve1")).toEqual([undefined, undefined]);
      expect(filtered?.of("ip-address").map(({ address }) => address)).toEqual(["172.16.25.1/24"]);
    },
  );

  test.each([
    [PATHS.resources, ["cluster/resources"]],
    [PATHS.network("pve1"), ["node/pve1/network"]],
    [PATHS.acl, ["cluster/resources", "node/pve1/network"]],
    [PATHS.permissions, ["cluster/resources", "node/pve1/network"]],
  ])("is unknown if %s is incomplete, and that is listed as denied", async (path, whats) => {
    const whole = lab({ nodes: { pve1: { network: [] } } });
    const incomplete = [{ path, reason: "filtered", cause: "filtered" }];
    const { leftOut } = await transformed({
      ...whole,
      manifest: { ...whole.manifest, incomplete },
    });
    expect(leftOut.map(({ what, reason }) => [what, reason]))
      .toEqual(whats.map((what) => [what, "denied"]));
  });

  test("is kept on the node whose network is incomplete, and cleared on others", async () => {
    const whole = lab({ nodes: { pve1: { network: [] }, pve2: { network: [] } } });
    const gap = { path: PATHS.network("pve2"), reason: "filtered" };
    const part = { ...whole, manifest: { ...whole.manifest, incomplete: [gap] } };
    const devices = (await transformed(part, { CLEAR_EMPTY: "true" })).of("device");
    expect(devices.map((device) => device.primary_ip4)).toEqual([{}, undefined]);
  });

  test.each([
    { iface: "vmbr0", type: "bridge", cidr: "10.0.0.2/240" },
    { iface: "vmbr0", type: "bridge", cidr: "here/24" },
    { type: "bridge", cidr: "10.0.0.2/24" },
    "vmbr0",
  ])("is not cleared when an interface could not be parsed: %j", async (row) => {
    const { device } = await nodeWith([row], { CLEAR_EMPTY: "true" });
    expect([device.primary_ip4, device.primary_ip6]).toEqual([undefined, undefined]);
  });
});

describe("network changes that are not applied", () => {
  const network = (changes?: unknown, cidr = "192.0.2.11/24"): Lab => ({
    nodes: {
      pve1: {
        network: {
          status: 200,
          data: [{ iface: "vmbr0", cidr, priority: 3 }],
          ...(changes === undefined ? {} : { changes }),
        },
      },
    },
  });
  const DIFF = "--- /etc/network/interfaces\n+++ /etc/network/interfaces.new\n";

  test("are noted on their node, with the path of the answer", async () => {
    const { notes, all } = await transformed(lab(network(DIFF)));
    expect(notes.map(({ what, code, answer }) => [what, code, answer])).toEqual([
      ["node/pve1", "unapplied-changes", {
        file: "pve/nodes/pve1.json",
        path: PATHS.network("pve1"),
      }],
    ]);
    expect(all).toEqual((await transformed(lab(network()))).all);
  });

  test.each([[undefined], [""], [null], [["x"]]])(
    "are not reported for changes=%j",
    async (changes) => {
      expect((await transformed(lab(network(changes)))).notes).toEqual([]);
    },
  );

  test("prevent clearing a primary address, since the active one is not known", async () => {
    const primary = async (changes?: unknown) =>
      only((await transformed(lab(network(changes, "")), { CLEAR_EMPTY: "true" })).of("device"))
        .primary_ip4;
    expect(await primary()).toEqual({});
    expect(await primary(DIFF)).toBeUndefined();
  });
});
