/** SDN with a target: what people have of it in NetBox is found, and the second push changes nothing. */
import { describe, expect, test } from "vitest";
import type { Answer } from "../../src/proxmox/answers.ts";
import { ModelNetBox } from "../helpers/applied.ts";
import { only } from "../helpers/in-memory.ts";
import type { Lab } from "../helpers/lab.ts";
import { lab } from "../helpers/lab.ts";
import { itemTexts, planned } from "../helpers/planning.ts";
import { outcomeFor, push, pushed, texts } from "../helpers/respecting.ts";
import { FULL, on, sdnLab } from "../helpers/sdn.ts";

const SUBNETS = {
  office: [{ subnet: "vlan-10.1.0.0-24", cidr: "10.1.0.0/24" }],
  web: [{ subnet: "evpn-10.2.0.0-24", cidr: "10.2.0.0/24" }],
};
const GUESTS = [
  on("bridge=office", { ip: "10.1.0.5/24" }),
  on("bridge=web", { vmid: 102, ip: "10.2.0.5/24" }),
  on("bridge=overlay", { vmid: 103 }),
];
const SITE: Lab = sdnLab({ subnets: SUBNETS, guests: GUESTS });

function withSite(): ModelNetBox {
  const netbox = new ModelNetBox();
  netbox.make("site", { name: "HQ" });
  return netbox;
}

test("the second push changes nothing, with and without a target", async () => {
  await push(withSite(), SITE, FULL);
  const { changes } = await push(await pushed(SITE, FULL), SITE, FULL);
  expect(texts(changes)).toEqual([]);
});

describe("what people already have", () => {
  test("a VLAN of the site keeps its name, and is that of the VNet", async () => {
    const netbox = withSite();
    const site = netbox.called("site", "HQ");
    const theirs = netbox.make("vlan", {
      vid: 110,
      name: "Clients",
      site,
      group: null,
      qinq_svlan: null,
    });
    await push(netbox, SITE, FULL);
    expect(theirs["name"]).toBe("Clients");
    expect(netbox.all("vlan").filter(({ vid }) => Number(vid) === 110)).toHaveLength(1);
  });

  test("a VRF and an L2VPN of this name are used, with what people say of them", async () => {
    const netbox = withSite();
    const vrf = netbox.make("vrf", { name: "evpn", rd: "65000:1", tenant: null });
    const l2vpn = netbox.make("l2vpn", {
      name: "web",
      slug: "web",
      type: { value: "vxlan-evpn" },
      description: "Shop",
      identifier: null,
      tenant: null,
    });
    await push(netbox, SITE, FULL);
    expect(netbox.all("vrf")).toHaveLength(1);
    expect(netbox.all("l2vpn")).toHaveLength(2);
    expect(vrf["rd"]).toBe("65000:1");
    expect(l2vpn).toMatchObject({ description: "Shop", identifier: 50010 });
  });

  test("a prefix keeps its role, status and VLAN", async () => {
    const netbox = withSite();
    const role = { id: 900, name: "Servers" };
    const theirs = netbox.make("prefix", {
      prefix: "10.1.0.0/24",
      vrf: null,
      vlan: { id: 901, vid: 7, name: "Seven" },
      role,
      status: { value: "reserved" },
      scope: null,
      scope_type: null,
    });
    await push(netbox, SITE, FULL);
    expect(theirs).toMatchObject({ role, status: { value: "reserved" }, vlan: { vid: 7 } });
    const all = netbox.all("prefix").filter(({ prefix }) => prefix === "10.1.0.0/24");
    expect(all).toHaveLength(1);
  });

  test("the place of a NIC in another L2VPN stays, with a record", async () => {
    const netbox = await pushed(SITE, FULL);
    const other = netbox.make("l2vpn", {
      name: "mpls-7",
      slug: "mpls-7",
      type: { value: "vpls" },
      identifier: null,
      tenant: null,
    });
    const theirs = netbox.all("l2vpn-termination")[0];
    Object.assign(theirs ?? {}, { l2vpn: { id: other.id, name: other.name }, tags: [] });
    const { outcome } = await push(netbox, SITE, FULL);
    expect(outcome.leftOut.filter(({ reason }) => reason === "held-by-user")).toHaveLength(1);
    expect(theirs?.["l2vpn"]).toMatchObject({ name: "mpls-7" });
  });

  test("an address of ours stays in its VRF, with a note", async () => {
    const netbox = await pushed(SITE, { ...FULL, NETWORK_DEPTH: "mapped" });
    const { outcome } = await push(netbox, SITE, FULL);
    expect(outcome.codesOf("vm/102/net0/10.2.0.5/24")).toEqual(["keeps-vrf"]);
    const ip = netbox.called("ip-address", "10.2.0.5/24");
    expect(ip["vrf"] ?? null).toBeNull();
  });
});

test("a VRF and an L2VPN of another cluster are not ours", async () => {
  const netbox = await pushed(SITE, FULL);
  const other = { ...SITE, cluster: "other", host: "10.0.0.2", nodes: { pve9: {} }, guests: [] };
  const outcome = await outcomeFor(netbox, lab(other), FULL);
  expect(outcome.of("vrf").map(({ name }) => name)).toEqual(["evpn (other)"]);
  expect(outcome.of("l2vpn").map(({ name }) => name)).toEqual(["overlay (other)", "web (other)"]);
  netbox.apply(outcome.all);
  const again = await outcomeFor(netbox, lab(SITE), FULL);
  expect(only(again.of("vrf")).name).toBe("evpn");
});

describe("the plan, after a run that had all of SDN", () => {
  async function itemsAfter(parts: Lab): Promise<readonly string[]> {
    const netbox = withSite();
    const first = await planned(netbox, SITE, { settings: FULL });
    netbox.apply(first.outcome.all);
    const { set } = await planned(netbox, SITE, { settings: FULL });
    const { plan } = await planned(netbox, parts, { since: set, settings: FULL });
    return itemTexts(plan);
  }
  const denied: Answer = { status: 403, error: "Permission check failed" };

  test("removes nothing while SDN was not read", async () => {
    expect(await itemsAfter(sdnLab({ guests: GUESTS, zones: denied, vnets: denied }))).toEqual([]);
    expect(await itemsAfter(sdnLab({ guests: GUESTS, vnets: denied }))).toEqual([]);
    const { more: _sdn, ...uncaptured } = SITE;
    expect(await itemsAfter(uncaptured)).toEqual([]);
    const subnets = { office: denied, web: denied };
    expect(await itemsAfter(sdnLab({ guests: GUESTS, subnets }))).toEqual([]);
  });
});

test("a NIC that moves to another VNet is in that L2VPN alone", async () => {
  const netbox = await pushed(SITE, FULL);
  const moved = [...GUESTS.slice(0, 2), on("bridge=web", { vmid: 103 })];
  await push(netbox, sdnLab({ subnets: SUBNETS, guests: moved }), FULL);
  const places = netbox.all("l2vpn-termination").map(({ l2vpn }) => l2vpn);
  expect(places).toMatchObject([{ name: "web" }, { name: "web" }]);
});
