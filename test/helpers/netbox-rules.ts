/** Rules of NetBox for entities: each throws when an outcome breaks it. */
import { expect } from "vitest";
import { autoSlug } from "../../src/netbox/names.ts";
import { compareNatural } from "../../src/base/natural-order.ts";
import type { CustomFields, TagRef } from "../../src/netbox/types/fields.ts";
import type { SiteRef } from "../../src/netbox/types/site.ts";
import type { VMInterface } from "../../src/netbox/types/vm-interface.ts";
import type { Outcome } from "./in-memory.ts";

export const NETBOX_RULES: Readonly<Record<string, (outcome: Outcome) => void>> = {
  "contains no duplicate objects": comesOnce,
  "lists shared objects in natural order, and guests by node and VMID": isInOrder,
  "assigns the global tags and the host tag to every object, and contains them as entities":
    isTagged,
  "places a VM in the site of its cluster, and VLANs of interfaces in the site of their machine":
    isInSite,
  "places a device with a cluster in the site of the cluster": isDeviceInSite,
  "sets a parent only on virtual interfaces, and never a LAG on them": isLinked,
  "makes an address primary only for the VM or device with the address, one per family":
    hasOwnPrimary,
  "sets custom fields only on the object types and with the value types of step 02": hasFields,
  "keeps names within NetBox's lengths, with valid colours": isShort,
  "gives each name with a slug a unique slug, the same one in every reference": hasOwnSlugs,
  "contains no null, no empty values and no blanks at the ends of texts": isClean,
};

/** The key by which NetBox identifies an object, case-insensitive where NetBox is. */
function keysOf(outcome: Outcome): Record<string, string[]> {
  const host = (address: string): string => address.split("/")[0] ?? "";
  const inVrf = (vrf: { readonly name: string } | undefined): string =>
    vrf === undefined ? "" : ` ${vrf.name}`;
  return {
    tag: outcome.of("tag").map(({ name }) => name),
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
    "ip-address": outcome.of("ip-address").map(({ address, vrf }) => host(address) + inVrf(vrf)),
    prefix: outcome.of("prefix").map(({ prefix, scope_site, vrf }) =>
      `${prefix} ${scope_site?.name}${inVrf(vrf)}`
    ),
    vrf: outcome.of("vrf").map(({ name }) => name),
    l2vpn: outcome.of("l2vpn").map(({ name }) => name),
    "l2vpn-termination": outcome.of("l2vpn-termination").map((
      { assigned_object_vm_interface: nic },
    ) => JSON.stringify([nic?.virtual_machine.cluster.name, nic?.virtual_machine.name, nic?.name])),
    "virtual-machine": outcome.of("virtual-machine").map(({ cluster, name }) =>
      `${cluster.name} ${name.toLowerCase()}`
    ),
    "virtual-disk": outcome.of("virtual-disk").map(({ virtual_machine: vm, name }) =>
      `${vm.cluster.name} ${vm.name} ${name}`
    ),
    device: outcome.of("device").map(({ site, name }) => `${site.name} ${name.toLowerCase()}`),
  };
}

/** Steps whose objects are shared: they are in natural order of their keys. */
const SHARED = [
  "tag",
  "custom-field",
  "cluster-type",
  "cluster",
  "platform",
  "vrf",
  "l2vpn",
  "vlan",
  "prefix",
];

function comesOnce(outcome: Outcome): void {
  for (const [step, keys] of Object.entries(keysOf(outcome))) {
    expect(keys.filter((key, i) => keys.indexOf(key) !== i), step).toEqual([]);
  }
}

function isInOrder(outcome: Outcome): void {
  const keys = keysOf(outcome);
  for (const step of SHARED) expect(keys[step]).toEqual(keys[step]?.toSorted(compareNatural));
  const places = outcome.of("virtual-machine").map(({ cluster, custom_fields: fields }) =>
    [cluster.name, textIn(fields, "proxmox_node"), textIn(fields, "proxmox_vmid")].join(" / ")
  );
  expect(places).toEqual(places.toSorted(compareNatural));
}

function isTagged(outcome: Outcome): void {
  const hosts = outcome.of("tag").map(({ name }) => name).filter((name) =>
    /^proxmox-(?!ve$)/.test(name)
  );
  for (const { step, entity } of outcome.all) {
    if (step === "tag" || step === "custom-field") continue;
    const names = (entity as { tags: readonly TagRef[] }).tags.map(({ name }) => name);
    expect(names.slice(0, 2), step).toEqual(["proxmox-ve", "discovered"]);
    expect(hosts, step).toContain(names[2]);
  }
}

function isInSite(outcome: Outcome): void {
  const scopes = new Map(outcome.of("cluster").map((cluster) => [cluster.name, cluster]));
  for (const vm of outcome.of("virtual-machine")) {
    const scope = scopes.get(vm.cluster.name)?.scope_site;
    if (scope !== undefined) expect(vm.site, vm.name).toEqual(scope);
  }
  for (const nic of outcome.of("vm-interface")) hasVlansOf(nic.virtual_machine, nic);
  for (const port of outcome.of("interface")) hasVlansOf(port.device, port);
}

/** Source: NetBox, dcim/models/device_components.py and the serializers of both kinds of interfaces. */
function hasVlansOf(
  machine: { readonly name: string; readonly site?: SiteRef },
  { name, mode, untagged_vlan: untagged, tagged_vlans: tagged = [] }: Pick<
    VMInterface,
    "name" | "mode" | "untagged_vlan" | "tagged_vlans"
  >,
): void {
  const label = `${machine.name} ${name}`;
  const isUntagged = untagged !== undefined && "vid" in untagged;
  for (const vlan of isUntagged ? [untagged, ...tagged] : tagged) {
    expect(vlan.site, label).toEqual(machine.site);
  }
  if (isUntagged) expect(mode, label).toBeDefined();
  if (tagged.length > 0) expect(mode, label).toBe("tagged");
  if (mode === "access") expect(isUntagged, label).toBe(true);
}

function isDeviceInSite(outcome: Outcome): void {
  for (const { name, site, cluster } of outcome.of("device")) {
    if (cluster?.scope_site !== undefined) expect(site, name).toEqual(cluster.scope_site);
  }
}

function isLinked(outcome: Outcome): void {
  for (const port of outcome.of("interface")) {
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
}

function hasOwnPrimary(outcome: Outcome): void {
  const taken = new Set<string>();
  for (const ip of outcome.of("ip-address")) {
    const machine = ip.assigned_object_vm_interface?.virtual_machine ??
      ip.assigned_object_interface?.device;
    for (const field of ["primary_ip4", "primary_ip6"] as const) {
      const primary = machine?.[field];
      if (machine === undefined || primary === undefined) continue;
      expect(primary.address).toBe(ip.address);
      expect(ip.address.includes(":")).toBe(field === "primary_ip6");
      const { [field]: _, ...rest } = machine;
      const key = `${field} of ${JSON.stringify(rest)}`;
      expect(taken, key).not.toContain(key);
      taken.add(key);
    }
  }
  for (const machine of [...outcome.of("virtual-machine"), ...outcome.of("device")]) {
    expect([{}, undefined], machine.name).toContainEqual(machine.primary_ip4);
    expect([{}, undefined], machine.name).toContainEqual(machine.primary_ip6);
  }
}

function hasFields(outcome: Outcome): void {
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
}

function isShort(outcome: Outcome): void {
  for (const step of ["virtual-machine", "device", "interface", "vm-interface"] as const) {
    for (const { name } of outcome.of(step)) expect([...name].length, name).toBeLessThan(65);
  }
  for (const { description } of outcome.of("interface")) {
    expect([...description ?? ""].length).toBeLessThan(201);
  }
  for (const { serial } of outcome.of("virtual-machine")) {
    expect([...serial ?? ""].length).toBeLessThan(51);
  }
  for (const { name, color } of outcome.of("tag")) {
    expect([...name].length).toBeLessThan(101);
    expect(color ?? "e57000").toMatch(/^[0-9a-f]{6}$/);
  }
}

/** Fields with a reference to an object that has a slug. */
const SLUGGED = /^(?:tags|platform|site|scope_site|tenant|role|device_type|manufacturer)$/;

function hasOwnSlugs({ all }: Outcome): void {
  /** "platform" → name → the key by which NetBox matches it. */
  const slugs = new Map<string, Map<string, string>>();
  const see = (kind: string, { name, slug }: { name: string; slug?: string }): void => {
    const known = slugs.get(kind) ?? new Map<string, string>();
    slugs.set(kind, known);
    expect(slug ?? autoSlug(name), `${kind} ${name}`).toMatch(/^[-\w]{1,100}$/);
    // No slug is not equal to the slug that NetBox would derive.
    const found = slug === undefined ? `auto ${autoSlug(name)}` : slug;
    expect(known.get(name) ?? found, `${kind} ${name}`).toBe(found);
    known.set(name, found);
  };
  const look = (field: string, value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value) look(field, item);
    } else if (typeof value === "object" && value !== null) {
      const { name, model, slug } = value as Record<string, string>;
      const called = name ?? model;
      const kind = field === "scope_site" ? "site" : field;
      if (SLUGGED.test(field) && called) see(kind, { name: called, ...(slug && { slug }) });
      for (const [key, part] of Object.entries(value)) look(key, part);
    }
  };
  for (const { step, entity } of all) {
    look(step === "tag" ? "tags" : step, entity);
  }
  for (const [kind, known] of slugs) {
    const found = [...known.values()].map((slug) => slug.replace(/^auto /, ""));
    expect(found.filter((slug, i) => found.indexOf(slug) !== i), kind).toEqual([]);
  }
}

function isClean(outcome: Outcome): void {
  const { all } = outcome;
  for (const { step, entity } of all) {
    const text = JSON.stringify(entity);
    expect(text, step).not.toMatch(/null|":" |\s"[,}\]]|\\u0000/);
  }
  expect(all.every(({ capturedAt }) => /^\d{4}-\d\d-\d\dT[\d:]{8}Z$/.test(capturedAt))).toBe(
    true,
  );
}

function textIn(fields: CustomFields, name: string): string {
  const value = fields[name];
  return value !== undefined && "text" in value ? value.text : "";
}
