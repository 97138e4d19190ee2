/**
 * Writes snapshots/example-netbox, a small NetBox that people work in, which fits snapshots/example: what they
 * made has names of its own, and none of it may change when the example is pushed. Run it: node
 * test/helpers/example-netbox.ts
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { argv } from "node:process";
import { pathToFileURL } from "node:url";
import type { NetBoxObject } from "../../src/netbox/types/object-type.ts";
import { keptOf, SURVEYED } from "../../src/netbox/types/surveyed.ts";
import { openStore, type Store } from "../../src/run-folder/store/store.ts";
import { ROOT } from "./golden.ts";
import { type TargetObjects, writeTarget } from "./target-folder.ts";

export const EXAMPLE_NETBOX = "snapshots/example-netbox";

const EMPTY = { tags: [], custom_fields: {} };
const ACTIVE = { value: "active" };
/** Without mask, speed and the like: as a person leaves it. */
const PLAIN_PORT = {
  ...EMPTY,
  enabled: true,
  mtu: null,
  speed: null,
  parent: null,
  bridge: null,
  lag: null,
  primary_mac_address: null,
};

/** Our site by its slug, under another name. */
const site = { id: 1, name: "Brightwater Headquarters", slug: "brightwater-hq" };
const tenant = { id: 1, name: "Platform Team", slug: "platform-team" };
const production = { id: 1, name: "Production", slug: "prod", color: "aa1409" };
const owned = { id: 2, name: "cmdb-owned", slug: "cmdb-owned", color: "2196f3" };

const dell = { id: 1, name: "Dell", slug: "dell" };
const server = { id: 1, model: "PowerEdge R740", slug: "dell-poweredge-r740", manufacturer: dell };
const serverRole = { id: 1, name: "Server", slug: "server" };

const clusterType = { id: 1, name: "Proxmox", slug: "proxmox-virtual-environment" };
const clusterGroup = { id: 1, name: "On-premises", slug: "on-premises" };
const cluster = { id: 1, name: "brightwater" };

const vrf = { id: 1, name: "Laboratory", rd: "65000:50" };
const vlanGroup = { id: 1, name: "Campus", slug: "campus" };
const servers = { id: 1, vid: 20, name: "Servers" };
const laboratory = { id: 2, vid: 50, name: "Lab benches" };
const fhrp = { id: 1, group_id: 10, protocol: "vrrp2", name: "Management gateway" };

/** A modelled server, and one that is called by its full name. */
const pve1 = { id: 1, name: "pve1" };
const pve2 = { id: 2, name: "pve2.example.net" };
const gateway = { id: 1, name: "gw1" };
/** Our "git", under the name that its owners gave it. */
const forge = { id: 2, name: "forge-prod" };

const gatewayBench = { id: 1, name: "net2", virtual_machine: gateway };
const forgeNic = { id: 2, name: "net0", virtual_machine: forge };

function machine(vmid: string, more: object): object {
  const custom_fields = { proxmox_vmid: vmid, proxmox_node: "pve1", proxmox_vm_type: "qemu" };
  const nothing = { platform: null, tenant: null, primary_ip4: null, primary_ip6: null, tags: [] };
  const common = {
    ...nothing,
    cluster,
    site,
    status: ACTIVE,
    vcpus: 4,
    memory: 4096,
    comments: "",
  };
  return { ...common, start_on_boot: { value: "on" }, custom_fields, ...more };
}

function assignedTo(nic: object): object {
  return { assigned_object_type: "virtualization.vminterface", assigned_object: nic };
}

function customField(id: number, name: string, label: string): NetBoxObject {
  const object_types = ["virtualization.virtualmachine"];
  const type = { value: "text" };
  return { id, name, label, type, object_types, description: "", required: false, default: null };
}

const OBJECTS: TargetObjects = {
  "tag": [production, owned].map((tag) => ({ ...tag, object_types: [] })),
  "custom-field": [
    customField(1, "proxmox_vmid", "VMID"),
    customField(2, "proxmox_node", "Node"),
    customField(3, "proxmox_vm_type", "Kind of guest"),
  ],
  "site": [{ ...site, region: null, group: null }],
  "tenant": [{ ...tenant, group: null }],
  "manufacturer": [{ ...dell, tags: [] }],
  "device-type": [{ ...server, tags: [owned] }],
  "device-role": [{ ...serverRole, parent: null, tags: [] }],
  "cluster-group": [clusterGroup],
  "cluster-type": [{ ...clusterType, ...EMPTY }],
  "cluster": [{
    ...cluster,
    ...EMPTY,
    type: clusterType,
    group: clusterGroup,
    status: ACTIVE,
    scope_type: null,
    scope: null,
  }],
  "vrf": [{ ...vrf, tenant: null }],
  "vlan-group": [{ ...vlanGroup, scope_type: "dcim.site", scope: site }],
  "vlan": [servers, laboratory].map((vlan) => (
    { ...vlan, ...EMPTY, site: null, group: vlanGroup, qinq_svlan: null }
  )),
  "fhrp-group": [fhrp],
  "device": [pve1, pve2].map((device) => ({
    ...device,
    site,
    tenant: null,
    primary_ip4: null,
    primary_ip6: null,
    device_type: server,
    role: serverRole,
    platform: null,
    status: ACTIVE,
    cluster: null,
    tags: [owned],
    custom_fields: {},
  })),
  "interface": [
    { id: 1, name: "nic3", device: pve1, type: { value: "10gbase-x-sfpp" }, ...PLAIN_PORT },
    { id: 2, name: "idrac", device: pve1, type: { value: "1000base-t" }, ...PLAIN_PORT },
    { id: 3, name: "eno4", device: pve2, type: { value: "10gbase-x-sfpp" }, ...PLAIN_PORT },
  ],
  "virtual-machine": [
    { ...gateway, ...machine("100", { tags: [production] }) },
    {
      ...forge,
      ...machine("101", {
        tenant,
        tags: [production, owned],
        // Chosen by hand: not the first address that the agent reports.
        primary_ip6: { id: 4, address: "2001:db8:20:20:5c1f:8a02:77e4:90bd/64" },
      }),
    },
  ],
  "vm-interface": [
    {
      ...gatewayBench,
      mac: "BC:24:11:22:80:9A",
      mode: { value: "tagged" },
      untagged_vlan: laboratory,
    },
    { ...forgeNic, mac: "BC:24:11:1B:D2:87", mode: { value: "access" }, untagged_vlan: servers },
  ].map(({ mac, ...nic }) => ({
    ...nic,
    ...EMPTY,
    enabled: true,
    mtu: null,
    primary_mac_address: { id: nic.id, mac_address: mac },
  })),
  "virtual-disk": [{
    id: 1,
    name: "scsi0",
    virtual_machine: forge,
    size: 65536,
    tags: [],
    custom_fields: { proxmox_storage_pool: "ceph-vm" },
  }],
  "prefix": [{
    id: 1,
    prefix: "192.168.50.0/24",
    vrf,
    vlan: laboratory,
    scope_type: "dcim.site",
    scope: site,
    ...EMPTY,
  }],
  "ip-address": [
    // Virtual: no interface may take it.
    {
      id: 1,
      address: "10.20.10.1/24",
      vrf: null,
      role: { value: "vrrp" },
      assigned_object_type: "ipam.fhrpgroup",
      assigned_object: fhrp,
    },
    { id: 2, address: "192.168.50.1/24", vrf, role: null, ...assignedTo(gatewayBench) },
    { id: 3, address: "10.20.20.21/24", vrf: null, role: null, ...assignedTo(forgeNic) },
    {
      id: 4,
      address: "2001:db8:20:20:5c1f:8a02:77e4:90bd/64",
      vrf: null,
      role: null,
      ...assignedTo(forgeNic),
    },
  ].map((address) => ({ ...address, status: ACTIVE, ...EMPTY })),
};

/** As a survey writes it. */
export async function writeExampleNetBox(store: Store): Promise<void> {
  const kept = SURVEYED.filter(({ name }) => OBJECTS[name] !== undefined).map(({ name, keys }) => [
    name,
    (OBJECTS[name] ?? []).map((object) => keptOf(object, keys)),
  ]);
  await writeTarget(store, Object.fromEntries(kept) as TargetObjects);
}

if (import.meta.url === pathToFileURL(argv[1] ?? "").href) {
  const folder = join(ROOT, EXAMPLE_NETBOX);
  await rm(folder, { recursive: true, force: true });
  await writeExampleNetBox(await openStore(folder));
}
