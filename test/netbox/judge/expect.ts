/**
 * What NetBox should hold after these snapshots were transformed together, by the mapping document
 * and mapping.md. It shares no code with src/transform, so that one reading can judge the other.
 */
import { compareNatural } from "../../../src/kernel/natural-order.ts";
import { expectGuests } from "./expect-guest.ts";
import { expectNodes } from "./expect-node.ts";
import { Book } from "./facts.ts";
import type { Ledger } from "./ledger.ts";
import type { Plan } from "./plan.ts";

const GLOBAL_TAGS = ["proxmox-ve", "discovered"];
const COLOURS: Readonly<Record<string, string>> = { "proxmox-ve": "e57000", discovered: "198754" };
const HOST_COLOUR = "fd7e14";

const VM = "virtualization.virtualmachine";
/** The table "Custom Fields" of the mapping document. */
const CUSTOM_FIELDS: readonly (readonly [string, string, string, string, string])[] = [
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
    "dcim.device",
    "Total number of logical CPU cores available on this Proxmox VE node",
  ],
  [
    "proxmox_memory_mb",
    "Proxmox Memory (MB)",
    "integer",
    "dcim.device",
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
    "virtualization.virtualdisk",
    "Proxmox VE storage pool (e.g. local-lvm, ceph) from which this virtual disk is allocated",
  ],
];

export function expectBootstrap(): Book {
  const book = new Book();
  for (const name of GLOBAL_TAGS) book.put("tag", name, { color: COLOURS[name] });
  for (const [name, label, type, objectType, description] of CUSTOM_FIELDS) {
    book.put("custom-field", name, { label, type, description, object_types: [objectType] });
  }
  book.put("cluster-type", "Proxmox", { slug: "proxmox", tags: GLOBAL_TAGS });
  return book;
}

export function expectAll(plans: readonly Plan[]): Book {
  const book = expectBootstrap();
  const ledger: Ledger = { book, taken: new Set(), networks: new Map() };
  const clusters = plans.toSorted((a, b) => compareNatural(a.cluster, b.cluster));
  for (const plan of clusters) expectCluster(plan, book);
  const devices = new Set<string>();
  for (const plan of clusters) expectNodes(plan, ledger, devices);
  for (const plan of clusters) expectGuests(plan, ledger);
  for (const [network, { sites, tags }] of ledger.networks) {
    const scope = sites.size === 1 ? [...sites][0] : null;
    book.put("prefix", network, { scope: scope ?? null, tags: [...tags] });
  }
  return book;
}

function expectCluster({ cluster, scope, tags, host, tenant }: Plan, book: Book): void {
  for (const name of tags) book.put("tag", name, { color: COLOURS[name] ?? HOST_COLOUR });
  book.put("tag", `proxmox-${host}`, {});
  book.put("cluster-type", "Proxmox", { tags });
  book.put("cluster", cluster, { type: "Proxmox", status: "active", scope, tags });
  if (scope !== null) book.put("site", scope, {});
  if (tenant !== null) book.put("tenant", tenant, {});
}

/** NetBox derives a VM's disk from its virtual disks, those that Proxmox has no more included. */
export function sumDisks(book: Book): void {
  const sums = new Map<string, number>();
  for (const [key, { size }] of book.page("virtual-disk")) {
    const guest = key.slice(0, key.lastIndexOf("/"));
    sums.set(guest, (sums.get(guest) ?? 0) + Number(size));
  }
  for (const [guest, disk] of sums) book.put("virtual-machine", guest, { disk });
}
