/** What people require or limit in NetBox: what cannot be sent is left out with a reason, the rest arrives. */
import { describe, expect, test } from "vitest";
import { ModelNetBox } from "../helpers/applied.ts";
import { only } from "../helpers/in-memory.ts";
import { lab } from "../helpers/lab.ts";
import { SURVEYED } from "../../src/netbox/types/surveyed.ts";
import {
  cluster,
  device,
  outcomeFor,
  push,
  pushed,
  requireField,
  SITE,
  tagged,
} from "../helpers/respecting.ts";

type Tagged = { readonly tags?: readonly { readonly name?: string }[] | undefined };

function tagsOf(object: Tagged | undefined): unknown[] {
  return (object?.tags ?? []).map(({ name }) => name);
}

describe("tags that are limited to some types", () => {
  test("are left off the objects that come with a new device", async () => {
    const netbox = new ModelNetBox();
    netbox.make("site", { name: "HQ" });
    tagged(netbox, "discovered", ["dcim.device", "virtualization.virtualmachine"]);
    const outcome = await outcomeFor(netbox, lab(cluster()));
    const made = only(outcome.of("device"));
    expect(tagsOf(made)).toContain("discovered");
    for (const part of [made.role, made.device_type, made.device_type?.manufacturer]) {
      expect(part).toBeDefined();
      expect(tagsOf(part)).not.toContain("discovered");
    }
  });

  test("are left off with a reason when people renamed them", async () => {
    const netbox = new ModelNetBox();
    const tag = tagged(netbox, "Production", ["ipam.prefix"]);
    tag["slug"] = "prod";
    const outcome = await outcomeFor(netbox, lab(cluster()));
    expect(tagsOf(only(outcome.of("virtual-machine")))).not.toContain("Production");
    expect(outcome.leftOut.map(({ reason }) => reason)).toEqual(["other-kind"]);
  });
});

describe("required custom fields", () => {
  test.each([
    "virtualization.clustertype",
    "dcim.site",
    "dcim.devicerole",
    "dcim.devicetype",
    "dcim.manufacturer",
    "tenancy.tenant",
  ])("of %s: what cannot be made is left out with a reason", async (type) => {
    const netbox = new ModelNetBox();
    requireField(netbox, type);
    const outcome = await outcomeFor(netbox, lab(cluster()), { ...SITE, TENANT_NAME: "Acme" });
    expect(outcome.leftOut.map(({ reason }) => reason)).toContain("required-field");
  });

  test.each([
    "virtualization.clustertype",
    "virtualization.cluster",
    "dcim.platform",
    "dcim.device",
    "dcim.interface",
    "virtualization.virtualmachine",
    "virtualization.vminterface",
    "virtualization.virtualdisk",
    "ipam.vlan",
    "ipam.prefix",
    "ipam.ipaddress",
  ])(
    "of %s: objects without a value, which NetBox would not change, are left out",
    async (type) => {
      const netbox = await pushed();
      requireField(netbox, type);
      for (const { name } of SURVEYED) for (const row of netbox.all(name)) row["tags"] = [];
      const { outcome } = await push(netbox, cluster());
      const reasons = new Set(outcome.leftOut.map(({ reason }) => reason));
      expect([...reasons]).toEqual(["required-field"]);
    },
  );

  test("of a platform: the machines arrive without a platform", async () => {
    const netbox = new ModelNetBox();
    requireField(netbox, "dcim.platform");
    const outcome = await outcomeFor(netbox, lab(cluster()));
    expect(outcome.leftOut.map(({ reason }) => reason)).toContain("required-field");
    expect(only(outcome.of("virtual-machine")).platform).toBeUndefined();
  });

  test("of a cluster: devices arrive and name no cluster", async () => {
    const netbox = new ModelNetBox();
    requireField(netbox, "virtualization.cluster");
    const outcome = await outcomeFor(netbox, lab(cluster()), { ...SITE, DEVICE_CLUSTER: "true" });
    expect(outcome.of("cluster")).toEqual([]);
    expect(only(outcome.of("device")).cluster).toBeUndefined();
  });

  test("of an interface: no other interface names the one that is left out", async () => {
    const netbox = new ModelNetBox();
    const made = device(netbox, { name: "pve1", site: netbox.make("site", { name: "HQ" }) });
    requireField(netbox, "dcim.interface");
    netbox.make("interface", { device: made, name: "eno1", type: { value: "10gbase-t" } });
    const address = { method: "static", cidr: "10.1.0.1/24", address: "10.1.0.1" };
    const network = [
      { iface: "eno1", type: "eth", active: 1, method: "manual" },
      { iface: "bond0", type: "bond", active: 1, slaves: "eno1", ...address },
    ];
    const snapshot = lab(cluster({ nodes: { pve1: { network } } }));
    const outcome = await outcomeFor(netbox, snapshot, { ...SITE, ALL_INTERFACES: "true" });
    const sent = only(outcome.of("interface"));
    expect([sent.name, sent.lag]).toEqual(["eno1", undefined]);
  });
});
