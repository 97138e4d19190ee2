/** TABLE: step → the table of its fields. */
import type { StepName } from "../../types/order.ts";
import type { Entities } from "../../types/schema.ts";
import { DEVICE_FIELDS, INTERFACE_FIELDS, PLATFORM_FIELDS } from "./dcim.ts";
import { CUSTOM_FIELD_FIELDS, TAG_FIELDS } from "./extras.ts";
import type { FieldTable } from "./field.ts";
import { IP_ADDRESS_FIELDS, PREFIX_FIELDS, VLAN_FIELDS } from "./ipam.ts";
import {
  CLUSTER_FIELDS,
  CLUSTER_TYPE_FIELDS,
  VIRTUAL_DISK_FIELDS,
  VIRTUAL_MACHINE_FIELDS,
  VM_INTERFACE_FIELDS,
} from "./virtualization.ts";

export const FIELDS: { readonly [Name in StepName]: FieldTable<Entities[Name]> } = {
  "tag": TAG_FIELDS,
  "custom-field": CUSTOM_FIELD_FIELDS,
  "cluster-type": CLUSTER_TYPE_FIELDS,
  "cluster": CLUSTER_FIELDS,
  "platform": PLATFORM_FIELDS,
  "vlan": VLAN_FIELDS,
  "vm-interface": VM_INTERFACE_FIELDS,
  "interface": INTERFACE_FIELDS,
  "ip-address": IP_ADDRESS_FIELDS,
  "prefix": PREFIX_FIELDS,
  "virtual-machine": VIRTUAL_MACHINE_FIELDS,
  "virtual-disk": VIRTUAL_DISK_FIELDS,
  "device": DEVICE_FIELDS,
};
