/** VLANs, addresses and prefixes: every field of each message of NetBox's app `ipam`. */
import type { Common, Int64, InterfaceRef, NotSent, SiteRef, VMInterfaceRef } from "./refs.ts";

export interface VLAN extends Common {
  vid: Int64;
  name: string;
  site?: SiteRef;
  status?: NotSent;
  group?: NotSent;
  tenant?: NotSent;
  role?: NotSent;
  qinq_role?: NotSent;
  qinq_svlan?: NotSent;
  comments?: NotSent;
}

export interface IPAddress extends Common {
  address: string;
  assigned_object_interface?: InterfaceRef;
  assigned_object_vm_interface?: VMInterfaceRef;
  assigned_object_fhrp_group?: NotSent;
  status?: NotSent;
  role?: NotSent;
  vrf?: NotSent;
  tenant?: NotSent;
  nat_inside?: NotSent;
  dns_name?: NotSent;
  comments?: NotSent;
}

export interface Prefix extends Common {
  prefix: string;
  scope_site?: SiteRef;
  scope_location?: NotSent;
  scope_region?: NotSent;
  scope_site_group?: NotSent;
  status?: NotSent;
  role?: NotSent;
  vrf?: NotSent;
  vlan?: NotSent;
  tenant?: NotSent;
  is_pool?: NotSent;
  mark_utilized?: NotSent;
  comments?: NotSent;
}
