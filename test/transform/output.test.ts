/** What NetBox takes: each object once, and nothing that its models refuse. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { STEPS } from "../../src/entities/order.ts";
import type { CustomFields, TagRef } from "../../src/entities/schema.ts";
import { compareNatural } from "../../src/kernel/natural-order.ts";
import { anyLab } from "../helpers/any-lab.ts";
import { type Outcome, transformed } from "../helpers/in-memory.ts";
import { lab } from "../helpers/lab.ts";
import { outcomeOf, WHOLE_CASES } from "../helpers/whole-outputs.ts";

/** By what NetBox tells the objects of a step apart, names without their case where it does so. */
function keysOf(outcome: Outcome): Record<string, string[]> {
  const host = (address: string): string => address.split("/")[0] ?? "";
  return {
    tag: outcome.of("tag").map(({ name }) => name),
    "tag, by slug": outcome.of("tag").map(({ slug }) => slug),
    "custom-field": outcome.of("custom-field").map(({ name }) => name),
    "cluster-type": outcome.of("cluster-type").map(({ name }) => name),
    cluster: outcome.of("cluster").map(({ name }) => name),
    platform: outcome.of("platform").map(({ name }) => name),
    vlan: outcome.of("vlan").map(({ vid, site }) => `${vid} ${site?.name}`),
    "vm-interface": outcome.of("vm-interface").map(({ virtual_machine: vm, name }) =>
      `${vm.cluster.name} ${vm.name} ${name}`
    ),
    interface: outcome.of("interface").map(({ device, name }) =>
      `${device.site.name} ${device.name} ${name}`
    ),
    "ip-address": outcome.of("ip-address").map(({ address }) => host(address)),
    prefix: outcome.of("prefix").map(({ prefix, scope_site }) => `${prefix} ${scope_site?.name}`),
    "virtual-machine": outcome.of("virtual-machine").map(({ cluster, name }) =>
      `${cluster.name} ${name.toLowerCase()}`
    ),
    "virtual-disk": outcome.of("virtual-disk").map(({ virtual_machine: vm, name }) =>
      `${vm.cluster.name} ${vm.name} ${name}`
    ),
    device: outcome.of("device").map(({ site, name }) => `${site.name} ${name.toLowerCase()}`),
  };
}

/** Steps whose objects are shared: they stand in natural order of their keys. */
const SHARED = ["tag", "custom-field", "cluster-type", "cluster", "platform", "vlan", "prefix"];

describe.each(WHOLE_CASES)("in $name", (each) => {
  test("no object comes twice", async () => {
    for (const [step, keys] of Object.entries(keysOf(await outcomeOf(each)))) {
      expect(keys.filter((key, i) => keys.indexOf(key) !== i), step).toEqual([]);
    }
  });

  test("shared objects stand in natural order, guests by node and VMID", async () => {
    const outcome = await outcomeOf(each);
    const keys = keysOf(outcome);
    for (const step of SHARED) expect(keys[step]).toEqual(keys[step]?.toSorted(compareNatural));
    const places = outcome.of("virtual-machine").map(({ cluster, custom_fields: fields }) =>
      [cluster.name, textIn(fields, "proxmox_node"), textIn(fields, "proxmox_vmid")].join(" / ")
    );
    expect(places).toEqual(places.toSorted(compareNatural));
  });

  test("everything bears the global tags and its host's, which are entities", async () => {
    const outcome = await outcomeOf(each);
    const hosts = outcome.of("tag").map(({ name }) => name).filter((name) =>
      /^proxmox-(?!ve$)/.test(name)
    );
    expect(hosts.length).toBe(each.runs.length);
    for (const { step, entity } of outcome.all) {
      if (step === "tag" || step === "custom-field") continue;
      const names = (entity as { tags: readonly TagRef[] }).tags.map(({ name }) => name);
      expect(names.slice(0, 2), step).toEqual(["proxmox-ve", "discovered"]);
      expect(hosts, step).toContain(names[2]);
    }
  });

  test("a VM stands in the site of its cluster, and its VLANs in the site of the VM", async () => {
    const outcome = await outcomeOf(each);
    const scopes = new Map(outcome.of("cluster").map((cluster) => [cluster.name, cluster]));
    for (const vm of outcome.of("virtual-machine")) {
      const scope = scopes.get(vm.cluster.name)?.scope_site;
      if (scope !== undefined) expect(vm.site, vm.name).toEqual(scope);
    }
    for (
      const { name, virtual_machine: vm, untagged_vlan: vlan, mode } of outcome.of("vm-interface")
    ) {
      if (vlan === undefined || !("vid" in vlan)) continue;
      expect(vlan.site, `${vm.name} ${name}`).toEqual(vm.site);
      expect(["access", "tagged"], `${vm.name} ${name}`).toContain(mode);
    }
  });

  test("a device in a cluster stands in the site of its cluster", async () => {
    const outcome = await outcomeOf(each);
    for (const { name, site, cluster } of outcome.of("device")) {
      if (cluster?.scope_site !== undefined) expect(site, name).toEqual(cluster.scope_site);
    }
  });

  test("only a virtual interface has a parent, and none of them is in a LAG", async () => {
    for (const port of (await outcomeOf(each)).of("interface")) {
      if (port.parent !== undefined) expect(port.type, port.name).toBe("virtual");
      if (port.lag !== undefined) {
        expect(port.type, port.name).not.toBe("virtual");
        expect(port.lag.type, port.name).toBe("lag");
      }
      if (port.bridge !== undefined) expect(port.bridge.name).not.toBe(port.name);
      for (const other of [port.parent, port.lag, port.bridge]) {
        if (other !== undefined) expect(other.device).toEqual(port.device);
      }
    }
  });

  test("a primary address is an address of the machine itself", async () => {
    const outcome = await outcomeOf(each);
    for (const { name, primary_ip4, primary_ip6 } of outcome.of("virtual-machine")) {
      for (const ip of [primary_ip4, primary_ip6]) {
        if (ip === undefined || !("address" in ip)) continue;
        expect(ip.assigned_object_vm_interface?.virtual_machine.name).toBe(name);
        expect(ip.address.includes(":")).toBe(ip === primary_ip6);
      }
    }
    for (const { name, primary_ip4, primary_ip6 } of outcome.of("device")) {
      for (const ip of [primary_ip4, primary_ip6]) {
        if (ip === undefined || !("address" in ip)) continue;
        expect(ip.assigned_object_interface?.device.name).toBe(name);
        expect(ip.address.includes(":")).toBe(ip === primary_ip6);
      }
    }
  });

  test("values of custom fields are of the kind that step 02 makes, on the objects it names", async () => {
    const outcome = await outcomeOf(each);
    const fields = new Map(outcome.of("custom-field").map((field) => [field.name, field]));
    expect(fields.size).toBe(7);
    const holders = {
      "virtualization.virtualmachine": outcome.of("virtual-machine"),
      "virtualization.virtualdisk": outcome.of("virtual-disk"),
      "dcim.device": outcome.of("device"),
    };
    for (const [type, entities] of Object.entries(holders)) {
      for (
        const [name, value] of entities.flatMap(({ custom_fields: f }) => Object.entries(f ?? {}))
      ) {
        expect(Object.keys(value), name).toEqual([fields.get(name)?.type]);
        expect(fields.get(name)?.object_types, name).toEqual([type]);
      }
    }
  });

  test("names are as short as NetBox wants them, and slugs and colours are well formed", async () => {
    const outcome = await outcomeOf(each);
    for (const step of ["virtual-machine", "device", "interface", "vm-interface"] as const) {
      for (const { name } of outcome.of(step)) expect([...name].length, name).toBeLessThan(65);
    }
    for (const { name, slug, color } of outcome.of("tag")) {
      expect([...name].length).toBeLessThan(101);
      expect(slug).toMatch(/^[-\w]{1,100}$/);
      expect(color ?? "e57000").toMatch(/^[0-9a-f]{6}$/);
    }
  });

  test("nothing is null, blank at its ends or without a value", async () => {
    const { all } = await outcomeOf(each);
    for (const { step, entity } of all) {
      const text = JSON.stringify(entity);
      expect(text, step).not.toMatch(/null|":" |\s"[,}\]]|\\u0000/);
    }
    expect(all.every(({ capturedAt }) => /^\d{4}-\d\d-\d\dT[\d:]{8}Z$/.test(capturedAt))).toBe(
      true,
    );
    expect(new Set(all.map(({ step }) => step)).size).toBe(STEPS.length);
  });
});

test("no object comes twice in generated sites, however odd", async () => {
  await fc.assert(
    fc.asyncProperty(anyLab(), anyLab(), async (one, other) => {
      const snapshots = [
        lab({ ...one, cluster: "b" }, "one"),
        lab({ ...other, cluster: "a" }, "two"),
      ];
      const outcome = await transformed(snapshots, { ALL_INTERFACES: "true" });
      for (const [step, keys] of Object.entries(keysOf(outcome))) {
        expect(keys.filter((key, i) => keys.indexOf(key) !== i), step).toEqual([]);
      }
    }),
    { numRuns: 60 },
  );
});

function textIn(fields: CustomFields, name: string): string {
  const value = fields[name];
  return value !== undefined && "text" in value ? value.text : "";
}
