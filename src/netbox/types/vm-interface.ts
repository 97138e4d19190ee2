/** virtualization.VMInterface: a network interface of a guest. */
import {
  choiceField,
  COMMON,
  flagField,
  identity,
  integerField,
  macAddressField,
} from "./fields.ts";
import type { EntityType } from "./entity-type.ts";
import { type NetBoxObject, partOf } from "./object-type.ts";
import { type ObjectOf, optional, TEXT } from "./shape.ts";
import {
  PART_OF_VIRTUAL_MACHINE,
  type PartIdentity,
  VIRTUAL_MACHINE_STUB,
} from "./virtual-machine.ts";
import { vlanLink } from "./vlan.ts";

const FIELDS = {
  virtual_machine: identity(VIRTUAL_MACHINE_STUB),
  name: identity(TEXT),
  enabled: optional(flagField()),
  mtu: optional(integerField()),
  primary_mac_address: optional(macAddressField()),
  mode: optional(choiceField("access", "tagged")),
  untagged_vlan: optional(vlanLink()),
  ...COMMON,
};
export type VMInterface = ObjectOf<typeof FIELDS>;
export type VMInterfaceRef = Pick<VMInterface, "virtual_machine" | "name">;

export const NETBOX_VM_INTERFACE = {
  model: "VMInterface",
  path: "virtualization/interfaces",
  plural: "VM interfaces",
  fields: FIELDS,
  ...PART_OF_VIRTUAL_MACHINE,
  reads: [...PART_OF_VIRTUAL_MACHINE.reads, "tagged_vlans"],
} satisfies EntityType<PartIdentity>;

/**
 * When the mode changes to access, NetBox clears the tagged VLANs, and refuses a service VLAN.
 * Source: NetBox, dcim/models/device_components.py, BaseInterface.
 */
export function keepsMode(object: NetBoxObject | undefined): boolean {
  const vlans = object?.["tagged_vlans"];
  return (Array.isArray(vlans) && vlans.length > 0) || partOf(object, "mode", "value") === "q-in-q";
}
