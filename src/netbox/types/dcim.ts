/** Platforms, devices and their interfaces: every field of each message of NetBox's app `dcim`. */
import type {
  ClusterRef,
  Common,
  CustomFields,
  DeviceRef,
  DeviceRoleRef,
  DeviceTypeRef,
  Empty,
  Int64,
  InterfaceRef,
  InterfaceType,
  MACAddressRef,
  NotSent,
  PlatformRef,
  SiteRef,
  TenantRef,
} from "./refs.ts";

export interface Platform extends Common {
  name: string;
  slug?: string;
  manufacturer?: NotSent;
  parent?: NotSent;
  comments?: NotSent;
}

export interface Interface extends Common {
  device: DeviceRef;
  name: string;
  type: InterfaceType;
  enabled?: boolean;
  mtu?: Int64;
  speed?: Int64;
  parent?: InterfaceRef;
  bridge?: InterfaceRef;
  lag?: InterfaceRef;
  primary_mac_address?: MACAddressRef;
  mode?: NotSent;
  untagged_vlan?: NotSent;
  tagged_vlans?: NotSent;
  qinq_svlan?: NotSent;
  vlan_translation_policy?: NotSent;
  vrf?: NotSent;
  module?: NotSent;
  label?: NotSent;
  duplex?: NotSent;
  wwn?: NotSent;
  mac_address?: NotSent;
  channels?: NotSent;
  channel_id?: NotSent;
  mgmt_only?: NotSent;
  mark_connected?: NotSent;
  vdcs?: NotSent;
  rf_role?: NotSent;
  rf_channel?: NotSent;
  rf_channel_frequency?: NotSent;
  rf_channel_width?: NotSent;
  tx_power?: NotSent;
  wireless_lans?: NotSent;
  poe_mode?: NotSent;
  poe_type?: NotSent;
}

export interface Device extends Common {
  name: string;
  device_type: DeviceTypeRef;
  role: DeviceRoleRef;
  site: SiteRef;
  tenant?: TenantRef;
  platform?: PlatformRef;
  status?: "active" | "offline";
  cluster?: ClusterRef;
  /** Only to clear them: each is set by its address. */
  primary_ip4?: Empty;
  primary_ip6?: Empty;
  custom_fields?: CustomFields;
  oob_ip?: NotSent;
  serial?: NotSent;
  asset_tag?: NotSent;
  location?: NotSent;
  rack?: NotSent;
  position?: NotSent;
  face?: NotSent;
  latitude?: NotSent;
  longitude?: NotSent;
  airflow?: NotSent;
  cooling_method?: NotSent;
  virtual_chassis?: NotSent;
  vc_position?: NotSent;
  vc_priority?: NotSent;
  comments?: NotSent;
  config?: NotSent;
}
