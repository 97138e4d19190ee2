/** Addresses, prefixes and VLANs that people keep in NetBox: found, and left as they are. */
import { describe, expect, test } from "vitest";
import type { Snapshot } from "../../src/run-folder/snapshot.ts";
import { ModelNetBox, type Shown } from "../helpers/applied.ts";
import { only, type Outcome, transformed } from "../helpers/in-memory.ts";
import { type Lab, lab, type LabGuest } from "../helpers/lab.ts";
import {
  assignedTo,
  brief,
  cluster,
  device,
  machine,
  outcomeFor,
  push,
  pushed,
  requireField,
  SITE,
  tagged,
  texts,
  WEB,
} from "../helpers/respecting.ts";

const WEB_ADDRESS = "vm/101/net0/10.0.0.10/24";
const CLEARING = { ...SITE, CLEAR_EMPTY: "true" };

/** A device of people with one interface. */
function portOf(netbox: ModelNetBox, fields: Readonly<Record<string, unknown>>): Shown {
  const made = device(netbox, fields);
  return netbox.make("interface", { device: made, name: "eth0", type: { value: "other" } });
}

describe("addresses", () => {
  test("an anycast address stays on the router when our guest has a copy of it", async () => {
    const netbox = await pushed(cluster({ guests: [{ ...WEB, interfaces: [] }] }));
    const site = netbox.called("site", "HQ");
    const anycast = { vrf: null, role: { value: "anycast" } };
    const onRouter = assignedTo(portOf(netbox, { name: "router", site }));
    const older = netbox.make("ip-address", { address: "10.0.0.10/32", ...anycast, ...onRouter });
    const onGuest = assignedTo(netbox.called("vm-interface", "net0"));
    netbox.make("ip-address", { address: "10.0.0.10/24", ...anycast, ...onGuest });
    netbox.apply((await outcomeFor(netbox, lab(cluster()))).all);
    expect(older).toMatchObject(onRouter);
  });

  test("an address of a device with a tag that starts like a host tag stays there", async () => {
    const netbox = new ModelNetBox();
    const site = netbox.make("site", { name: "HQ" });
    const tags = [brief(tagged(netbox, "proxmox-backup"))];
    const fields = assignedTo(portOf(netbox, { name: "pbs", site, tags }));
    const ip = netbox.make("ip-address", { address: "10.0.0.10/24", vrf: null, ...fields });
    netbox.apply((await outcomeFor(netbox, lab(cluster()))).all);
    expect(ip).toMatchObject(fields);
  });

  test("an address that people moved to a device with our host tag stays there", async () => {
    const netbox = await pushed();
    const site = netbox.called("site", "HQ");
    const tags = [brief(netbox.called("tag", "proxmox-10.0.0.1"))];
    const fields = assignedTo(portOf(netbox, { name: "fw", site, tags }));
    const ip = Object.assign(netbox.called("ip-address", "10.0.0.11/24"), fields);
    await push(netbox, cluster());
    expect(ip).toMatchObject(fields);
  });

  test("a primary address behind NAT that people chose stays primary", async () => {
    const netbox = await pushed();
    const { id, address } = netbox.make("ip-address", {
      address: "203.0.113.5/32",
      vrf: null,
      assigned_object: null,
      assigned_object_type: null,
      nat_inside: brief(netbox.called("ip-address", "10.0.0.10/24")),
    });
    netbox.called("virtual-machine", "web")["primary_ip4"] = { id, address };
    const { changes } = await push(netbox, cluster());
    expect(texts(changes)).toEqual([]);
  });

  test("an address in a routing table of another machine does not stop ours", async () => {
    const netbox = new ModelNetBox();
    const vrf = netbox.make("vrf", { name: "customer-x", rd: "65000:7", tenant: null });
    const owner = machine(netbox, { name: "appliance" });
    const nic = netbox.make("vm-interface", { name: "eth0", virtual_machine: owner });
    netbox.make("ip-address", { address: "10.0.0.10/24", vrf, ...assignedTo(nic) });
    const outcome = await outcomeFor(netbox, lab(cluster()));
    expect(outcome.reasonsOf(WEB_ADDRESS)).toEqual([]);
    expect(outcome.of("ip-address").map(({ address }) => address)).toContain("10.0.0.10/24");
  });

  test("an address that exists twice in a routing table stays with the older holder", async () => {
    const netbox = await pushed();
    const vrf = brief(netbox.make("vrf", { name: "customer-x", rd: "65000:7", tenant: null }));
    const nic = netbox.make("vm-interface", {
      name: "eth0",
      virtual_machine: machine(netbox, { name: "appliance" }),
    });
    const ours = netbox.called("ip-address", "10.0.0.10/24");
    const fields = { address: "10.0.0.10/24", vrf, ...assignedTo(nic) };
    const older = Object.assign(netbox.make("ip-address", fields), { id: 0 });
    netbox.refresh();
    ours["vrf"] = vrf;
    const { outcome } = await push(netbox, cluster());
    expect(outcome.reasonsOf(WEB_ADDRESS)).toEqual(["ambiguous"]);
    expect(older).toMatchObject(fields);
  });

  test("an address of a guest that moved to another cluster of the run is left out", async () => {
    const of = (name: string, guests: readonly LabGuest[]): Snapshot =>
      lab({ cluster: name, host: name, nodes: { [`n${name}`]: {} }, guests }, name);
    const netbox = new ModelNetBox();
    netbox.make("site", { name: "HQ" });
    const before = [of("a", [{ ...WEB, node: "na" }]), of("b", [])];
    netbox.apply((await transformed(before, SITE)).all);
    const outcome = await outcomeFor(netbox, [of("a", []), of("b", [{ ...WEB, node: "nb" }])]);
    netbox.apply(outcome.all);
    expect(netbox.refused).toEqual([]);
    expect(outcome.reasonsOf(WEB_ADDRESS)).toEqual(["held-elsewhere"]);
  });

  test("entities in reverse order are applied without an error", async () => {
    const netbox = await pushed();
    const outcome = await outcomeFor(netbox, lab(cluster()));
    expect(texts(netbox.apply(outcome.all.toReversed()))).toEqual([]);
    expect(netbox.refused).toEqual([]);
  });
});

describe("prefixes", () => {
  test("a prefix in a routing table of people is not ours", async () => {
    const netbox = new ModelNetBox();
    netbox.make("site", { name: "HQ" });
    const vrf = netbox.make("vrf", { name: "customer-x", rd: "65000:7", tenant: null });
    const fields = { prefix: "10.0.0.0/24", vrf, scope_type: null, scope: null };
    const prefix = netbox.make("prefix", fields);
    await push(netbox, cluster());
    expect([prefix["scope_type"], prefix["tags"]]).toEqual([null, []]);
  });

  test("of a prefix at two sites, that of our site is found", async () => {
    const netbox = new ModelNetBox();
    const [other] = ["Rotterdam", "HQ"].map((name) => {
      const scope = netbox.make("site", { name });
      const fields = { prefix: "10.0.0.0/24", vrf: null, scope_type: "dcim.site", scope };
      return netbox.make("prefix", fields);
    });
    await push(netbox, cluster());
    expect(other?.["tags"]).toEqual([]);
    expect(netbox.all("prefix").length).toBe(2);
  });
});

describe("VLANs", () => {
  test("CLEAR_EMPTY leaves a NIC its VLAN when two groups have one of that VLAN ID", async () => {
    const netbox = await pushed();
    const [a, b] = ["A", "B"].map((name) =>
      netbox.make("vlan-group", { name, scope_type: null, scope: null })
    ) as [Shown, Shown];
    const vlan = netbox.one("vlan", ({ vid }) => vid === 10);
    Object.assign(vlan, { group: brief(a), site: null });
    netbox.make("vlan", { vid: 10, name: "Other", group: b, site: null, qinq_svlan: null });
    const outcome = await outcomeFor(netbox, lab(cluster()), CLEARING);
    expect(outcome.leftOut.map(({ reason }) => reason)).toContain("ambiguous");
    expect(only(outcome.of("vm-interface")).untagged_vlan).toBeUndefined();
  });

  test("CLEAR_EMPTY leaves a NIC its VLAN when NetBox would refuse a new one", async () => {
    const netbox = await pushed();
    const fields = { name: "Elsewhere", scope_type: "dcim.rack", scope: null };
    const group = brief(netbox.make("vlan-group", fields));
    Object.assign(netbox.one("vlan", ({ vid }) => vid === 10), { group, site: null });
    requireField(netbox, "ipam.vlan");
    netbox.apply((await outcomeFor(netbox, lab(cluster()), CLEARING)).all);
    expect(netbox.called("vm-interface", "net0")["untagged_vlan"]).toMatchObject({ vid: 10 });
  });

  test("a VLAN in a group of the cluster is written with the scope of its group", async () => {
    const netbox = await pushed();
    const group = netbox.make("vlan-group", {
      name: "lab VLANs",
      slug: "lab-vlans-2020",
      scope_type: "virtualization.cluster",
      scope: netbox.called("cluster", "lab"),
    });
    const vlan = netbox.one("vlan", ({ vid }) => vid === 10);
    Object.assign(vlan, { group: brief(group), site: null });
    const outcome = await outcomeFor(netbox, lab(cluster()));
    expect(only(outcome.of("vlan")).group).toHaveProperty("scope_cluster");
  });

  test("a VLAN in a group of one cluster is not that of another cluster at the site", async () => {
    const of = (name: string, ip: string): Snapshot => {
      const node = `n${name}`;
      const config = { net0: `virtio=BC:24:11:00:00:0${name},bridge=vmbr0,tag=10` };
      const guests = [{ vmid: 101, node, row: { name: `vm-${name}` }, config }];
      return lab({ cluster: name, host: ip, nodes: { [node]: {} }, guests } satisfies Lab, name);
    };
    const [a, b] = [of("a", "10.0.0.1"), of("b", "10.0.0.2")];
    const netbox = new ModelNetBox();
    netbox.make("site", { name: "HQ" });
    netbox.apply((await transformed([a, b], SITE)).all);
    const scope = netbox.called("cluster", "a");
    const fields = { name: "VLANs of a", scope_type: "virtualization.cluster", scope };
    const group = brief(netbox.make("vlan-group", fields));
    Object.assign(netbox.one("vlan", ({ vid }) => vid === 10), { group, site: null });
    const vlanOf = (outcome: Outcome): unknown =>
      only(outcome.of("vm-interface").filter((nic) => nic.virtual_machine?.name === "vm-b"))
        .untagged_vlan;
    const alone = vlanOf(await outcomeFor(netbox, b));
    expect(alone).toBeDefined();
    expect(vlanOf(await outcomeFor(netbox, [a, b]))).toEqual(alone);
  });

  test("a VLAN at the site in a group of a rack is not made again", async () => {
    const netbox = new ModelNetBox();
    const site = netbox.make("site", { name: "HQ" });
    const group = netbox.make("vlan-group", {
      name: "Rack 7",
      scope_type: "dcim.rack",
      scope: null,
    });
    netbox.make("vlan", { vid: 10, name: "Servers", site, group, qinq_svlan: null });
    netbox.apply((await outcomeFor(netbox, lab(cluster()))).all);
    expect(netbox.all("vlan").map(({ name }) => name)).toEqual(["Servers"]);
  });
});
