/**
 * TABLE: how one entity names another. A stub holds identity and what NetBox needs to create the
 * object, nothing else: any other attribute would be an update, and parallel updates fight. Slugs
 * come last, when all names are known: see slugs.ts.
 */
import type { StepName } from "../../netbox/types/steps.ts";
import type { Read, StubName } from "./table.ts";

export interface Stub {
  /** The step whose entities it names; absent: the object belongs to the user. */
  readonly step?: StepName;
  readonly reads: readonly Read[];
  readonly holds: string;
}

/** What each stub is made of; the tables name stubs by these names. */
export const STUBS: Readonly<Record<StubName, Stub>> = {
  "cluster-type": { step: "cluster-type", reads: [], holds: 'name, always "Proxmox"' },
  "cluster": {
    step: "cluster",
    reads: [
      "clusterStatus.name",
      "setting.CLUSTER_NAME",
      "setting.PROXMOX_HOST",
      "stub.cluster-type",
      "stub.site",
    ],
    holds: "name, type and, where step 04 has it, scope_site",
  },
  "device": {
    step: "device",
    reads: [
      "nodes.node",
      "clusterStatus.ip",
      "setting.NODE_DEVICE_MAP",
      "setting.NODE_DEVICE_TYPE",
      "setting.NODE_MANUFACTURER",
      "setting.NODE_DEVICE_ROLE",
      "stub.site",
      "stub.tenant",
    ],
    holds: "name, device type with manufacturer, role, site and tenant",
  },
  "interface": {
    step: "interface",
    reads: ["network.iface", "network.type", "stub.device"],
    holds: "device, name and type",
  },
  "ip-address": {
    step: "ip-address",
    reads: [
      "network.cidr",
      "network.cidr6",
      "config.netN",
      "agentInterfaces.ip-addresses",
      "lxcInterfaces.ip-addresses",
      "setting.LXC_LIVE_ADDRESSES",
      "config.ipconfigN",
      "setting.CLOUD_INIT_ADDRESSES",
      "stub.vrf",
      "stub.interface",
      "stub.vm-interface",
    ],
    holds: "address, within the machine whose primary one it is",
  },
  "l2vpn": {
    step: "l2vpn",
    reads: ["sdnVnets.vnet", "sdnVnets.zone", "sdnVnets.tag", "sdnZones.type", "sdnZones.zone"],
    holds: "name, type, and slug as in step 05c",
  },
  "platform": {
    step: "platform",
    reads: ["osinfo.name", "osinfo.version-id", "config.ostype", "nodeStatus.pveversion"],
    holds: "name, and slug as in step 05",
  },
  "site": {
    reads: ["setting.SITE_NAME", "setting.NODE_SITE_MAP", "setting.CLUSTER_SCOPE"],
    holds: "name, and slug where two sites need one, as in step 05",
  },
  "tags": {
    step: "tag",
    reads: ["setting.PROXMOX_HOST"],
    holds: "name: proxmox-ve, discovered, proxmox-{PROXMOX_HOST}; and slug as in step 01",
  },
  "tenant": { reads: ["setting.TENANT_NAME"], holds: "name, and slug where it needs one" },
  "virtual-machine": {
    step: "virtual-machine",
    reads: ["resources.name", "resources.vmid", "stub.cluster", "stub.site", "stub.tenant"],
    holds: "name, cluster, site and tenant",
  },
  "vlan": {
    step: "vlan",
    reads: [
      "config.netN",
      "sdnZones.type",
      "sdnZones.zone",
      "sdnZones.tag",
      "sdnZones.nodes",
      "sdnVnets.vnet",
      "sdnVnets.zone",
      "sdnVnets.tag",
      "sdnVnets.alias",
      "stub.site",
      "stub.vlan-group",
    ],
    holds: "vid, name and site; in a VLAN group that instead of the site",
  },
  "vlan-group": {
    step: "vlan-group",
    reads: ["rule.vlan_group"],
    holds: "name, and slug as in step 05b",
  },
  "vm-interface": {
    step: "vm-interface",
    reads: ["config.netN", "stub.virtual-machine"],
    holds: "virtual machine and name",
  },
  "vrf": {
    step: "vrf",
    reads: ["rule.vrf", "sdnZones.zone", "sdnZones.type", "sdnVnets.zone"],
    holds: "name",
  },
};
