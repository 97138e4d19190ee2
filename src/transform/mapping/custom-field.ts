/** extras.CustomField: the seven of the mapping document, "Custom Fields". */
import type { CustomField } from "../../netbox/types/custom-field.ts";
import { NETBOX_DEVICE } from "../../netbox/types/device.ts";
import { contentTypeOf } from "../../netbox/types/object-type.ts";
import { NETBOX_VIRTUAL_DISK } from "../../netbox/types/virtual-disk.ts";
import { NETBOX_VIRTUAL_MACHINE } from "../../netbox/types/virtual-machine.ts";
import type { Findable } from "../../netbox/objects.ts";
import { METADATA, owned, rowBuilder, skip, type Table, USERS } from "./table.ts";

const VIRTUAL_MACHINE = contentTypeOf(NETBOX_VIRTUAL_MACHINE);
const DEVICE = contentTypeOf(NETBOX_DEVICE);
const VIRTUAL_DISK = contentTypeOf(NETBOX_VIRTUAL_DISK);

export interface CustomFieldSource extends Findable {
  readonly name: string;
  readonly label: string;
  readonly type: "text" | "integer";
  readonly objectType: string;
  readonly purpose: string;
}

/** Ordered by name, as the step is. */
export const CUSTOM_FIELDS: readonly CustomFieldSource[] = [
  {
    name: "proxmox_cpu_count",
    label: "Proxmox CPU Count",
    type: "integer",
    objectType: DEVICE,
    purpose: "Total number of logical CPU cores available on this Proxmox VE node",
  },
  {
    name: "proxmox_ha_state",
    label: "Proxmox HA State",
    type: "text",
    objectType: VIRTUAL_MACHINE,
    purpose:
      "High-availability state as reported by the Proxmox VE HA manager (e.g. started, stopped, fence)",
  },
  {
    name: "proxmox_memory_mb",
    label: "Proxmox Memory (MB)",
    type: "integer",
    objectType: DEVICE,
    purpose: "Total physical memory installed on this Proxmox VE node, in megabytes",
  },
  {
    name: "proxmox_node",
    label: "Proxmox Node",
    type: "text",
    objectType: VIRTUAL_MACHINE,
    purpose: "The Proxmox VE cluster node that this VM or container is running on",
  },
  {
    name: "proxmox_storage_pool",
    label: "Proxmox Storage Pool",
    type: "text",
    objectType: VIRTUAL_DISK,
    purpose:
      "Proxmox VE storage pool (e.g. local-lvm, ceph) from which this virtual disk is allocated",
  },
  {
    name: "proxmox_vm_type",
    label: "Proxmox VM Type",
    type: "text",
    objectType: VIRTUAL_MACHINE,
    purpose: "Proxmox VE virtualisation type: qemu for KVM VMs or lxc for Linux containers",
  },
  {
    name: "proxmox_vmid",
    label: "Proxmox VM ID",
    type: "text",
    objectType: VIRTUAL_MACHINE,
    purpose: "The unique numeric ID assigned to this VM or container by Proxmox VE",
  },
];

const field = rowBuilder<CustomFieldSource>();
const LISTED = "see the table below";

export const CUSTOM_FIELD: Table<CustomFieldSource, CustomField> = {
  name: owned.key(field.own(LISTED, (f) => f.name)),
  type: field.own("integer for the two fields of devices, else text", (f) => f.type),
  label: owned.firstWriter(field.own(LISTED, (f) => f.label)),
  description: owned.firstWriter(field.own(LISTED, (f) => f.purpose)),
  object_types: owned.union(field.own(LISTED, (f) => [f.objectType])),
  ...skip(
    "none of the seven custom fields refers to an object",
    "related_object_type",
    "related_object_filter",
  ),
  ...skip("none of the seven custom fields is a selection", "choice_set"),
  ...skip("VMIDs repeat from cluster to cluster", "unique"),
  ...skip("a required field would break every object that is not in Proxmox VE", "required"),
  ...skip("an object that is not in Proxmox VE has no value", "default"),
  ...skip(
    "Proxmox decides what is valid",
    "validation_minimum",
    "validation_maximum",
    "validation_regex",
    "validation_schema",
  ),
  ...skip(
    USERS,
    "group_name",
    "search_weight",
    "filter_logic",
    "ui_visible",
    "ui_editable",
    "is_cloneable",
    "weight",
    "nulls_first",
    "comments",
    "owner",
  ),
  ...skip(METADATA, "metadata"),
};
