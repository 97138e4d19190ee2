/** The types of entities by step: their identity, label, order, shape and references. */
import { NETBOX_CLUSTER_TYPE } from "./cluster-type.ts";
import { NETBOX_CLUSTER } from "./cluster.ts";
import { NETBOX_CUSTOM_FIELD } from "./custom-field.ts";
import { type DeviceIdentity, NETBOX_DEVICE } from "./device.ts";
import { NETBOX_INTERFACE } from "./interface.ts";
import { NETBOX_IP_ADDRESS } from "./ip-address.ts";
import type { EntityType, Key } from "./entity-type.ts";
import { NETBOX_L2VPN, NETBOX_L2VPN_TERMINATION } from "./l2vpn.ts";
import { NETBOX_PLATFORM } from "./platform.ts";
import { NETBOX_PREFIX } from "./prefix.ts";
import { type ObjectOf, type ReferenceIn, referencesIn, type Shape } from "./shape.ts";
import { stepCalled, type StepName, STEPS } from "./steps.ts";
import { NETBOX_TAG } from "./tag.ts";
import { NETBOX_VIRTUAL_DISK } from "./virtual-disk.ts";
import { NETBOX_VIRTUAL_MACHINE, type VirtualMachineIdentity } from "./virtual-machine.ts";
import { NETBOX_VLAN } from "./vlan.ts";
import { NETBOX_VLAN_GROUP } from "./vlan-group.ts";
import { NETBOX_VM_INTERFACE } from "./vm-interface.ts";
import { NETBOX_VRF } from "./vrf.ts";

/** TABLE: step → its type of entity. */
export const ENTITY_TYPES = {
  tag: NETBOX_TAG,
  "custom-field": NETBOX_CUSTOM_FIELD,
  "cluster-type": NETBOX_CLUSTER_TYPE,
  cluster: NETBOX_CLUSTER,
  platform: NETBOX_PLATFORM,
  vrf: NETBOX_VRF,
  "vlan-group": NETBOX_VLAN_GROUP,
  l2vpn: NETBOX_L2VPN,
  vlan: NETBOX_VLAN,
  "vm-interface": NETBOX_VM_INTERFACE,
  interface: NETBOX_INTERFACE,
  "l2vpn-termination": NETBOX_L2VPN_TERMINATION,
  "ip-address": NETBOX_IP_ADDRESS,
  prefix: NETBOX_PREFIX,
  "virtual-machine": NETBOX_VIRTUAL_MACHINE,
  "virtual-disk": NETBOX_VIRTUAL_DISK,
  device: NETBOX_DEVICE,
} as const;

type TypeOf<Name extends StepName> = (typeof ENTITY_TYPES)[Name];

/** Step → shape of its entities: Diode's messages in protobuf JSON, with snake_case names. */
export type Entities = { [Name in StepName]: ObjectOf<TypeOf<Name>["fields"]> };

/** Step → what identifies an entity; a stub has it, too. */
export type Identities = { [Name in StepName]: Parameters<TypeOf<Name>["key"]>[0] };

const BY_FIELD = new Map<string, StepName>(STEPS.map(({ field, name }) => [field, name]));

function typeOf(name: StepName): EntityType<object> {
  return ENTITY_TYPES[name];
}

/** Two entities of one step are the same object when this is the same text. */
export function naturalKey<Name extends StepName>(step: Name, identity: Identities[Name]): string {
  return JSON.stringify(typeOf(step).key(identity) satisfies Key);
}

/** As people call it: "web-01/net0". */
export function labelOf<Name extends StepName>(step: Name, identity: Identities[Name]): string {
  return typeOf(step).label(identity);
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
  try {
    const step = BY_FIELD.get(field);
    if (step !== undefined) return labelOf(step, value as never);
  } catch {
    // A part of the label is missing.
  }
  const { name, model, address, mac_address } = (value ?? {}) as Partial<Record<string, unknown>>;
  return [name, model, address, mac_address].find((text) => typeof text === "string");
}

/** Parts come in the order of their machines. */
export function isPart(step: StepName): boolean {
  return typeOf(step).machine !== undefined;
}

export type OwningMachine =
  | { readonly step: "virtual-machine"; readonly ref: VirtualMachineIdentity }
  | { readonly step: "device"; readonly ref: DeviceIdentity };

/** The machine or device that an entity is a part of. */
export function machineOf<Name extends StepName>(
  step: Name,
  entity: Entities[Name],
): OwningMachine | undefined {
  return typeOf(step).machine?.(entity as never) as OwningMachine | undefined;
}

/** What the entities of a step are sorted by; undefined for parts, and where there is no order. */
export function entitySortKey(
  step: StepName,
  entity: Entities[StepName],
): readonly string[] | undefined {
  return typeOf(step).sortedBy?.(entity as never);
}

const SHAPES = new Map<StepName, Shape>(
  STEPS.map(({ name }) => [name, { definition: { object: ENTITY_TYPES[name].fields } }]),
);

export function entityShape(step: StepName): Shape {
  return SHAPES.get(step) as Shape;
}

/** All objects that an entity names, stubs in stubs included. */
export function referencesOf(step: StepName, entity: object): Generator<ReferenceIn> {
  return referencesIn(entityShape(step), entity, stepCalled(step).field);
}
