/** dcim.Device: a node. */
import { clusterLink } from "./cluster.ts";
import { DEVICE_ROLE_STUB, DEVICE_TYPE_STUB, deviceRole, deviceType } from "./device-type.ts";
import {
  choiceField,
  cleared,
  COMMON,
  customFields,
  identity,
  named,
  textField,
} from "./fields.ts";
import {
  BY_NAME_IN_ANY_CASE,
  hasNameInAnyCase,
  hasTenant,
  type NetBoxObject,
  partOf,
  stubAt,
} from "./object-type.ts";
import { type EntityType, type Key } from "./entity-type.ts";
import { PLATFORM_STUB } from "./platform.ts";
import { type ObjectOf, optional, stub, TEXT, type ValueOf } from "./shape.ts";
import {
  NETBOX_SITE,
  NETBOX_TENANT,
  SITE_STUB,
  siteRef,
  TENANT_STUB,
  tenantOf,
  type TenantPolicy,
} from "./site.ts";

export const DEVICE_PARTS = {
  name: TEXT,
  device_type: optional(DEVICE_TYPE_STUB),
  role: optional(DEVICE_ROLE_STUB),
  site: SITE_STUB,
  tenant: optional(TENANT_STUB),
};
export const DEVICE_STUB = stub(DEVICE_PARTS, "device");
export type DeviceRef = ValueOf<typeof DEVICE_STUB>;

const FIELDS = {
  name: textField(),
  device_type: optional(deviceType()),
  role: optional(deviceRole()),
  site: identity(SITE_STUB),
  tenant: optional(named(TENANT_STUB)),
  platform: optional(named(PLATFORM_STUB)),
  status: optional(choiceField("active", "offline")),
  cluster: optional(clusterLink()),
  description: optional(textField()),
  comments: optional(textField()),
  // Each is set by its address.
  primary_ip4: optional(cleared()),
  primary_ip6: optional(cleared()),
  ...COMMON,
  custom_fields: optional(customFields()),
};
export type Device = ObjectOf<typeof FIELDS>;

export type DeviceIdentity = Pick<DeviceRef, "name" | "site" | "tenant">;

export const NETBOX_DEVICE = {
  model: "Device",
  path: "dcim/devices",
  plural: "devices",
  fields: FIELDS,
  key: deviceKey,
  label: ({ name }) => name,
  // ip-address.ts reads the primary addresses.
  reads: ["name", "site", "tenant", "primary_ip4", "primary_ip6", "oob_ip"],
  filters: BY_NAME_IN_ANY_CASE,
  is: (device, object) => isAtSite(device, object) && hasTenant(device, object),
  stubOf: (object, known) => ({
    name: object["name"],
    ...stubAt("site", { object, type: NETBOX_SITE, known }),
    ...stubAt("tenant", { object, type: NETBOX_TENANT, known }),
  }),
  resembles: isAtSite,
} satisfies EntityType<DeviceIdentity>;

/** NetBox ignores the case of the names of virtual machines and devices. */
export function deviceKey({ name, site, tenant }: DeviceIdentity): Key {
  return [name.toLowerCase(), site.name, tenant?.name];
}

function isAtSite(device: DeviceIdentity, object: NetBoxObject): boolean {
  return hasNameInAnyCase(device, object) && partOf(object, "site", "name") === device.site.name;
}

export interface DevicePolicy extends TenantPolicy {
  readonly nodeManufacturer: string;
  readonly nodeDeviceType: string;
  readonly nodeDeviceRole: string;
}

export function deviceRef(
  name: string,
  { site, policy }: { readonly site: string; readonly policy: DevicePolicy },
): DeviceRef {
  return {
    name,
    device_type: {
      manufacturer: { name: policy.nodeManufacturer },
      model: policy.nodeDeviceType,
    },
    role: { name: policy.nodeDeviceRole },
    site: siteRef(site),
    ...tenantOf(policy),
  };
}
