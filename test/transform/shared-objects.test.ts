/** VRFs, VLAN groups, L2VPNs and what is in them: each once, as NetBox has it, before what names it. */
import { describe, expect, test } from "vitest";
import { STEP_NAMES } from "../../src/netbox/types/steps.ts";
import { RunState } from "../../src/transform/context.ts";
import { readCluster } from "../../src/transform/cluster.ts";
import { Ledger } from "../../src/transform/ledger.ts";
import { type Made, make } from "../../src/transform/made.ts";
import { makeShared } from "../../src/transform/make-shared.ts";
import { parsePolicy } from "../../src/transform/policy.ts";
import type { Rule } from "../../src/transform/rules/match.ts";
import type { SettingTexts } from "../../src/transform/settings.ts";
import type { SharedObjects } from "../../src/transform/shared-objects.ts";
import { findTermination } from "../../src/transform/target/network.ts";
import { NetBoxTarget } from "../../src/transform/target/target.ts";
import { ModelNetBox } from "../helpers/applied.ts";
import { lab } from "../helpers/lab.ts";
import { ruled } from "../helpers/ruled.ts";

const ANSWER = { file: "pve/nodes/pve1.json", path: "/nodes/pve1/qemu/101/config" };
const SUBJECT = { what: "vm/101/net0", answer: ANSWER };
const ORIGIN = { subject: SUBJECT, places: {} };
const URL = "https://netbox.example.net";
const TEXTS: SettingTexts = { SITE_NAME: "HQ", PROXMOX_HOST: "10.0.0.1", nodes: "*" };
const VNET = { name: "vnet1", type: "vxlan", identifier: 100, description: "Web" } as const;

type See = (shared: SharedObjects, by: Parameters<SharedObjects["seeVrf"]>[1]) => unknown;

/** What a run sees; `netbox`: with a target. */
async function seen(
  see: See,
  { netbox, names = [], unread = [] }: {
    readonly netbox?: ModelNetBox;
    /** Of VLAN groups, from the first pass. */
    readonly names?: readonly string[];
    readonly unread?: readonly string[];
  } = {},
) {
  const target = netbox === undefined
    ? NetBoxTarget.NONE
    : new NetBoxTarget(netbox.objects(), { url: URL, unread });
  const run = new RunState({ target });
  const input = { snapshot: lab({}), policy: parsePolicy(TEXTS), label: undefined };
  const { source: cluster } = await readCluster(input, run);
  for (const name of names) run.names.see("vlan-group", name);
  const ledger = new Ledger();
  const result = see(run.shared, { cluster, origin: ORIGIN, ledger });
  const slugs = run.names.slugs(target);
  const made = makeShared([cluster], run, { slugs, ledger });
  const entities = (step: Made["step"]) =>
    made.filter((each) => each.step === step).map(({ entity }) => entity as object);
  return { result, made, entities, leftOut: ledger.records, cluster, run };
}

type By = Parameters<SharedObjects["seeVlan"]>[2];

/** The same thing, whose VLANs a rule puts into a group. */
function ruledBy(by: By, group: string): By {
  const { rules } = parsePolicy({ ...TEXTS, ...ruled("- match: { vmid: 1 }\n  skip: any") });
  const [rule] = rules.rules as [Rule];
  return { ...by, origin: { ...by.origin, rules: { vlan_group: { value: group, rule } } } };
}

const TAGS = { tags: ["discovered", "proxmox-10.0.0.1", "proxmox-ve"].map((name) => ({ name })) };

describe("without a target", () => {
  test("each is one entity with the tags of its clusters, before what names it", async () => {
    const { result, made, entities } = await seen((shared, by) => {
      shared.seePrefix({ network: "10.0.0.0/24", site: "HQ", answer: ANSWER }, by);
      shared.seeVlan(20, "HQ", ruledBy(by, "DC1"));
      return [
        shared.seeVrf("internal", by),
        shared.seeVrf("internal", by),
        shared.seeVlanGroup("DC1", by),
        shared.seeL2vpn(VNET, by),
      ];
    });
    const type = "vxlan";
    expect(result).toEqual([
      { name: "internal" },
      { name: "internal" },
      { name: "DC1" },
      { name: "vnet1", type },
    ]);
    expect(entities("vrf")).toEqual([expect.objectContaining({ name: "internal" })]);
    expect(entities("vlan-group")).toEqual([expect.objectContaining({ name: "DC1" })]);
    const l2vpn = { name: "vnet1", type, identifier: "100", description: "Web" };
    expect(entities("l2vpn")).toEqual([{ ...l2vpn, tags: expect.anything() as unknown }]);
    for (const step of ["vrf", "vlan-group", "l2vpn", "vlan"] as const) {
      const [entity] = entities(step) as { tags: { name: string }[] }[];
      expect(entity?.tags.toSorted((a, b) => a.name < b.name ? -1 : 1)).toEqual(TAGS.tags);
    }
    const order = made.map(({ step }) => STEP_NAMES.indexOf(step));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  test("a VLAN is known by its group, whatever the site; in two groups it is two VLANs", async () => {
    const { result, entities } = await seen((shared, by) => [
      shared.seeVlan(20, "HQ", ruledBy(by, "DC1")),
      shared.seeVlan(20, "Lab", ruledBy(by, "DC1")),
      shared.seeVlan(20, "HQ", ruledBy(by, "DC2")),
      shared.seeVlan(20, "HQ", by),
    ]);
    const vlan = { vid: "20", name: "VLAN 20" };
    const [one, two] = ["DC1", "DC2"].map((name) => ({ ...vlan, group: { name } }));
    expect(result).toEqual([one, one, two, { ...vlan, site: { name: "HQ" } }]);
    const places = entities("vlan").map(({ group, site }: { group?: object; site?: object }) => [
      group,
      site,
    ]);
    expect(places).toHaveLength(3);
    expect(places).toEqual(expect.arrayContaining([
      [{ name: "DC1" }, undefined],
      [{ name: "DC2" }, undefined],
      [undefined, { name: "HQ" }],
    ]));
  });

  test("groups whose names NetBox would take for one get slugs, in entities and stubs", async () => {
    const names = ["DC 1", "dc-1."];
    const { entities } = await seen(
      (shared, by) => names.map((group) => shared.seeVlan(20, "HQ", ruledBy(by, group))),
      { names },
    );
    const slugOf = (entity: object) => (entity as { slug?: string }).slug;
    const slugs = entities("vlan-group").map(slugOf);
    expect(slugs).toEqual([
      expect.stringMatching(/^dc-1-[0-9a-f]{6}$/),
      expect.stringMatching(/^dc-1-[0-9a-f]{6}$/),
    ]);
    expect(new Set(slugs).size).toBe(2);
    const stubs = entities("vlan").map((vlan) => slugOf((vlan as { group: object }).group));
    expect(stubs.sort()).toEqual(slugs.sort());
  });

  test("a network is a prefix in each VRF, with its role and VLAN", async () => {
    const prefix = { network: "10.0.0.0/24", site: "HQ", answer: ANSWER };
    const { entities } = await seen((shared, by) => {
      const vlan = shared.seeVlan(20, "HQ", by);
      shared.seePrefix(prefix, by);
      shared.seePrefix({ ...prefix, vrf: { name: "a" }, role: "Servers", vlan }, by);
      shared.seePrefix({ ...prefix, vrf: { name: "b" } }, by);
      shared.seePrefix({ ...prefix, site: "Lab", vrf: { name: "b" } }, by);
    });
    expect(entities("prefix")).toMatchObject([
      { prefix: "10.0.0.0/24", scope_site: { name: "HQ" } },
      { vrf: { name: "a" }, role: { name: "Servers" }, vlan: { vid: "20" } },
      // In both sites.
      { vrf: { name: "b" } },
    ]);
    expect(entities("prefix").filter((each) => "scope_site" in each)).toHaveLength(2);
  });
});

describe("with a target", () => {
  test("they are named as NetBox has them", async () => {
    const netbox = new ModelNetBox();
    const site = netbox.make("site", { name: "HQ", region: null, group: null });
    const tenant = netbox.make("tenant", { name: "Acme", group: null });
    netbox.make("vrf", { name: "internal", rd: "65000:1", tenant });
    netbox.make("vlan-group", { name: "DC1", scope_type: "dcim.site", scope: site });
    netbox.make("l2vpn", { name: "vnet1", type: { value: "vpls" }, description: "Ours" });
    const { result, entities } = await seen((shared, by) => [
      shared.seeVrf("internal", by),
      shared.seeVlanGroup("DC1", by),
      shared.seeL2vpn(VNET, by),
    ], { netbox });
    expect(result).toEqual([
      { name: "internal", rd: "65000:1", tenant: { name: "Acme" } },
      { name: "DC1", scope_site: { name: "HQ" } },
      { name: "vnet1" },
    ]);
    expect(entities("vrf")).toMatchObject([{ name: "internal", rd: "65000:1" }]);
    expect(entities("vlan-group")).toMatchObject([{ name: "DC1", scope_site: { name: "HQ" } }]);
    const [l2vpn] = entities("l2vpn");
    expect(l2vpn).toMatchObject({ name: "vnet1", type: "vxlan", identifier: "100" });
    expect(l2vpn).not.toHaveProperty("description");
  });

  test("several of one name are ambiguous, and so is a VLAN in such a group", async () => {
    const netbox = new ModelNetBox();
    for (const rd of ["1:1", "2:2"]) netbox.make("vrf", { name: "internal", rd, tenant: null });
    const sites = ["HQ", "Lab"].map((name) => netbox.make("site", { name }));
    for (const scope of sites) {
      netbox.make("vlan-group", { name: "DC1", scope_type: "dcim.site", scope });
    }
    const { result, leftOut, entities } = await seen((shared, by) => [
      shared.seeVrf("internal", by),
      shared.seeVlan(20, "HQ", ruledBy(by, "DC1")),
    ], { netbox, names: ["DC1"] });
    expect(result).toEqual([undefined, undefined]);
    expect(leftOut.map(({ what, reason }) => [what, reason])).toEqual([
      ["vm/101/net0/vrf", "ambiguous"],
      ["vm/101/net0/vlan-group", "ambiguous"],
      ["vm/101/net0/vlan", "ambiguous"],
    ]);
    expect(leftOut[0]?.sentence).toContain(`${URL}/ipam/vrfs/`);
    expect(["vrf", "vlan-group", "vlan"].flatMap((step) => entities(step as "vrf"))).toEqual([]);
  });

  test("an L2VPN is left out where the survey could not look for L2VPNs", async () => {
    const see: See = (shared, by) => shared.seeL2vpn(VNET, by);
    const { result, leftOut } = await seen(see, { netbox: new ModelNetBox(), unread: ["l2vpn"] });
    expect(result).toBeUndefined();
    expect(leftOut).toMatchObject([{ what: "vm/101/net0/l2vpn", reason: "denied" }]);
    expect(leftOut[0]?.sentence).toContain("vpn.view_l2vpn");
  });

  test("a VLAN keeps its place, unless a rule wants it in a group", async () => {
    const netbox = new ModelNetBox();
    const site = netbox.make("site", { name: "HQ" });
    const group = netbox.make("vlan-group", { name: "DC1", scope_type: null, scope: null });
    netbox.make("vlan-group", { name: "DC2", scope_type: null, scope: null });
    const vlan = { vid: 20, name: "Servers", qinq_svlan: null };
    netbox.make("vlan", { ...vlan, site, group: null });
    netbox.make("vlan", { ...vlan, site: null, group });
    const { result } = await seen((shared, by) => [
      shared.seeVlan(20, "HQ", by),
      shared.seeVlan(20, "HQ", ruledBy(by, "DC1")),
      shared.seeVlan(20, "HQ", ruledBy(by, "DC2")),
      shared.seeVlan(20, "HQ", ruledBy(by, "DC3")),
    ], { netbox });
    expect(result).toEqual([
      { vid: "20", site: { name: "HQ" } },
      { vid: "20", group: { name: "DC1" } },
      { vid: "20", name: "VLAN 20", group: { name: "DC2" } },
      { vid: "20", name: "VLAN 20", group: { name: "DC3" } },
    ]);
  });

  test("a prefix in a VRF is the one of that VRF, else a new one", async () => {
    const netbox = new ModelNetBox();
    netbox.make("site", { name: "HQ" });
    const vrf = netbox.make("vrf", { name: "a", rd: null, tenant: null });
    const place = { prefix: "10.0.0.0/24", scope_type: null, scope: null };
    netbox.make("prefix", { ...place, vrf: null });
    netbox.make("prefix", { ...place, vrf });
    const { made } = await seen((shared, by) => {
      for (const name of ["a", "b"]) {
        const stub = shared.seeVrf(name, by);
        shared.seePrefix({ network: "10.0.0.0/24", site: "HQ", answer: ANSWER, vrf: stub }, by);
      }
    }, { netbox });
    const prefixes = made.filter(({ step }) => step === "prefix");
    expect(prefixes.map(({ found }) => found?.object.id)).toEqual([
      netbox.one("prefix", (row) => row["vrf"] !== null).id,
      undefined,
    ]);
  });

  test("what was applied is found again, and sent again changes nothing", async () => {
    const netbox = new ModelNetBox();
    const see: See = (shared, by) => {
      const vrf = shared.seeVrf("internal", by);
      shared.seeVlan(20, "HQ", ruledBy(by, "DC1"));
      shared.seePrefix({ network: "10.0.0.0/24", site: "HQ", answer: ANSWER, vrf }, by);
      return shared.seeL2vpn(VNET, by);
    };
    const everything = async () => {
      const { result: l2vpn, made, cluster, run } = await seen(see, { netbox });
      const machine = { name: "web", cluster: cluster.ref, site: { name: "HQ" } };
      const nic = { virtual_machine: machine, name: "net0" };
      const row = netbox.all("vm-interface")[0];
      const found = findTermination(run.target, row && { object: row, stub: {} });
      const source = { ...ORIGIN, cluster, l2vpn: l2vpn as { name: string }, nic, found };
      const { capturedAt } = cluster;
      return [...made, make("l2vpn-termination", source, { capturedAt, target: run.target })];
    };
    expect(netbox.apply(await everything()).length).toBeGreaterThan(8);
    const again = await everything();
    expect(netbox.apply(again)).toEqual([]);
    expect(netbox.refused).toEqual([]);
    const found = again.filter((each) => each.found !== undefined).map(({ step }) => step);
    expect(found).toEqual(expect.arrayContaining([
      "vrf",
      "vlan-group",
      "l2vpn",
      "vlan",
      "prefix",
      "l2vpn-termination",
    ]));
  });
});
