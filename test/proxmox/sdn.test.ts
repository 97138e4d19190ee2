/** Zones, VNets and subnets of SDN: what is read, and that no row is lost. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Answer } from "../../src/proxmox/answers.ts";
import { PATHS } from "../../src/proxmox/endpoints.ts";
import { readSdn, type Sdn, type Vnet, vnetNames } from "../../src/proxmox/sdn.ts";
import { lookalike } from "../helpers/arbitraries.ts";
import { numRuns } from "../helpers/full-tests.ts";
import { snapshotIn } from "../helpers/serving.ts";
import { ok } from "../helpers/snapshot-builder.ts";

interface Parts {
  readonly zones?: Answer | readonly unknown[];
  readonly vnets?: Answer | readonly unknown[];
  /** By VNet. */
  readonly subnets?: Readonly<Record<string, Answer | readonly unknown[]>>;
}

function answersOf({ zones = [], vnets = [], subnets = {} }: Parts): Map<string, Answer> {
  const answer = (given: Answer | readonly unknown[]): Answer =>
    Array.isArray(given) ? ok(given) : given as Answer;
  return new Map([
    [PATHS.sdnZones, answer(zones)],
    [PATHS.sdnVnets, answer(vnets)],
    ...Object.entries(subnets).map(([vnet, given]) =>
      [PATHS.sdnSubnets(vnet), answer(given)] as const
    ),
  ]);
}

function read(parts: Parts): Sdn {
  const sdn = readSdn(answersOf(parts));
  if (sdn === undefined) throw new Error("SDN was not captured");
  return sdn;
}

function vnetOf(parts: Parts): Vnet & Pick<Sdn, "unread"> {
  const { vnets, unread } = read(parts);
  const [vnet] = vnets.values();
  if (vnet === undefined) throw new Error("There is no VNet");
  return { ...vnet, unread };
}

/** "/data/0/tag sdn-vnet/web tag 5000" */
function unreadTexts({ unread }: Pick<Sdn, "unread">): string[] {
  return unread.map(({ at, what, detail }) => `${at.pointer} ${what}: ${detail}`);
}

describe("the fixture with a zone of each kind", () => {
  test("has these zones", async () => {
    const { zones } = readSdn(await (await snapshotIn("test/fixtures/sdn")).cluster())!;
    const facts = [...zones.values()].map((zone) => ({ ...zone, at: undefined }));
    const none = { importTargets: [], nodes: [] };
    const qinq = { kind: "qinq", type: "qinq", bridge: "vmbr0", ...none };
    expect(facts).toEqual([
      { name: "carrier", serviceVlanId: 200, ...qinq },
      { name: "carrier2", serviceVlanId: 201, ...qinq },
      {
        name: "fabric",
        kind: "evpn",
        type: "evpn",
        vrfVni: 50000,
        importTargets: ["65000:100", "65000:200"],
        mtu: 1450,
        nodes: ["ash1", "ash2"],
      },
      { name: "fabric2", kind: "evpn", type: "evpn", vrfVni: 50001, mtu: 1450, ...none },
      { name: "lan", kind: "vlan", type: "vlan", bridge: "vmbr0", mtu: 1500, ...none },
      { name: "nat", kind: "simple", type: "simple", ...none },
      { name: "openflow", kind: "other", type: "faucet", ...none },
      { name: "overlay", kind: "vxlan", type: "vxlan", mtu: 1450, ...none },
    ]);
  });

  test("has these VNets, with VLAN IDs only in VLAN and QinQ zones", async () => {
    const { vnets, unread, gaps } = readSdn(
      await (await snapshotIn("test/fixtures/sdn")).cluster(),
    )!;
    const shown = ({ name, kind, zoneName, vlanId, vni, isVlanAware, subnets }: Vnet) =>
      [
        `${name}: ${kind ?? "?"} ${zoneName}`,
        ...(vlanId === undefined ? [] : [`VLAN ${vlanId}`]),
        ...(vni === undefined ? [] : [`VNI ${vni}`]),
        ...(isVlanAware ? ["aware"] : []),
        ...subnets.map(({ cidr, gateway, isSnat, dhcpRanges }) =>
          [
            cidr,
            gateway,
            ...(isSnat ? ["SNAT"] : []),
            ...dhcpRanges.map(({ start, end }) => `${start}-${end}`),
          ].filter((part) => part !== undefined).join(" ")
        ),
      ].join(", ");
    expect([...vnets.values()].map(shown)).toEqual([
      "cust1: qinq carrier, VLAN 10, 10.62.10.0/24 10.62.10.1",
      "cust2: qinq carrier, VLAN 11",
      "cust3: qinq carrier2, VLAN 10, 10.62.30.0/24",
      "custraw: qinq carrier",
      "evdb: evpn fabric, VNI 50020, 10.64.20.0/24 10.64.20.1",
      "evtest: evpn fabric2, VNI 50030, 10.64.10.0/24 10.64.10.1",
      "evweb: evpn fabric, VNI 50010, 10.64.10.0/24 10.64.10.1 SNAT, " +
      "2001:db8:64:10::/64 2001:db8:64:10::1",
      "hosting: vlan lan, VLAN 120, aware",
      "lonely: simple nat",
      "natnet: simple nat, 10.60.0.0/24 10.60.0.1 SNAT 10.60.0.100-10.60.0.149 " +
      "10.60.0.180-10.60.0.199, 2001:db8:60::/64 2001:db8:60::1 SNAT",
      "office: vlan lan, VLAN 110, 10.61.10.0/24 10.61.10.1, 2001:db8:61:10::/64",
      "ofnet: other openflow",
      "orphan: ? gone, 10.65.0.0/24 10.65.0.1",
      "vxone: vxlan overlay, VNI 30010, 10.63.10.0/24, 2001:db8:63:10::/64",
      "vxtwo: vxlan overlay, VNI 100, aware",
    ]);
    expect([unread, [...gaps]]).toEqual([[], []]);
    expect(vnets.get("office")?.alias).toBe("Office, 2nd floor");
    expect(vnets.get("orphan")?.zone).toBeUndefined();
  });
});

describe("the tag of a VNet", () => {
  const tagged = (type: string, tag: unknown) =>
    vnetOf({ zones: [{ zone: "z1", type }], vnets: [{ vnet: "web", zone: "z1", tag }] });

  test.each([
    ["vlan", 10, { vlanId: 10 }],
    ["vlan", "4094", { vlanId: 4094 }],
    ["qinq", "1", { vlanId: 1 }],
    ["vxlan", 16_777_215, { vni: 16_777_215 }],
    ["evpn", "4095", { vni: 4095 }],
    ["faucet", 10, {}],
    ["other", 10, {}],
    ["qinq", undefined, {}],
    ["simple", "", {}],
  ])("of a zone of type %s, %j, is read as %j", (type, tag, expected) => {
    const { vlanId, vni, unread } = tagged(type, tag);
    expect(JSON.parse(JSON.stringify({ vlanId, vni }))).toEqual(expected);
    expect(unread).toEqual([]);
  });

  // Proxmox VE accepts 4095, 4096 and 16777216.
  test.each([
    ["vlan", 4095],
    ["vlan", 4096],
    ["qinq", 0],
    ["vlan", "1e1"],
    ["vlan", [10]],
    ["vxlan", 16_777_216],
    ["evpn", "x"],
    ["simple", 10],
  ])("of a zone of type %s, %j, is listed as unreadable", (type, tag) => {
    const { vlanId, vni, unread } = tagged(type, tag);
    expect([vlanId, vni]).toEqual([undefined, undefined]);
    expect(unreadTexts({ unread })).toEqual([
      `/data/0/tag sdn-vnet/web: tag ${JSON.stringify(tag)}`,
    ]);
  });

  test("means nothing in a zone that is not listed", () => {
    const vnet = vnetOf({ vnets: [{ vnet: "web", zone: "gone", tag: 99_999_999 }] });
    expect(vnet).toMatchObject({ zone: undefined, kind: undefined, unread: [] });
  });
});

describe("a subnet", () => {
  const subnet = (row: object) =>
    vnetOf({ vnets: [{ vnet: "web", zone: "z1" }], subnets: { web: [row] } });

  test.each([
    [{ subnet: "z1-10.0.0.0-24" }, "10.0.0.0/24"],
    [{ subnet: "z1-10.0.0.0-24", cidr: "10.9.0.0/16" }, "10.9.0.0/16"],
    [{ subnet: "z1-2001:DB8:0::-64" }, "2001:db8::/64"],
    [{ subnet: "z1-10.0.0.7-24" }, "10.0.0.0/24"],
    [{ subnet: "z1-10.0.0.7-32" }, "10.0.0.7/32"],
  ])("%j is %s", (row, cidr) => {
    const { subnets, unread } = subnet(row);
    expect(subnets.map((each) => each.cidr)).toEqual([cidr]);
    expect(unread).toEqual([]);
  });

  test.each([
    [{}, "/data/0 sdn-subnet/?"],
    [{ subnet: "z1" }, "/data/0 sdn-subnet/z1"],
    [{ cidr: "10.0.0.0/24" }, "/data/0 sdn-subnet/?"],
    [{ subnet: "z1-10.0.0.0-33" }, "/data/0 sdn-subnet/z1-10.0.0.0-33"],
    [{ subnet: "z1-0.0.0.0-0" }, "/data/0 sdn-subnet/z1-0.0.0.0-0"],
  ])("%j cannot be read", (row, place) => {
    const { subnets, unread } = subnet(row);
    expect(subnets).toEqual([]);
    expect(unreadTexts({ unread }).map((text) => text.split(": ")[0])).toEqual([place]);
  });

  test("has a gateway and ranges without masks, and may have unreadable ones", () => {
    const { subnets, unread } = subnet({
      "subnet": "z1-10.0.0.0-24",
      "gateway": "10.0.0.1/24",
      "snat": "0",
      "dhcp-range": [
        { "start-address": "10.0.0.10", "end-address": "10.0.0.20" },
        "start-address=10.0.0.30,end-address=10.0.0.40",
        { "start-address": "10.0.0.50" },
        null,
      ],
    });
    expect(subnets[0]).toMatchObject({
      isSnat: false,
      dhcpRanges: [{ start: "10.0.0.10", end: "10.0.0.20" }, {
        start: "10.0.0.30",
        end: "10.0.0.40",
      }],
    });
    expect(subnets[0]).not.toHaveProperty("gateway");
    expect(unreadTexts({ unread })).toEqual([
      '/data/0/gateway sdn-subnet/z1-10.0.0.0-24: gateway "10.0.0.1/24"',
      "/data/0/dhcp-range/2 sdn-subnet/z1-10.0.0.0-24: not a DHCP range",
      "/data/0/dhcp-range/3 sdn-subnet/z1-10.0.0.0-24: not a DHCP range",
    ]);
  });

  test("is in the subnets of one VNet only", () => {
    const row = { subnet: "z1-10.0.0.0-24" };
    const vnets = [{ vnet: "web", zone: "z1" }, { vnet: "db", zone: "z1" }];
    const sdn = read({ vnets, subnets: { web: [row], db: [row] } });
    expect([...sdn.vnets.values()].map(({ subnets }) => subnets.length)).toEqual([1, 0]);
    expect(unreadTexts(sdn)).toEqual([
      "/data/0 sdn-subnet/z1-10.0.0.0-24: a second row of this name",
    ]);
  });
});

describe("answers that are missing", () => {
  const denied: Answer = { status: 403, error: "Permission check failed" };
  const absent = (path: string): Answer => ({
    status: 501,
    error: `Method 'GET ${path}' not implemented`,
  });

  test("are no SDN at all when they were not asked for", () => {
    expect(readSdn(new Map())).toBeUndefined();
  });

  test("are an SDN without zones on a release that does not have it", () => {
    const [zones, vnets] = [absent("/cluster/sdn/zones"), absent("/cluster/sdn/vnets")];
    expect(read({ zones, vnets })).toEqual({
      zones: new Map(),
      vnets: new Map(),
      unread: [],
      gaps: new Map(),
    });
  });

  test.each<[string, Answer, string]>([
    ["an error", denied, "denied"],
    ["a lost connection", { failed: "reset" }, "failed"],
    ["another shape", ok({}), "unparsable"],
    ["null", ok(null), "unparsable"],
  ])("are gaps with the reason: %s", (_, answer, reason) => {
    const { gaps, vnets } = read({ zones: answer, vnets: answer });
    expect([...gaps].map(([path, gap]) => [path, gap.reason])).toEqual([
      [PATHS.sdnZones, reason],
      [PATHS.sdnVnets, reason],
    ]);
    expect(vnets.size).toBe(0);
  });

  test("of subnets leave the VNet, with the reason", () => {
    const zones = [{ zone: "z1", type: "vlan" }];
    const vnets = [{ vnet: "web", zone: "z1", tag: 5 }, { vnet: "../x", zone: "z1" }];
    const sdn = read({ zones, vnets, subnets: { web: denied } });
    expect(
      [...sdn.vnets.values()].map((
        { name, vlanId, subnetsGap },
      ) => [name, vlanId, subnetsGap?.reason]),
    ).toEqual([["web", 5, "denied"], ["../x", undefined, "failed"]]);
    expect([...sdn.gaps.keys()]).toEqual([PATHS.sdnSubnets("web")]);
    const [unasked] = read({ vnets: [{ vnet: "web", zone: "z1" }] }).vnets.values();
    expect(unasked?.subnetsGap?.reason).toBe("failed");
  });
});

test("rows without a name, and second rows of a name, are listed as unreadable", () => {
  const sdn = read({
    zones: [{ zone: "z1" }, { type: "vlan" }, 7, { zone: "z2", type: "vlan" }, {
      zone: "z2",
      type: "evpn",
    }],
    vnets: [{ vnet: "web" }, { zone: "z2" }, { vnet: "db", zone: "z2" }, {
      vnet: "db",
      zone: "z1",
    }],
    subnets: { db: [] },
  });
  expect(sdn.zones.get("z2")?.kind).toBe("vlan");
  expect(unreadTexts(sdn)).toEqual([
    "/data/0 sdn-zone/z1: a zone needs a name and a type",
    "/data/1 sdn-zone/?: a zone needs a name and a type",
    "/data/2 sdn-zone/?: a zone needs a name and a type",
    "/data/4 sdn-zone/z2: a second row of this name",
    "/data/0 sdn-vnet/web: a VNet needs a name and a zone",
    "/data/1 sdn-vnet/?: a VNet needs a name and a zone",
    "/data/3 sdn-vnet/db: a second row of this name",
  ]);
});

describe("for any answers,", () => {
  const name = fc.constantFrom<unknown>("web", "db", "z1", "z2", 5, "", null, "../x", undefined);
  const value = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.nat({ max: 2 ** 25 }), name);
  const type = fc.oneof(fc.constantFrom("simple", "vlan", "qinq", "vxlan", "evpn"), value);
  const range = fc.oneof(
    value,
    fc.record({ "start-address": lookalike("10.0.0.1"), "end-address": lookalike("10.0.0.9") }),
  );
  const list = (row: fc.Arbitrary<object>) => fc.array(fc.oneof(row, value), { maxLength: 5 });
  const parts = fc.record({
    zones: list(fc.record(
      { "zone": name, type, "tag": value, "vrf-vxlan": value, "mtu": value, "nodes": value },
      { requiredKeys: ["zone"] },
    )),
    vnets: list(fc.record({ vnet: name, zone: name, tag: value, alias: value })),
    subnets: fc.record({
      web: list(fc.record({
        "subnet": lookalike("z1-10.", "0.0", ".0-", "2001:db8::-", "24", "64", "/"),
        "cidr": fc.oneof(fc.constant(undefined), lookalike("10.0.0.0", "/", "24")),
        "gateway": value,
        "dhcp-range": fc.oneof(fc.array(range, { maxLength: 3 }), value),
      })),
    }),
  }) as fc.Arbitrary<Parts & { subnets: { web: unknown[] } }>;

  test("each row and each DHCP range is read once, or listed as unreadable", () => {
    fc.assert(
      fc.property(parts, (given) => {
        const sdn = read(given);
        const named = [...sdn.zones.values(), ...sdn.vnets.values()];
        const subnets = [...sdn.vnets.values()].flatMap((vnet) => vnet.subnets);
        const ranges = subnets.flatMap(({ dhcpRanges }) => dhcpRanges);
        const whole = /^\/data\/\d+$/;
        const places = [
          ...named,
          ...subnets,
          ...sdn.unread.filter(({ at }) => whole.test(at.pointer)),
        ].map(({ at }) => `${at.path} ${at.pointer}`).sort();
        const isAsked = sdn.vnets.has("web");
        const rowsOf = (path: string, rows: readonly unknown[]) =>
          rows.map((_, i) => `${path} /data/${i}`);
        expect(places).toEqual([
          ...rowsOf(PATHS.sdnZones, given.zones as unknown[]),
          ...rowsOf(PATHS.sdnVnets, given.vnets as unknown[]),
          ...(isAsked ? rowsOf(PATHS.sdnSubnets("web"), given.subnets.web) : []),
        ].sort());
        const rangePlace = /\/dhcp-range\/\d+$/;
        const unreadRanges = sdn.unread.filter(({ at }) => rangePlace.test(at.pointer));
        const expected = subnets.flatMap(({ at }) => {
          const row = given.subnets.web[Number(at.pointer.split("/")[2])] as Record<
            string,
            unknown
          >;
          const written = row["dhcp-range"];
          return Array.isArray(written)
            ? written.map((_, i) => `${at.pointer}/dhcp-range/${i}`)
            : [];
        });
        expect([...ranges, ...unreadRanges].map(({ at }) => at.pointer).sort())
          .toEqual(expected.sort());
      }),
      { numRuns: numRuns(500) },
    );
  });

  test("numbers are in the range of NetBox, and a VNet has a VLAN ID or a VNI, never both", () => {
    fc.assert(
      fc.property(parts, (given) => {
        for (const { vlanId, vni, kind } of read(given).vnets.values()) {
          expect([vlanId, vni]).toContain(undefined);
          if (vlanId !== undefined) {
            expect(vlanId >= 1 && vlanId <= 4094).toBe(true);
            expect(kind).toMatch(/^(?:vlan|qinq)$/);
          }
          if (vni !== undefined) {
            expect(vni >= 1 && vni < 2 ** 24).toBe(true);
            expect(kind).toMatch(/^(?:vxlan|evpn)$/);
          }
        }
      }),
      { numRuns: numRuns(500) },
    );
  });
});

test("the names of a listing are distinct texts", () => {
  const rows = [{ vnet: "web" }, { vnet: "" }, {}, 5, { vnet: "web" }, { vnet: "db" }];
  expect(vnetNames(ok(rows))).toEqual(["web", "db"]);
  expect(vnetNames(ok(null))).toEqual([]);
  expect(vnetNames(undefined)).toEqual([]);
});
