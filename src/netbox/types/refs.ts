/** How one entity names another, and the values that all messages are made of. */

/** A 64-bit integer as protobuf JSON writes it: "4096". */
export type Int64 = `${bigint}`;

/** Clears a relation in NetBox. Source: diode-netbox-plugin, api/transformer.py. */
export type Empty = Readonly<Record<string, never>>;

/** A field that this program never sends; its table says why. */
export type NotSent = never;

/** What NetBox keeps a slug of. It is sent only where Diode would take one name for another. */
export interface SluggedRef {
  name: string;
  slug?: string;
}
export type TagRef = SluggedRef;
export type SiteRef = SluggedRef;
export type TenantRef = SluggedRef;
export type PlatformRef = SluggedRef;
export interface ClusterTypeRef {
  name: string;
}
export interface ClusterRef {
  name: string;
  type: ClusterTypeRef;
  scope_site?: SiteRef;
}
/** What an address says of the machine that it is the primary one of. */
export interface PrimaryAddresses {
  primary_ip4?: { address: string };
  primary_ip6?: { address: string };
}
export interface VirtualMachineRef extends PrimaryAddresses {
  name: string;
  cluster: ClusterRef;
  site?: SiteRef;
  tenant?: TenantRef;
}
export interface VMInterfaceRef {
  virtual_machine: VirtualMachineRef;
  name: string;
}
export interface ManufacturerRef extends SluggedRef {
  tags?: readonly TagRef[];
}
export interface DeviceTypeRef {
  manufacturer: ManufacturerRef;
  model: string;
  slug?: string;
  tags?: readonly TagRef[];
}
export interface DeviceRoleRef extends SluggedRef {
  tags?: readonly TagRef[];
}
export interface DeviceRef extends PrimaryAddresses {
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

/** What nearly every message has and this program leaves to the user. */
export interface Common {
  tags: readonly TagRef[];
  description?: NotSent;
  custom_fields?: NotSent | CustomFields;
  metadata?: NotSent;
  owner?: NotSent;
}
