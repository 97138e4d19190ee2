/**
 * TABLE: how one entity names another. A stub holds identity and what NetBox needs to create the
 * object, nothing else: any other attribute would be an update, and parallel updates fight. Slugs
 * come last, when all names are known: see slugs.ts.
 */
import type { Read, StubName } from "../../transform/mapping/table.ts";
import type { Policy } from "../../transform/settings.ts";
import { cutName, MAX_LONG_NAME } from "../names.ts";
import type { StepName } from "./order.ts";
import type {
  ClusterRef,
  DeviceRef,
  Int64,
  InterfaceRef,
  InterfaceType,
  IPAddressRef,
  PlatformRef,
  PrimaryAddresses,
  SiteRef,
  TagRef,
  TenantRef,
  VirtualMachineRef,
  VLANRef,
  VMInterfaceRef,
} from "./schema.ts";

export interface Stub {
  /** The step whose entities it names; absent: what it names is the user's own. */
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
      "stub.interface",
      "stub.vm-interface",
    ],
    holds: "address, within the machine whose primary one it is",
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
  "vlan": { step: "vlan", reads: ["config.netN", "stub.site"], holds: "vid, name and site" },
  "vm-interface": {
    step: "vm-interface",
    reads: ["config.netN", "stub.virtual-machine"],
    holds: "virtual machine and name",
  },
};

export const CLUSTER_TYPE = "Proxmox";

export function siteRef(name: string): SiteRef {
  return { name: cutName(name, MAX_LONG_NAME) };
}

export function tagRef(name: string): TagRef {
  return { name };
}

export function platformRef(name: string): PlatformRef {
  return { name: cutName(name, MAX_LONG_NAME) };
}

export function clusterRef(name: string, site: string | undefined): ClusterRef {
  const type = { name: CLUSTER_TYPE };
  return site === undefined ? { name, type } : { name, type, scope_site: siteRef(site) };
}

function tenantOf(policy: Policy): { tenant?: TenantRef } {
  return policy.tenantName === undefined ? {} : { tenant: { name: policy.tenantName } };
}

export function virtualMachineRef(
  name: string,
  at: { readonly cluster: ClusterRef; readonly site: string; readonly policy: Policy },
): VirtualMachineRef {
  return { name, cluster: at.cluster, site: siteRef(at.site), ...tenantOf(at.policy) };
}

export function deviceRef(
  name: string,
  at: { readonly site: string; readonly policy: Policy },
): DeviceRef {
  const { policy } = at;
  const manufacturer = { name: policy.nodeManufacturer };
  return {
    name,
    device_type: { manufacturer, model: policy.nodeDeviceType },
    role: { name: policy.nodeDeviceRole },
    site: siteRef(at.site),
    ...tenantOf(policy),
  };
}

export function interfaceRef(device: DeviceRef, name: string, type: InterfaceType): InterfaceRef {
  return { device, name, type };
}

export function vmInterfaceRef(virtualMachine: VirtualMachineRef, name: string): VMInterfaceRef {
  return { virtual_machine: virtualMachine, name };
}

/** Source: the mapping document, "VLAN Discovery". */
export function vlanRef(vid: number, site: string): VLANRef {
  return { vid: int64(vid), name: `VLAN ${vid}`, site: siteRef(site) };
}

export function nodeAddressRef(address: string, holder: InterfaceRef): IPAddressRef {
  return { address, assigned_object_interface: holder };
}

export function guestAddressRef(address: string, holder: VMInterfaceRef): IPAddressRef {
  return { address, assigned_object_vm_interface: holder };
}

/**
 * The interface of an address, its machine told that the address is its primary one. NetBox refuses
 * an address that is the primary one of another machine, and Diode refuses the whole entity with
 * it: here that is the address alone, and the machine gets everything else in step 11 or 13.
 */
export function withPrimary(ref: InterfaceRef, address: PrimaryAddresses): InterfaceRef;
export function withPrimary(ref: VMInterfaceRef, address: PrimaryAddresses): VMInterfaceRef;
export function withPrimary(
  ref: InterfaceRef | VMInterfaceRef,
  address: PrimaryAddresses,
): InterfaceRef | VMInterfaceRef {
  return "device" in ref
    ? { ...ref, device: { ...ref.device, ...address } }
    : { ...ref, virtual_machine: { ...ref.virtual_machine, ...address } };
}

/** Protobuf JSON writes 64-bit integers as strings. */
export function int64(value: number): Int64 {
  return `${BigInt(value)}`;
}
