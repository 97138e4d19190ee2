/**
 * TABLES: clusters, virtual machines, their interfaces and disks, one row per field.
 * Source: NetBox, virtualization/api/serializers_/.
 */
import type {
  Cluster,
  ClusterType,
  VirtualDisk,
  VirtualMachine,
  VMInterface,
} from "../../types/schema.ts";
import type { FieldTable } from "./field.ts";
import { vlan } from "./link.ts";
import {
  choice,
  cleared,
  customFields,
  flag,
  identity,
  macAddress,
  named,
  number,
  scopeSite,
  tags,
  text,
} from "./words.ts";

export const CLUSTER_TYPE_FIELDS: FieldTable<ClusterType> = {
  name: text("name"),
  slug: text("slug"),
  tags: tags(),
  custom_fields: customFields(),
};

export const CLUSTER_FIELDS: FieldTable<Cluster> = {
  name: text("name"),
  type: named("type"),
  status: choice("status"),
  scope_site: scopeSite(),
  tags: tags(),
  custom_fields: customFields(),
};

export const VIRTUAL_MACHINE_FIELDS: FieldTable<VirtualMachine> = {
  name: text("name"),
  status: choice("status"),
  cluster: identity("its name and its cluster"),
  site: named("site"),
  tenant: named("tenant"),
  platform: named("platform"),
  vcpus: number("vcpus"),
  memory: number("memory"),
  start_on_boot: choice("start_on_boot"),
  comments: text("comments"),
  primary_ip4: cleared("primary_ip4"),
  primary_ip6: cleared("primary_ip6"),
  tags: tags(),
  custom_fields: customFields(),
};

export const VM_INTERFACE_FIELDS: FieldTable<VMInterface> = {
  virtual_machine: identity("its virtual machine and its name"),
  name: identity("its virtual machine and its name"),
  enabled: flag("enabled"),
  mtu: number("mtu"),
  primary_mac_address: macAddress("primary_mac_address"),
  mode: choice("mode"),
  untagged_vlan: vlan("untagged_vlan"),
  tags: tags(),
  custom_fields: customFields(),
};

export const VIRTUAL_DISK_FIELDS: FieldTable<VirtualDisk> = {
  virtual_machine: identity("its virtual machine and its name"),
  name: identity("its virtual machine and its name"),
  size: number("size"),
  tags: tags(),
  custom_fields: customFields(),
};
