/** Objects of a NetBox that have nothing to do with a run: racks of devices, and the virtual machines of other clusters. */
import type { NetBoxObject } from "../../src/netbox/types/object-type.ts";
import type { SurveyedName } from "../../src/netbox/types/surveyed.ts";

/** Ids of a run's own objects are smaller. */
const FIRST_ID = 10_000_000;
const PORTS_PER_DEVICE = 24;
/** A virtual machine, its interface, its disk and its address. */
const OBJECTS_PER_MACHINE = 4;
/** The share of devices with their interfaces. */
const DEVICE_SHARE = 0.25;
const CLUSTERS = 20;
const SITES = 50;
const TENANTS = 200;
const TAGS = 10;

type Objects = Partial<Record<SurveyedName, () => Generator<NetBoxObject>>>;

/** `count` objects; type → its objects, by id. */
export function otherObjects(count: number): Objects {
  const fixed = count < 1000 ? 0 : CLUSTERS + SITES + TENANTS + TAGS + 1;
  const devices = Math.floor((count - fixed) * DEVICE_SHARE / (PORTS_PER_DEVICE + 1));
  const machines = Math.floor(
    (count - fixed - devices * (PORTS_PER_DEVICE + 1)) / OBJECTS_PER_MACHINE,
  );
  // What is left after whole devices and machines: addresses of nothing.
  const free = count - fixed - devices * (PORTS_PER_DEVICE + 1) - machines * OBJECTS_PER_MACHINE;
  const lists = fixed === 0 ? {} : {
    "tag": each(TAGS, (i) => ({ ...named("team", i), object_types: [], color: "9e9e9e" })),
    "site": each(SITES, (i) => ({ ...named("Site", i), region: null, group: null })),
    "tenant": each(TENANTS, (i) => ({ ...named("Customer", i), group: null })),
    "cluster-type": each(1, (i) => ({ ...named("VMware", i), tags: [], custom_fields: {} })),
    "cluster": each(CLUSTERS, clusterAt),
  };
  return {
    ...lists,
    "device": each(devices, deviceAt),
    "interface": each(devices * PORTS_PER_DEVICE, portAt),
    "virtual-machine": each(machines, machineAt),
    "vm-interface": each(machines, nicAt),
    "virtual-disk": each(machines, diskAt),
    "ip-address": each(machines + free, (i) => addressAt(i, i < machines)),
  };
}

function each(count: number, objectAt: (i: number) => object) {
  return function* (): Generator<NetBoxObject> {
    for (let i = 0; i < count; i += 1) yield { id: FIRST_ID + i, ...objectAt(i) };
  };
}

/** As NetBox shows it within another object. */
function brief(name: string, i: number) {
  return { id: FIRST_ID + i, name: `${name} ${i}` };
}

function named(name: string, i: number) {
  return { name: `${name} ${i}`, slug: `${name.toLowerCase()}-${i}` };
}

function clusterAt(i: number) {
  return {
    name: `vSphere ${i}`,
    group: null,
    scope_type: "dcim.site",
    scope: brief("Site", i % SITES),
    type: brief("VMware", 0),
    status: { value: "active" },
    tags: [],
    custom_fields: {},
  };
}

function deviceAt(i: number) {
  return {
    name: `switch-${i}`,
    site: brief("Site", i % SITES),
    tenant: brief("Customer", i % TENANTS),
    primary_ip4: null,
    primary_ip6: null,
    device_type: { id: 1 + i % 40, model: `Switch ${i % 40}` },
    role: { id: 1 + i % 10, name: `Role ${i % 10}` },
    platform: null,
    status: { value: "active" },
    cluster: null,
    tags: [brief("team", i % TAGS)],
    custom_fields: { proxmox_cpu_count: null, proxmox_memory_mb: null },
  };
}

function portAt(i: number) {
  const device = Math.floor(i / PORTS_PER_DEVICE);
  return {
    name: `GigabitEthernet1/0/${i % PORTS_PER_DEVICE + 1}`,
    device: { id: FIRST_ID + device, name: `switch-${device}` },
    type: { value: "1000base-t" },
    enabled: true,
    mtu: null,
    speed: null,
    parent: null,
    bridge: null,
    lag: null,
    primary_mac_address: { id: FIRST_ID + i, mac_address: macAt("00:1B:21", i) },
    tags: [],
    custom_fields: {},
  };
}

function machineAt(i: number) {
  return {
    name: `app-${i}`,
    cluster: brief("vSphere", i % CLUSTERS),
    tenant: brief("Customer", i % TENANTS),
    primary_ip4: { id: FIRST_ID + i, address: hostAt(i) },
    primary_ip6: null,
    status: { value: "active" },
    site: brief("Site", i % CLUSTERS),
    platform: null,
    vcpus: 1 + i % 16,
    memory: 1024 * (1 + i % 64),
    start_on_boot: { value: "off" },
    comments: "",
    tags: [brief("team", i % TAGS)],
    custom_fields: {
      proxmox_ha_state: null,
      proxmox_node: null,
      proxmox_vm_type: null,
      proxmox_vmid: null,
    },
  };
}

function nicAt(i: number) {
  return {
    name: "eth0",
    virtual_machine: { id: FIRST_ID + i, name: `app-${i}` },
    enabled: true,
    mtu: null,
    primary_mac_address: { id: 2 * FIRST_ID + i, mac_address: macAt("00:50:56", i) },
    mode: null,
    untagged_vlan: null,
    tags: [],
    custom_fields: {},
  };
}

function diskAt(i: number) {
  return {
    name: "disk0",
    virtual_machine: { id: FIRST_ID + i, name: `app-${i}` },
    size: 10_240 * (1 + i % 20),
    tags: [],
    custom_fields: { proxmox_storage_pool: null },
  };
}

function addressAt(i: number, isAssigned: boolean) {
  const nic = {
    id: FIRST_ID + i,
    virtual_machine: { id: FIRST_ID + i, name: `app-${i}` },
    name: "eth0",
  };
  return {
    address: hostAt(i),
    vrf: null,
    role: null,
    status: { value: "active" },
    assigned_object_type: isAssigned ? "virtualization.vminterface" : null,
    assigned_object: isAssigned ? nic : null,
    tags: [],
    custom_fields: {},
  };
}

/** In 11.0.0.0/8, which the simulated sites do not use. */
function hostAt(i: number): string {
  return `11.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}/16`;
}

function macAt(vendor: string, i: number): string {
  const bytes = [i >> 16, i >> 8, i].map((byte) =>
    (byte & 255).toString(16).padStart(2, "0").toUpperCase()
  );
  return [vendor, ...bytes].join(":");
}
