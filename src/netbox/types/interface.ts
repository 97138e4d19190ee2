/** dcim.Interface: a network interface of a node. */
import { DEVICE_STUB, type DeviceIdentity, deviceKey, NETBOX_DEVICE } from "./device.ts";
import {
  choiceField,
  COMMON,
  flagField,
  identity,
  integerField,
  macAddressField,
  named,
  textField,
} from "./fields.ts";
import type { Found } from "../objects.ts";
import { byOwner, hasName, partOf, referenceTo, stubAt } from "./object-type.ts";
import { type EntityType, type Machine } from "./entity-type.ts";
import { type ObjectOf, optional, stub, TEXT, type ValueOf } from "./shape.ts";
import { INTERFACE_MODE, vlanLink, vlanLinks } from "./vlan.ts";

export const INTERFACE_TYPE = choiceField("bridge", "lag", "virtual", "other");
export type InterfaceType = ValueOf<typeof INTERFACE_TYPE>;

/** Of an interface in NetBox; it may be one that no entity has. */
export function typeIn({ object }: Found): InterfaceType | undefined {
  return partOf(object, "type", "value") as InterfaceType | undefined;
}

export const INTERFACE_STUB = stub(
  { device: DEVICE_STUB, name: TEXT, type: optional(INTERFACE_TYPE) },
  "interface",
);
export type InterfaceRef = ValueOf<typeof INTERFACE_STUB>;

const FIELDS = {
  device: identity(DEVICE_STUB),
  name: identity(TEXT),
  type: optional(INTERFACE_TYPE),
  enabled: optional(flagField()),
  mtu: optional(integerField()),
  speed: optional(integerField()),
  // NetBox takes no interface of another device.
  parent: optional(named(INTERFACE_STUB)),
  bridge: optional(named(INTERFACE_STUB)),
  lag: optional(named(INTERFACE_STUB)),
  primary_mac_address: optional(macAddressField()),
  description: optional(textField()),
  mode: optional(INTERFACE_MODE),
  untagged_vlan: optional(vlanLink()),
  tagged_vlans: optional(vlanLinks()),
  ...COMMON,
};
export type Interface = ObjectOf<typeof FIELDS>;

interface InterfaceIdentity {
  readonly device: DeviceIdentity;
  readonly name: string;
}

export const NETBOX_INTERFACE = {
  model: "Interface",
  path: "dcim/interfaces",
  plural: "interfaces",
  fields: FIELDS,
  key: ({ device, name }) => [deviceKey(device), name],
  label: ({ device, name }) => `${device.name}/${name}`,
  machine: ({ device: ref }: InterfaceIdentity): Machine => ({ step: "device", ref }),
  reads: ["name", "device"],
  owner: ({ device }) => referenceTo(NETBOX_DEVICE, device),
  filters: [byOwner("device")],
  is: (named, object, id) => hasName(named, object) && partOf(object, "device", "id") === id,
  stubOf: (object, known) => ({
    ...stubAt("device", { object, type: NETBOX_DEVICE, known }),
    name: object["name"],
  }),
} satisfies EntityType<InterfaceIdentity>;
