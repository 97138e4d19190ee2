/** Clusters, virtual machines, their interfaces and disks: every field of each message of NetBox's app `virtualization`. */
import type {
  ClusterRef,
  ClusterTypeRef,
  Common,
  CustomFields,
  Empty,
  Int64,
  InterfaceMode,
  MACAddressRef,
  NotSent,
  PlatformRef,
  SiteRef,
  TenantRef,
  VirtualMachineRef,
  VLANRef,
} from "./refs.ts";

export interface ClusterType extends Common {
  name: string;
  slug: string;
  comments?: NotSent;
}

export interface Cluster extends Common {
  name: string;
  type: ClusterTypeRef;
  status: "active";
  scope_site?: SiteRef;
  scope_location?: NotSent;
  scope_region?: NotSent;
  scope_site_group?: NotSent;
  group?: NotSent;
  tenant?: NotSent;
  comments?: NotSent;
}

export interface VirtualMachine extends Common {
  name: string;
  status?: "active" | "offline" | "staged";
  cluster: ClusterRef;
  site?: SiteRef;
  tenant?: TenantRef;
  platform?: PlatformRef | Empty;
  vcpus?: number;
  memory?: Int64;
  start_on_boot?: "on" | "off";
  comments?: string;
  /** Only to clear them: each is set by its address. */
  primary_ip4?: Empty;
  primary_ip6?: Empty;
  custom_fields: CustomFields;
  device?: NotSent;
  disk?: NotSent;
  role?: NotSent;
  serial?: NotSent;
  virtual_machine_type?: NotSent;
}

export interface VMInterface extends Common {
  virtual_machine: VirtualMachineRef;
  name: string;
  enabled?: boolean;
  mtu?: Int64;
  primary_mac_address?: MACAddressRef;
  mode?: InterfaceMode;
  untagged_vlan?: VLANRef | Empty;
  tagged_vlans?: NotSent;
  mac_address?: NotSent;
  parent?: NotSent;
  bridge?: NotSent;
  qinq_svlan?: NotSent;
  vlan_translation_policy?: NotSent;
  vrf?: NotSent;
}

export interface VirtualDisk extends Common {
  virtual_machine: VirtualMachineRef;
  name: string;
  size: Int64;
  custom_fields?: CustomFields;
}
