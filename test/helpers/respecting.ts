/**
 * A small cluster that is pushed into a NetBox that people work in:
 *
 *   const netbox = await pushed();
 *   netbox.called("virtual-machine", "web")["tenant"] = brief(tenant);
 *   const { changes } = await push(netbox, cluster());
 */
import { expect } from "vitest";
import { contentTypeOf } from "../../src/netbox/types/object-type.ts";
import { SURVEYED } from "../../src/netbox/types/surveyed.ts";
import type { Snapshot } from "../../src/run-folder/snapshot.ts";
import type { SettingTexts } from "../../src/transform/settings.ts";
import { NetBoxTarget } from "../../src/transform/target/target.ts";
import { type Change, ModelNetBox, type Shown } from "./applied.ts";
import { type Outcome, transformed } from "./in-memory.ts";
import { agentRow, type Lab, lab, type LabGuest } from "./lab.ts";

export const PORTS = [{
  iface: "vmbr0",
  type: "bridge",
  active: 1,
  method: "static",
  cidr: "10.0.0.1/24",
  address: "10.0.0.1",
}];
export const WEB: LabGuest = {
  vmid: 101,
  row: { name: "web", tags: "prod" },
  config: {
    net0: "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=10",
    scsi0: "local-lvm:vm-101-disk-0,size=32G",
    ostype: "l26",
    agent: "1",
    onboot: 1,
  },
  osinfo: { name: "Debian GNU/Linux", "version-id": "12" },
  interfaces: [agentRow("bc:24:11:00:00:01", ["10.0.0.10/24", "10.0.0.11/24"])],
};
export const SITE: SettingTexts = { SITE_NAME: "HQ" };

export function cluster(parts: Lab = {}): Lab {
  return { nodes: { pve1: { network: PORTS } }, guests: [WEB], host: "10.0.0.1", ...parts };
}

/** What `transform --target` makes of snapshots when it knows all objects of `netbox`. */
export async function outcomeFor(
  netbox: ModelNetBox,
  snapshots: Snapshot | readonly Snapshot[],
  settings: SettingTexts = SITE,
): Promise<Outcome> {
  const target = new NetBoxTarget(netbox.objects(), { url: "https://netbox.example.net" });
  return await transformed(snapshots, settings, target);
}

interface Pushed {
  readonly outcome: Outcome;
  readonly changes: readonly Change[];
}

/** Surveys, transforms and pushes twice: the second time changes nothing, and nothing is refused. */
export async function push(netbox: ModelNetBox, parts: Lab, settings = SITE): Promise<Pushed> {
  const snapshot = lab(parts);
  const outcome = await outcomeFor(netbox, snapshot, settings);
  const changes = netbox.apply(outcome.all);
  const second = await outcomeFor(netbox, snapshot, settings);
  expect(netbox.apply(second.all)).toEqual([]);
  expect(netbox.refused).toEqual([]);
  return { outcome, changes };
}

/** A NetBox after a first push without a target. */
export async function pushed(parts: Lab = cluster(), settings = SITE): Promise<ModelNetBox> {
  const netbox = new ModelNetBox();
  netbox.make("site", { name: "HQ" });
  netbox.apply((await transformed(lab(parts), settings)).all);
  expect(netbox.refused).toEqual([]);
  return netbox;
}

/** "virtual-machine web name" */
export function texts(changes: readonly Change[]): string[] {
  return changes.map(({ type, name, field }) => [type, name, field ?? "new"].join(" "));
}

/** An answer for `PATHS.clusterStatus`: a node with its address. */
export function withAddress(ip: string, name = "pve1") {
  return { status: 200, data: [{ type: "node", id: `node/${name}`, name, ip, online: 1 }] };
}

/** An object as NetBox shows it inside others. */
export function brief({ id, name, model }: Shown): object {
  return { id, ...(name === undefined ? {} : { name }), ...(model === undefined ? {} : { model }) };
}

/** A device that people made: a PowerEdge. */
export function device(netbox: ModelNetBox, fields: Readonly<Record<string, unknown>>): Shown {
  const maker = netbox.make("manufacturer", { name: "Dell" });
  const model = netbox.make("device-type", { model: "PowerEdge R740", manufacturer: maker });
  const role = netbox.make("device-role", { name: "Server", parent: null });
  return netbox.make("device", {
    device_type: model,
    role,
    tenant: null,
    cluster: null,
    platform: null,
    status: { value: "active" },
    ...fields,
  });
}

/** A cluster "lab" of the type Proxmox that people made, at a site. */
export function madeCluster(netbox: ModelNetBox, fields: Readonly<Record<string, unknown>>): Shown {
  const site = fields["scope"] ?? null;
  const type = fields["type"] ?? netbox.make("cluster-type", { name: "Proxmox" });
  const scope_type = site === null ? null : "dcim.site";
  return netbox.make("cluster", {
    name: "lab",
    type,
    group: null,
    scope_type,
    scope: null,
    ...fields,
  });
}

/** A virtual machine that people made. */
export function machine(netbox: ModelNetBox, fields: Readonly<Record<string, unknown>>): Shown {
  return netbox.make("virtual-machine", {
    name: "web",
    cluster: null,
    site: null,
    tenant: null,
    platform: null,
    ...fields,
  });
}

/** Fields of an address that is assigned to an interface of a device or a virtual machine. */
export function assignedTo(part: Shown): Readonly<Record<string, unknown>> {
  const [type, key] = "device" in part
    ? ["dcim.interface", "device"]
    : ["virtualization.vminterface", "virtual_machine"];
  return {
    assigned_object_type: type,
    assigned_object: { ...brief(part), [key]: part[key] },
  };
}

/** People require a value of a custom field in all objects of these types, without a default. */
export function requireField(netbox: ModelNetBox, ...types: readonly string[]): void {
  netbox.make("custom-field", {
    name: "cost_center",
    type: { value: "text" },
    object_types: types,
    required: true,
    default: null,
  });
  for (const { name, type } of SURVEYED) {
    if (!types.includes(contentTypeOf(type))) continue;
    for (const row of netbox.all(name)) {
      Object.assign(row["custom_fields"] as object, { cost_center: null });
    }
  }
}

/** A tag that people made, for all types unless `types` names some. */
export function tagged(netbox: ModelNetBox, name: string, types: readonly string[] = []): Shown {
  return netbox.make("tag", { name, color: "ff0000", object_types: types });
}
