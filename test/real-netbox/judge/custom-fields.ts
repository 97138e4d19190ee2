/** TABLE: "Custom Fields" of the mapping document, word for word. */

const VM = ["virtualization.virtualmachine"];
const DEVICE = ["dcim.device"];
const DISK = ["virtualization.virtualdisk"];

type Row = readonly [
  name: string,
  label: string,
  type: string,
  objectTypes: readonly string[],
  purpose: string,
];

export const CUSTOM_FIELDS: readonly Row[] = [
  [
    "proxmox_vmid",
    "Proxmox VM ID",
    "text",
    VM,
    "The unique numeric ID assigned to this VM or container by Proxmox VE",
  ],
  [
    "proxmox_node",
    "Proxmox Node",
    "text",
    VM,
    "The Proxmox VE cluster node that this VM or container is running on",
  ],
  [
    "proxmox_ha_state",
    "Proxmox HA State",
    "text",
    VM,
    "High-availability state as reported by the Proxmox VE HA manager (e.g. started, stopped, fence)",
  ],
  [
    "proxmox_cpu_count",
    "Proxmox CPU Count",
    "integer",
    DEVICE,
    "Total number of logical CPU cores available on this Proxmox VE node",
  ],
  [
    "proxmox_memory_mb",
    "Proxmox Memory (MB)",
    "integer",
    DEVICE,
    "Total physical memory installed on this Proxmox VE node, in megabytes",
  ],
  [
    "proxmox_vm_type",
    "Proxmox VM Type",
    "text",
    VM,
    "Proxmox VE virtualisation type: qemu for KVM VMs or lxc for Linux containers",
  ],
  [
    "proxmox_storage_pool",
    "Proxmox Storage Pool",
    "text",
    DISK,
    "Proxmox VE storage pool (e.g. local-lvm, ceph) from which this virtual disk is allocated",
  ],
];
