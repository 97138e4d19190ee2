/** TABLES: platforms, devices and their interfaces, one row per field. Source: NetBox, dcim/api/serializers_/. */
import type { Device, Interface, Platform } from "../../types/schema.ts";
import type { FieldTable } from "./field.ts";
import { cluster } from "./link.ts";
import { deviceRole, deviceType } from "./tagged.ts";
import {
  choice,
  cleared,
  customFields,
  flag,
  identity,
  macAddress,
  named,
  number,
  tags,
  text,
} from "./words.ts";

export const PLATFORM_FIELDS: FieldTable<Platform> = {
  name: text("name"),
  slug: text("slug"),
  tags: tags(),
  custom_fields: customFields(),
};

export const INTERFACE_FIELDS: FieldTable<Interface> = {
  device: identity("its device and its name"),
  name: identity("its device and its name"),
  type: choice("type"),
  enabled: flag("enabled"),
  mtu: number("mtu"),
  speed: number("speed"),
  // NetBox takes no interface of another device.
  parent: named("parent"),
  bridge: named("bridge"),
  lag: named("lag"),
  primary_mac_address: macAddress("primary_mac_address"),
  tags: tags(),
  custom_fields: customFields(),
};

export const DEVICE_FIELDS: FieldTable<Device> = {
  name: text("name"),
  device_type: deviceType("device_type"),
  role: deviceRole("role"),
  site: identity("its name and its site"),
  tenant: named("tenant"),
  platform: named("platform"),
  status: choice("status"),
  cluster: cluster("cluster"),
  primary_ip4: cleared("primary_ip4"),
  primary_ip6: cleared("primary_ip6"),
  tags: tags(),
  custom_fields: customFields(),
};
