/**
 * TABLE: what makes an entity the same one, and what people call it. One row per step.
 * Source: mapping.md; diode-netbox-plugin, docs/matching-criteria-documentation.md.
 */
import { type StepName, STEPS } from "./order.ts";
import type {
  ClusterRef,
  DeviceRef,
  Entities,
  InterfaceRef,
  VirtualMachine,
  VirtualMachineRef,
  VMInterfaceRef,
} from "./schema.ts";

type Key = string | undefined | readonly Key[];

interface Row<Entity> {
  /** Its identity in NetBox. */
  readonly key: (entity: Entity) => Key;
  readonly name: (entity: Entity) => string;
}

const NAMED: Row<{ name: string }> = { key: ({ name }) => name, name: ({ name }) => name };

export const NATURAL_KEYS: { readonly [Name in StepName]: Row<Entities[Name]> } = {
  "tag": NAMED,
  "custom-field": NAMED,
  "cluster-type": NAMED,
  // Of another scope it is another cluster to Diode; its type does not matter.
  "cluster": { key: clusterKey, name: ({ name }) => name },
  "platform": NAMED,
  "vlan": {
    key: ({ vid, site }) => [vid, site?.name],
    name: ({ vid, site }) => site === undefined ? vid : `${vid} at ${site.name}`,
  },
  "vm-interface": { key: vmInterfaceKey, name: ofMachine },
  "interface": { key: interfaceKey, name: ({ device, name }) => `${device.name}/${name}` },
  // NetBox's plugin for Diode ignores the mask, and whom the address is assigned to.
  "ip-address": {
    key: ({ address }) => address.split("/", 1)[0],
    name: ({ address }) => address,
  },
  "prefix": { key: ({ prefix }) => prefix, name: ({ prefix }) => prefix },
  "virtual-machine": { key: machineKey, name: ({ name }) => name },
  "virtual-disk": {
    key: ({ virtual_machine, name }) => [machineKey(virtual_machine), name],
    name: ofMachine,
  },
  "device": { key: deviceKey, name: ({ name }) => name },
};

const STEP_OF_FIELD = new Map<string, StepName>(STEPS.map(({ field, name }) => [field, name]));

/** Two entities of one step are the same thing when this is the same text. */
export function naturalKey<Name extends StepName>(step: Name, entity: Entities[Name]): string {
  return JSON.stringify(NATURAL_KEYS[step].key(entity));
}

/** The VMID that a virtual machine bears as a custom field; files that others wrote may lack it. */
export function vmidOf({ custom_fields: fields }: VirtualMachine): string | undefined {
  const found: object | undefined = fields?.["proxmox_vmid"];
  return found !== undefined && "text" in found ? String(found.text) : undefined;
}

/** { virtual_machine: { name: "web-01", … } } → 'virtual_machine "web-01"'; any JSON will do. */
export function entityLabel(entity: unknown): string {
  if (typeof entity !== "object" || entity === null) return "an entity";
  const found = Object.entries(entity).find(([field]) => field !== "timestamp");
  const [field, value] = found ?? [""];
  if (field === "") return "an entity without a type";
  const name = nameOf(field, value);
  return name === undefined ? field : `${field} "${name}"`;
}

function nameOf(field: string, value: unknown): string | undefined {
  const step = STEP_OF_FIELD.get(field);
  try {
    if (step !== undefined) return (NATURAL_KEYS[step] as Row<unknown>).name(value);
  } catch {
    // A part that its name is made of is missing: what it has must do.
  }
  const { name, model, address, mac_address } = (value ?? {}) as Partial<Record<string, unknown>>;
  return [name, model, address, mac_address].find((text) => typeof text === "string");
}

type MachineIdentity = Pick<VirtualMachineRef, "name" | "cluster" | "tenant">;
type DeviceIdentity = Pick<DeviceRef, "name" | "site" | "tenant">;

/** NetBox compares the names of virtual machines and devices without regard to case. */
function machineKey({ name, cluster, tenant }: MachineIdentity): Key {
  return [name.toLowerCase(), clusterKey(cluster), tenant?.name];
}

function deviceKey({ name, site, tenant }: DeviceIdentity): Key {
  return [name.toLowerCase(), site.name, tenant?.name];
}

function clusterKey({ name, scope_site }: ClusterRef): Key {
  return [name, scope_site?.name];
}

function interfaceKey({ device, name }: Omit<InterfaceRef, "type">): Key {
  return [deviceKey(device), name];
}

function vmInterfaceKey({ virtual_machine, name }: VMInterfaceRef): Key {
  return [machineKey(virtual_machine), name];
}

function ofMachine({ virtual_machine, name }: VMInterfaceRef): string {
  return `${virtual_machine.name}/${name}`;
}
