/** virtualization.VMInterface: a network interface of a guest. */
import { COMMON, flagField, identity, integerField, macAddressField } from "./fields.ts";
import type { EntityType } from "./entity-type.ts";
import { type ObjectOf, optional, TEXT } from "./shape.ts";
import {
  PART_OF_VIRTUAL_MACHINE,
  type PartIdentity,
  VIRTUAL_MACHINE_STUB,
} from "./virtual-machine.ts";
import { INTERFACE_MODE, vlanLink, vlanLinks } from "./vlan.ts";

const FIELDS = {
  virtual_machine: identity(VIRTUAL_MACHINE_STUB),
  name: identity(TEXT),
  enabled: optional(flagField()),
  mtu: optional(integerField()),
  primary_mac_address: optional(macAddressField()),
  mode: optional(INTERFACE_MODE),
  untagged_vlan: optional(vlanLink()),
  tagged_vlans: optional(vlanLinks()),
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
} satisfies EntityType<PartIdentity>;
