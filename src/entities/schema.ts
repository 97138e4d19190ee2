/**
 * CONTRACT 2: the entities that `transform` writes and `push` reads. Each is a message of Diode's
 * ingester.proto in protobuf JSON: snake_case names, int64 as a string. All fields of a message
 * stand here; what this program never sends is `NotSent`, and its table says why.
 */

/** The newest entity-file format this program reads and the only one it writes. */
export const ENTITIES_FORMAT = 1;

/** A 64-bit integer as protobuf JSON writes it: "4096". */
export type Int64 = `${bigint}`;

/** Clears a relation in NetBox. Source: diode-netbox-plugin, api/transformer.py. */
export type Empty = Readonly<Record<string, never>>;

type NotSent = never;

// ---- stubs: how one entity names another -------------------------------------------------

export interface TagRef {
  name: string;
  slug: string;
}
export interface SiteRef {
  name: string;
}
export interface TenantRef {
  name: string;
}
export interface PlatformRef {
  name: string;
}
export interface ClusterTypeRef {
  name: string;
}
export interface ClusterRef {
  name: string;
  type: ClusterTypeRef;
  scope_site?: SiteRef;
}
export interface VirtualMachineRef {
  name: string;
  cluster: ClusterRef;
  site?: SiteRef;
  tenant?: TenantRef;
}
export interface VMInterfaceRef {
  virtual_machine: VirtualMachineRef;
  name: string;
}
export interface ManufacturerRef {
  name: string;
  tags?: readonly TagRef[];
}
export interface DeviceTypeRef {
  manufacturer: ManufacturerRef;
  model: string;
  tags?: readonly TagRef[];
}
export interface DeviceRoleRef {
  name: string;
  tags?: readonly TagRef[];
}
export interface DeviceRef {
  name: string;
  device_type: DeviceTypeRef;
  role: DeviceRoleRef;
  site: SiteRef;
  tenant?: TenantRef;
}
export interface InterfaceRef {
  device: DeviceRef;
  name: string;
  type: InterfaceType;
}
export interface VLANRef {
  vid: Int64;
  name: string;
  site?: SiteRef;
}
export interface MACAddressRef {
  mac_address: string;
}
export interface IPAddressRef {
  address: string;
  assigned_object_interface?: InterfaceRef;
  assigned_object_vm_interface?: VMInterfaceRef;
}

export type CustomFieldValue = { text: string } | { integer: Int64 };
export type CustomFields = Readonly<Record<string, CustomFieldValue>>;
export type InterfaceType = "bridge" | "lag" | "virtual" | "other";
export type InterfaceMode = "access" | "tagged";

// ---- entities ----------------------------------------------------------------------------

export interface Tag {
  name: string;
  slug: string;
  color?: string;
  description?: NotSent;
  weight?: NotSent;
  object_types?: NotSent;
  metadata?: NotSent;
}

export interface CustomField {
  name: string;
  type: "text" | "integer";
  label: string;
  description: string;
  object_types: readonly string[];
  related_object_type?: NotSent;
  group_name?: NotSent;
  required?: NotSent;
  unique?: NotSent;
  search_weight?: NotSent;
  filter_logic?: NotSent;
  ui_visible?: NotSent;
  ui_editable?: NotSent;
  is_cloneable?: NotSent;
  default?: NotSent;
  related_object_filter?: NotSent;
  weight?: NotSent;
  validation_minimum?: NotSent;
  validation_maximum?: NotSent;
  validation_regex?: NotSent;
  validation_schema?: NotSent;
  choice_set?: NotSent;
  comments?: NotSent;
  metadata?: NotSent;
  owner?: NotSent;
}

/** What nearly every message has and this program leaves to the user. */
interface Common {
  tags: readonly TagRef[];
  description?: NotSent;
  custom_fields?: NotSent | CustomFields;
  metadata?: NotSent;
  owner?: NotSent;
}

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

export interface Platform extends Common {
  name: string;
  slug?: NotSent;
  manufacturer?: NotSent;
  parent?: NotSent;
  comments?: NotSent;
}

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

export interface VMInterface extends Common {
  virtual_machine: VirtualMachineRef;
  name: string;
  enabled: boolean;
  mtu?: Int64;
  primary_mac_address?: MACAddressRef;
  mode?: InterfaceMode;
  untagged_vlan?: VLANRef | Empty;
  tagged_vlans?: NotSent;
  parent?: NotSent;
  bridge?: NotSent;
  qinq_svlan?: NotSent;
  vlan_translation_policy?: NotSent;
  vrf?: NotSent;
}

export interface Interface extends Common {
  device: DeviceRef;
  name: string;
  type: InterfaceType;
  enabled: boolean;
  mtu?: Int64;
  speed?: Int64;
  parent?: InterfaceRef;
  bridge?: InterfaceRef;
  lag?: InterfaceRef;
  primary_mac_address?: NotSent;
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

export interface VirtualMachine extends Common {
  name: string;
  status: "active" | "offline" | "staged";
  cluster: ClusterRef;
  site?: SiteRef;
  tenant?: TenantRef;
  platform?: PlatformRef | Empty;
  vcpus?: number;
  memory?: Int64;
  start_on_boot?: "on" | "off";
  comments?: string;
  primary_ip4?: IPAddressRef | Empty;
  primary_ip6?: IPAddressRef | Empty;
  custom_fields: CustomFields;
  device?: NotSent;
  disk?: NotSent;
  role?: NotSent;
  serial?: NotSent;
  virtual_machine_type?: NotSent;
}

export interface VirtualDisk extends Common {
  virtual_machine: VirtualMachineRef;
  name: string;
  size: Int64;
  custom_fields?: CustomFields;
}

export interface Device extends Common {
  name: string;
  device_type: DeviceTypeRef;
  role: DeviceRoleRef;
  site: SiteRef;
  tenant?: TenantRef;
  platform?: PlatformRef;
  status: "active" | "offline";
  cluster?: ClusterRef;
  primary_ip4?: IPAddressRef | Empty;
  primary_ip6?: IPAddressRef | Empty;
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
  virtual_chassis?: NotSent;
  vc_position?: NotSent;
  vc_priority?: NotSent;
  comments?: NotSent;
  config?: NotSent;
}

/** Step name → shape. */
export interface Entities {
  "tag": Tag;
  "custom-field": CustomField;
  "cluster-type": ClusterType;
  "cluster": Cluster;
  "platform": Platform;
  "vlan": VLAN;
  "vm-interface": VMInterface;
  "interface": Interface;
  "ip-address": IPAddress;
  "prefix": Prefix;
  "virtual-machine": VirtualMachine;
  "virtual-disk": VirtualDisk;
  "device": Device;
}
