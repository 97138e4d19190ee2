/** A small site: its entities, with every field of the mapping tables, and the objects of NetBox 4.7.3 for them. */
import type { IPAddress, PrimaryAddresses } from "../../src/netbox/types/ip-address.ts";
import type { SetParts } from "./entity-set.ts";
import type { Row, Rows } from "./small-netbox.ts";

const TAGS = [{ name: "discovered", slug: "discovered" }];
const SITE = { name: "HQ" };
const TENANT = { name: "Ops" };
const CLUSTER = { name: "lab", type: { name: "Proxmox" }, scope_site: SITE };
const MACHINE = { name: "web-01", cluster: CLUSTER, site: SITE, tenant: TENANT };
const NIC = { virtual_machine: MACHINE, name: "net0" };
const DEVICE = {
  name: "pve1",
  device_type: { manufacturer: { name: "Proxmox" }, model: "Proxmox Node" },
  role: { name: "Hypervisor" },
  site: SITE,
  tenant: TENANT,
};
const VLAN_20 = { vid: "20", name: "VLAN 20", site: SITE } as const;
const PORT = { device: DEVICE, name: "vmbr0", type: "bridge" } as const;

/** An address of the NIC that is the primary one of its virtual machine. */
function primary(primaries: PrimaryAddresses): IPAddress {
  const { address = "" } = primaries.primary_ip4 ?? primaries.primary_ip6 ?? {};
  const virtual_machine = { ...MACHINE, ...primaries };
  return { address, assigned_object_vm_interface: { ...NIC, virtual_machine }, tags: TAGS };
}

export const SITE_ENTITIES: SetParts = {
  "tag": [[{ name: "discovered", slug: "discovered", color: "198754" }]],
  "custom-field": [[{
    name: "proxmox_vmid",
    type: "text",
    label: "Proxmox VM ID",
    description: "The number",
    object_types: ["virtualization.virtualmachine"],
  }]],
  "cluster-type": [[{ name: "Proxmox", slug: "proxmox", tags: TAGS }]],
  "cluster": [[{ ...CLUSTER, status: "active", tags: TAGS }]],
  "platform": [[{ name: "Debian 13", slug: "debian-13", tags: TAGS }]],
  "vlan": [[{ ...VLAN_20, tags: TAGS }]],
  "vm-interface": [[{
    ...NIC,
    enabled: true,
    mtu: "1400",
    primary_mac_address: { mac_address: "BC:24:11:00:00:01" },
    mode: "tagged",
    untagged_vlan: VLAN_20,
    tagged_vlans: [VLAN_20],
    tags: TAGS,
  }]],
  "interface": [[
    {
      ...PORT,
      enabled: true,
      mtu: "1500",
      speed: "10000000",
      primary_mac_address: { mac_address: "0C:42:A1:00:00:01" },
      description: "To the core switch",
      mode: "tagged",
      untagged_vlan: VLAN_20,
      tagged_vlans: [VLAN_20],
      tags: TAGS,
    },
    {
      ...PORT,
      name: "vmbr0.20",
      type: "virtual",
      enabled: false,
      parent: PORT,
      bridge: PORT,
      lag: { ...PORT, name: "bond0", type: "lag" },
      tags: TAGS,
    },
  ]],
  "ip-address": [[
    primary({ primary_ip4: { address: "10.0.0.5/24" } }),
    primary({ primary_ip6: { address: "2001:db8::5/64" } }),
    { address: "10.0.0.1/24", assigned_object_interface: PORT, tags: TAGS },
  ]],
  "prefix": [[{ prefix: "10.0.0.0/24", scope_site: SITE, tags: TAGS }]],
  "virtual-machine": [[{
    ...MACHINE,
    status: "active",
    platform: { name: "Debian 13" },
    vcpus: 1.5,
    memory: "4096",
    start_on_boot: "on",
    serial: "SN-001",
    comments: "First line\nsecond line",
    tags: TAGS,
    custom_fields: { proxmox_vmid: { text: "101" }, proxmox_ha_state: { text: "" } },
  }, {
    ...MACHINE,
    name: "db-01",
    status: "offline",
    primary_ip4: {},
    primary_ip6: {},
    tags: [],
    custom_fields: {},
  }]],
  "virtual-disk": [[{
    virtual_machine: MACHINE,
    name: "scsi0",
    size: "32768",
    tags: TAGS,
    custom_fields: { proxmox_storage_pool: { text: "local-lvm" } },
  }]],
  "device": [[{
    ...DEVICE,
    device_type: {
      manufacturer: { name: "Proxmox", tags: TAGS },
      model: "Proxmox Node",
      tags: TAGS,
    },
    role: { name: "Hypervisor", tags: TAGS },
    platform: { name: "Debian 13" },
    status: "active",
    cluster: CLUSTER,
    primary_ip4: {},
    primary_ip6: {},
    tags: TAGS,
    custom_fields: { proxmox_cpu_count: { integer: "32" } },
  }]],
};

/** The brief form of an object inside another one. */
function brief(id: number, name: string, more: object = {}): object {
  return { id, url: `http://netbox/${id}/`, display: name, name, description: "", ...more };
}

function choice(value: string): object {
  return { value, label: value.toUpperCase() };
}

/** A new copy on each call, since tests change it. */
export function netboxRows(): Rows {
  const tags = [{ ...brief(1, "discovered"), slug: "discovered", color: "198754" }];
  const site = brief(1, "HQ", { slug: "hq" });
  const tenant = brief(1, "Ops", { slug: "ops" });
  const scope = { scope_type: "dcim.site", scope_id: 1, scope: site };
  const machine = brief(7, "web-01");
  const device = brief(3, "pve1");
  const platform = brief(1, "Debian 13");
  const address = (id: number, text: string): Row => ({ id, display: text, address: text });
  const common = { tags, custom_fields: {} };
  const port = brief(1, "vmbr0", { device });
  const vlan = { id: 2, vid: 20, name: "VLAN 20" };
  return {
    "extras/tags": [{ id: 1, name: "discovered", slug: "discovered", color: "198754" }],
    "extras/custom-fields": [{
      id: 1,
      name: "proxmox_vmid",
      type: choice("text"),
      label: "Proxmox VM ID",
      description: "The number",
      object_types: ["virtualization.virtualmachine"],
    }],
    "virtualization/cluster-types": [{ id: 1, name: "Proxmox", slug: "proxmox", ...common }],
    "virtualization/clusters": [{
      id: 1,
      name: "lab",
      type: brief(1, "Proxmox"),
      status: choice("active"),
      ...scope,
      ...common,
    }],
    "dcim/platforms": [{
      id: 1,
      name: "Debian 13",
      slug: "debian-13",
      manufacturer: null,
      ...common,
    }],
    "ipam/vlans": [
      { id: 2, vid: 20, name: "VLAN 20", site, group: null, qinq_svlan: null, ...common },
      { id: 9, vid: 20, name: "VLAN 20", site: brief(2, "Elsewhere"), group: null, ...common },
    ],
    "virtualization/interfaces": [{
      id: 70,
      virtual_machine: machine,
      name: "net0",
      enabled: true,
      mtu: 1400,
      primary_mac_address: { id: 1, mac_address: "BC:24:11:00:00:01" },
      mode: choice("tagged"),
      untagged_vlan: vlan,
      tagged_vlans: [vlan],
      ...common,
    }],
    "dcim/interfaces": [
      {
        id: 1,
        device,
        name: "vmbr0",
        type: choice("bridge"),
        enabled: true,
        mtu: 1500,
        speed: 10_000_000,
        primary_mac_address: { id: 2, mac_address: "0C:42:A1:00:00:01" },
        description: "To the core switch",
        mode: choice("tagged"),
        untagged_vlan: vlan,
        tagged_vlans: [vlan],
        ...common,
      },
      {
        id: 2,
        device,
        name: "vmbr0.20",
        type: choice("virtual"),
        enabled: false,
        mtu: null,
        speed: null,
        primary_mac_address: null,
        parent: port,
        bridge: port,
        lag: brief(4, "bond0", { device }),
        ...common,
      },
    ],
    "ipam/ip-addresses": [
      {
        ...address(1, "10.0.0.5/24"),
        vrf: null,
        assigned_object_type: "virtualization.vminterface",
        assigned_object: brief(70, "net0", { virtual_machine: machine }),
        ...common,
      },
      {
        ...address(2, "2001:db8::5/64"),
        vrf: null,
        assigned_object_type: "virtualization.vminterface",
        assigned_object: brief(70, "net0", { virtual_machine: machine }),
        ...common,
      },
      {
        ...address(3, "10.0.0.1/24"),
        vrf: null,
        assigned_object_type: "dcim.interface",
        assigned_object: port,
        ...common,
      },
    ],
    "ipam/prefixes": [{ id: 1, prefix: "10.0.0.0/24", vrf: null, ...scope, ...common }],
    "virtualization/virtual-machines": [{
      id: 7,
      name: "web-01",
      status: choice("active"),
      cluster: brief(1, "lab"),
      site,
      tenant,
      platform,
      vcpus: "1.50",
      memory: 4096,
      disk: 32_768,
      start_on_boot: choice("on"),
      serial: "SN-001",
      comments: "First line\nsecond line",
      primary_ip4: address(1, "10.0.0.5/24"),
      primary_ip6: address(2, "2001:db8::5/64"),
      tags,
      custom_fields: { proxmox_vmid: "101", proxmox_ha_state: null, by_hand: "x" },
    }, {
      id: 8,
      name: "db-01",
      status: choice("offline"),
      cluster: brief(1, "lab"),
      site,
      tenant,
      primary_ip4: null,
      primary_ip6: null,
      tags: [],
      custom_fields: {},
    }],
    "virtualization/virtual-disks": [{
      id: 5,
      virtual_machine: machine,
      name: "scsi0",
      size: 32_768,
      tags,
      custom_fields: { proxmox_storage_pool: "local-lvm" },
    }],
    "dcim/devices": [{
      id: 3,
      name: "pve1",
      device_type: { id: 1, model: "Proxmox Node", manufacturer: brief(1, "Proxmox") },
      role: brief(1, "Hypervisor"),
      site,
      tenant,
      platform,
      status: choice("active"),
      cluster: brief(1, "lab"),
      primary_ip4: null,
      primary_ip6: null,
      tags,
      custom_fields: { proxmox_cpu_count: 32 },
    }],
    "dcim/manufacturers": [{ id: 1, name: "Proxmox", tags }],
    "dcim/device-types": [{
      id: 1,
      model: "Proxmox Node",
      manufacturer: brief(1, "Proxmox"),
      tags,
    }],
    "dcim/device-roles": [{ id: 1, name: "Hypervisor", tags }],
  };
}
