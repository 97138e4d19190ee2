/** The differences of zones, VNets and subnets between two snapshots that have SDN. */
import { describe, expect, test } from "vitest";
import { diffSnapshots } from "../../../src/look/diff/diff-snapshots.ts";
import type { Answer } from "../../../src/proxmox/answers.ts";
import { PATHS } from "../../../src/proxmox/endpoints.ts";
import { snapshotIn } from "../../helpers/serving.ts";
import { lab } from "../../helpers/lab.ts";
import { ok } from "../../helpers/snapshot-builder.ts";

const NOTHING = { added: [], changed: [], gone: [], unread: [], unreadBefore: [] };
const ZONE = {
  zone: "dc1",
  type: "evpn",
  tag: null,
  nodes: "pve2,pve1",
  mtu: "1450",
  digest: null,
};
const WEB = { vnet: "web", zone: "dc1", tag: 10 };
const SUBNET = {
  "subnet": "dc1-10.0.0.0-24",
  "gateway": "10.0.0.1",
  "dhcp-range": [{ "start-address": "10.0.0.10", "end-address": "10.0.0.20" }],
};
const DENIED: Answer = { status: 403, error: "Permission check failed" };
const ABSENT: Answer = { status: 501, error: "Method 'GET /cluster/sdn/zones' not implemented" };

type Given = Answer | readonly object[];

function snapshotOf(zones: Given, vnets: Given, subnets: Given = []) {
  const answer = (given: Given): Answer => Array.isArray(given) ? ok(given) : given as Answer;
  return lab({
    more: {
      [PATHS.sdnZones]: answer(zones),
      [PATHS.sdnVnets]: answer(vnets),
      [PATHS.sdnSubnets("web")]: answer(subnets),
    },
  });
}

const BEFORE = snapshotOf([ZONE], [WEB], [SUBNET]);

describe("diff of snapshots with SDN", () => {
  test("has no differences for the same SDN, in whatever form", async () => {
    const zone = { ...ZONE, nodes: "pve1,pve2", mtu: 1450, digest: "x" };
    const after = snapshotOf([zone], [{ ...WEB, tag: "10" }], [SUBNET]);
    expect(await diffSnapshots(BEFORE, after)).toEqual(NOTHING);
    const fixture = await snapshotIn("test/fixtures/sdn");
    expect(await diffSnapshots(fixture, fixture)).toEqual(NOTHING);
  });

  test("names each changed value", async () => {
    const after = snapshotOf(
      [{ ...ZONE, mtu: 9000 }],
      [{ ...WEB, tag: 20, alias: "Web" }],
      [{ ...SUBNET, "dhcp-range": [] }],
    );
    const { changed, ...others } = await diffSnapshots(BEFORE, after);
    expect(others).toEqual({ added: [], gone: [], unread: [], unreadBefore: [] });
    expect(changed.map(({ what, fields }) => [what, ...fields.map(({ field }) => field)])).toEqual([
      ["sdn-subnet/dc1-10.0.0.0-24", "dhcp-range"],
      ["sdn-vnet/web", "alias", "tag"],
      ["sdn-zone/dc1", "mtu"],
    ]);
  });

  test("names what was added and what is gone", async () => {
    const after = snapshotOf([ZONE, { zone: "dc2", type: "vlan" }], []);
    const { added, gone, changed } = await diffSnapshots(BEFORE, after);
    expect(changed).toEqual([]);
    expect(added.map(({ what }) => what)).toEqual(["sdn-zone/dc2"]);
    expect(gone.map(({ what }) => what)).toEqual(["sdn-subnet/dc1-10.0.0.0-24", "sdn-vnet/web"]);
  });

  test.each<[string, ReturnType<typeof snapshotOf>, string[]]>([
    ["zones", snapshotOf(DENIED, [WEB], [SUBNET]), ["sdn-zone/dc1"]],
    ["VNets", snapshotOf([ZONE], DENIED), ["sdn-subnet/dc1-10.0.0.0-24", "sdn-vnet/web"]],
    ["subnets", snapshotOf([ZONE], [WEB], DENIED), ["sdn-subnet/dc1-10.0.0.0-24"]],
  ])("reports no %s as gone that could not be read", async (_, after, unread) => {
    const differences = await diffSnapshots(BEFORE, after);
    expect({ ...differences, unread: [] }).toEqual(NOTHING);
    expect(differences.unread.map(({ what, reason }) => [what, reason]))
      .toEqual(unread.map((what) => [what, "denied"]));
  });

  test("reports no row as gone that Proxmox VE may have left out", async () => {
    const after = snapshotOf([], []);
    const entry = (path: string) => ({ path, reason: "filtered", cause: "filtered" });
    const filtered = {
      ...after,
      manifest: {
        ...after.manifest,
        incomplete: [entry(PATHS.sdnZones), entry(PATHS.sdnVnets)],
      },
    };
    const { gone, unread } = await diffSnapshots(BEFORE, filtered);
    expect(gone).toEqual([]);
    expect(unread.map(({ what }) => what))
      .toEqual(["sdn-subnet/dc1-10.0.0.0-24", "sdn-vnet/web", "sdn-zone/dc1"]);
  });

  test("reports everything as gone from a release without SDN", async () => {
    const { gone, unread } = await diffSnapshots(BEFORE, snapshotOf(ABSENT, ABSENT));
    expect([gone.length, unread]).toEqual([3, []]);
  });

  test("compares nothing if one of them was captured without SDN", async () => {
    expect(await diffSnapshots(BEFORE, lab({}))).toEqual(NOTHING);
    expect(await diffSnapshots(lab({}), BEFORE)).toEqual(NOTHING);
  });
});
