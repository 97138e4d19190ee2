/** The steps in emission order, each with its type of entity. */
import { NETBOX_CLUSTER_TYPE } from "./cluster-type.ts";
import { NETBOX_CLUSTER } from "./cluster.ts";
import { NETBOX_CUSTOM_FIELD } from "./custom-field.ts";
import { NETBOX_DEVICE_ROLE, NETBOX_DEVICE_TYPE, NETBOX_MANUFACTURER } from "./device-type.ts";
import { type DeviceIdentity, NETBOX_DEVICE } from "./device.ts";
import { NETBOX_INTERFACE } from "./interface.ts";
import { NETBOX_IP_ADDRESS } from "./ip-address.ts";
import type { ObjectType } from "./object-type.ts";
import type { EntityType, Key } from "./entity-type.ts";
import { NETBOX_PLATFORM } from "./platform.ts";
import { NETBOX_PREFIX } from "./prefix.ts";
import { type ObjectOf, type ReferenceIn, referencesIn, type Shape } from "./shape.ts";
import { NETBOX_TAG } from "./tag.ts";
import { NETBOX_VIRTUAL_DISK } from "./virtual-disk.ts";
import { NETBOX_VIRTUAL_MACHINE, type VirtualMachineIdentity } from "./virtual-machine.ts";
import { NETBOX_VLAN } from "./vlan.ts";
import { NETBOX_VM_INTERFACE } from "./vm-interface.ts";

/** The newest format of entity files that this program reads, and the only one that it writes. */
export const ENTITIES_FORMAT = 1;

/** `field`: of Diode's message Entity. Source: the mapping document, "Entity Emission Order". */
export const STEPS = [
  { number: "01", name: "tag", field: "tag", type: NETBOX_TAG },
  { number: "02", name: "custom-field", field: "custom_field", type: NETBOX_CUSTOM_FIELD },
  { number: "03", name: "cluster-type", field: "cluster_type", type: NETBOX_CLUSTER_TYPE },
  { number: "04", name: "cluster", field: "cluster", type: NETBOX_CLUSTER },
  { number: "05", name: "platform", field: "platform", type: NETBOX_PLATFORM },
  { number: "06", name: "vlan", field: "vlan", type: NETBOX_VLAN },
  { number: "07", name: "vm-interface", field: "vm_interface", type: NETBOX_VM_INTERFACE },
  { number: "08", name: "interface", field: "interface", type: NETBOX_INTERFACE },
  { number: "09", name: "ip-address", field: "ip_address", type: NETBOX_IP_ADDRESS },
  { number: "10", name: "prefix", field: "prefix", type: NETBOX_PREFIX },
  { number: "11", name: "virtual-machine", field: "virtual_machine", type: NETBOX_VIRTUAL_MACHINE },
  { number: "12", name: "virtual-disk", field: "virtual_disk", type: NETBOX_VIRTUAL_DISK },
  { number: "13", name: "device", field: "device", type: NETBOX_DEVICE },
] as const;

export type Step = (typeof STEPS)[number];
export type StepName = Step["name"];

type TypeOf<Name extends StepName> = Extract<Step, { readonly name: Name }>["type"];

/** Step → shape of its entities: Diode's messages in protobuf JSON, with snake_case names. */
export type Entities = { [Name in StepName]: ObjectOf<TypeOf<Name>["fields"]> };

/** Step → what identifies an entity; a stub has it, too. */
export type Identities = { [Name in StepName]: Parameters<TypeOf<Name>["key"]>[0] };

const BY_NAME = new Map<string, Step>(STEPS.map((step) => [step.name, step]));
const BY_FIELD = new Map<string, Step>(STEPS.map((step) => [step.field, step]));

export function stepCalled(name: StepName): Step {
  return BY_NAME.get(name) as Step;
}

function typeOf(name: StepName): EntityType<object> {
  return stepCalled(name).type;
}

/** All types that `compare` looks for; some have no step of their own. */
export const OBJECT_TYPES: readonly ObjectType<never>[] = [
  ...STEPS.map(({ type }) => type),
  NETBOX_MANUFACTURER,
  NETBOX_DEVICE_TYPE,
  NETBOX_DEVICE_ROLE,
];

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
    const label = BY_FIELD.get(field)?.type.label(value as never);
    if (label !== undefined) return label;
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
  STEPS.map(({ name, type }) => [name, { definition: { object: type.fields } }]),
);

export function entityShape(step: StepName): Shape {
  return SHAPES.get(step) as Shape;
}

/** All objects that an entity names, stubs in stubs included. */
export function referencesOf(step: StepName, entity: object): Generator<ReferenceIn> {
  return referencesIn(entityShape(step), entity, stepCalled(step).field);
}
