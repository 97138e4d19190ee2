/**
 * Writes entity files from a short description, sealed as `transform` seals them, and replaces existing ones:
 *
 *   await buildSet(folder, { "tag": [[tag("a"), tag("b")], [tag("c")]], "virtual-machine": [[vm("web-01")]] })
 *
 * Each inner list is one file.
 */
import { encodeUtf8 } from "../../src/base/text.ts";
import type { CustomField } from "../../src/netbox/types/custom-field.ts";
import type { Device } from "../../src/netbox/types/device.ts";
import type { IPAddress } from "../../src/netbox/types/ip-address.ts";
import type { Entities } from "../../src/netbox/types/order.ts";
import { isExtension, type StepName, STEPS } from "../../src/netbox/types/steps.ts";
import type { Platform } from "../../src/netbox/types/platform.ts";
import type { Tag } from "../../src/netbox/types/tag.ts";
import type { VirtualDisk } from "../../src/netbox/types/virtual-disk.ts";
import type { VirtualMachine } from "../../src/netbox/types/virtual-machine.ts";
import type { VLAN } from "../../src/netbox/types/vlan.ts";
import type { VMInterface } from "../../src/netbox/types/vm-interface.ts";
import { openEntities, type TransformedSet } from "../../src/run-folder/entity-set.ts";
import { requestText } from "../../src/run-folder/entity-writer.ts";
import { LEFT_OUT_NAME } from "../../src/run-folder/left-out-file.ts";
import type { LeftOut } from "../../src/run-folder/left-out.ts";
import { type FileEntry, fileEntry, seal } from "../../src/run-folder/manifest.ts";
import { requestId } from "../../src/run-folder/request.ts";
import { openStore } from "../../src/run-folder/store/store.ts";

export type SetParts = { readonly [Name in StepName]?: readonly (readonly Entities[Name][])[] };

export interface SetFacts {
  readonly leftOut?: readonly Pick<LeftOut, "what" | "reason">[];
  readonly time?: string;
  /** Replaces fields of the manifest. */
  readonly manifest?: object;
}

const TIME = "2026-01-02T03:04:05Z";

export async function buildSet(
  folder: string,
  parts: SetParts,
  facts: SetFacts = {},
): Promise<TransformedSet> {
  const { leftOut = [], time = TIME, manifest = {} } = facts;
  const store = await openStore(folder);
  const old = (await store.keys()).filter((key) => key.startsWith("netbox/"));
  for (const key of old) await store.remove(key);
  const files: FileEntry[] = [];
  const counts: Record<string, number> = {};
  const write = async (name: string, text: string): Promise<void> => {
    const bytes = encodeUtf8(text);
    await store.write(`netbox/${name}`, bytes);
    files.push(fileEntry(`netbox/${name}`, bytes));
  };
  for (const { number, name, field } of STEPS) {
    if (isExtension(name) && parts[name] === undefined) continue;
    counts[name] = 0;
    for (const [i, entities] of (parts[name] ?? []).entries()) {
      counts[name] += entities.length;
      const items = entities.map((entity) => ({ timestamp: time, [field]: entity }));
      await write(`${number}-${name}-${String(i + 1).padStart(4, "0")}.json`, requestOf(items));
    }
  }
  const records = leftOut.map(({ what, reason }) =>
    JSON.stringify({ what, reason, sentence: reason, answer: { file: "pve/x.json", path: "/x" } })
  );
  await write(
    LEFT_OUT_NAME,
    `{"left_out":[${records.map((record) => `\n${record}`)}\n],"notes":[\n]}\n`,
  );
  const document = {
    format: 1,
    tool: { name: "proxmox-diode", version: "0.1.0" },
    snapshots: [],
    counts,
    left_out: {},
    notes: {},
    files,
    ...manifest,
  };
  await store.write("netbox/manifest.json", encodeUtf8(seal(document)));
  return await openEntities(store);
}

function requestOf(entities: readonly object[]): string {
  return requestText({
    stream: "latest",
    id: requestId(encodeUtf8(JSON.stringify(entities))),
    producer_app_name: "proxmox-diode",
    producer_app_version: "0.1.0",
    sdk_name: "proxmox-diode",
    sdk_version: "0.1.0",
    entities,
  } as { entities: readonly object[] });
}

const CLUSTER = { name: "lab", type: { name: "Proxmox" } };

export function tag(name: string): Tag {
  return { name, slug: name };
}

export function customField(name: string): CustomField {
  return { name, type: "text", label: name, description: name, object_types: ["dcim.device"] };
}

export function vm(name: string, more: Partial<VirtualMachine> = {}, vmid = 101): VirtualMachine {
  return {
    name,
    status: "active",
    cluster: CLUSTER,
    tags: [],
    custom_fields: { proxmox_vmid: { text: String(vmid) } },
    ...more,
  };
}

export function nic(machine: string, name: string, more: Partial<VMInterface> = {}): VMInterface {
  return {
    virtual_machine: { name: machine, cluster: CLUSTER },
    name,
    enabled: true,
    tags: [],
    ...more,
  };
}

export function disk(machine: string, name: string, size: `${bigint}` = "1024"): VirtualDisk {
  return { virtual_machine: { name: machine, cluster: CLUSTER }, name, size, tags: [] };
}

export function addressOf(machine: string, address: string): IPAddress {
  const { virtual_machine, name } = nic(machine, "net0");
  return { address, assigned_object_vm_interface: { virtual_machine, name }, tags: [] };
}

export function device(name: string, more: Partial<Device> = {}): Device {
  return {
    name,
    device_type: { manufacturer: { name: "Proxmox" }, model: "Proxmox Node" },
    role: { name: "Hypervisor" },
    site: { name: "HQ" },
    status: "active",
    tags: [],
    ...more,
  };
}

export function platform(name: string): Platform {
  return { name, tags: [] };
}

export function vlan(vid: `${bigint}`): VLAN {
  return { vid, name: `VLAN ${vid}`, site: { name: "HQ" }, tags: [] };
}
