/** TABLES: VLANs, addresses and prefixes, one row per field. Source: NetBox, ipam/api/serializers_/. */
import type { IPAddress, Prefix, VLAN } from "../../types/schema.ts";
import { assignedInterface, assignedVmInterface } from "./assigned.ts";
import type { FieldTable } from "./field.ts";
import { address, customFields, identity, scopeSite, tags, text } from "./words.ts";

export const VLAN_FIELDS: FieldTable<VLAN> = {
  vid: identity("its number and its site"),
  name: text("name"),
  site: identity("its number and its site"),
  tags: tags(),
  custom_fields: customFields(),
};

export const IP_ADDRESS_FIELDS: FieldTable<IPAddress> = {
  address: address("address"),
  assigned_object_interface: assignedInterface(),
  assigned_object_vm_interface: assignedVmInterface(),
  tags: tags(),
  custom_fields: customFields(),
};

export const PREFIX_FIELDS: FieldTable<Prefix> = {
  prefix: address("prefix"),
  scope_site: scopeSite(),
  tags: tags(),
  custom_fields: customFields(),
};
