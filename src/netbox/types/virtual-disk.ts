/** virtualization.VirtualDisk: a volume of a guest. */
import { COMMON, customFields, identity, integerField } from "./fields.ts";
import type { EntityType } from "./entity-type.ts";
import { type ObjectOf, optional, TEXT } from "./shape.ts";
import {
  PART_OF_VIRTUAL_MACHINE,
  type PartIdentity,
  VIRTUAL_MACHINE_STUB,
} from "./virtual-machine.ts";

const FIELDS = {
  virtual_machine: identity(VIRTUAL_MACHINE_STUB),
  name: identity(TEXT),
  size: integerField(),
  ...COMMON,
  custom_fields: optional(customFields()),
};
export type VirtualDisk = ObjectOf<typeof FIELDS>;

export const NETBOX_VIRTUAL_DISK = {
  model: "VirtualDisk",
  path: "virtualization/virtual-disks",
  plural: "virtual disks",
  fields: FIELDS,
  ...PART_OF_VIRTUAL_MACHINE,
} satisfies EntityType<PartIdentity>;
