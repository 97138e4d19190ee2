/** Sites and tenants: they belong to the user, and entities only name them. */
import { cutName, MAX_LONG_NAME } from "../names.ts";
import { SLUGGED, type SluggedRef } from "./fields.ts";
import { NAMED, type Named, type ObjectType, stubAt } from "./object-type.ts";
import { optional, slugged, STUB, stub } from "./shape.ts";

export const SITE_STUB = slugged("site", stub(SLUGGED));
export const TENANT_STUB = slugged("tenant", stub({ ...SLUGGED, group: optional(STUB) }));
export type SiteRef = SluggedRef;
export type TenantRef = SluggedRef & { group?: object };

export const NETBOX_SITE: ObjectType<Named> = {
  ...NAMED,
  model: "Site",
  path: "dcim/sites",
  plural: "sites",
  reads: ["name", "slug", "region", "group"],
};

export const NETBOX_TENANT_GROUP: ObjectType<Named> = {
  ...NAMED,
  model: "TenantGroup",
  path: "tenancy/tenant-groups",
  plural: "tenant groups",
  reads: ["name", "slug", "parent"],
};

export const NETBOX_TENANT: ObjectType<Named> = {
  ...NAMED,
  model: "Tenant",
  path: "tenancy/tenants",
  plural: "tenants",
  reads: ["name", "slug", "group"],
  stubOf: (object, known) => ({
    name: object["name"],
    ...stubAt("group", { object, type: NETBOX_TENANT_GROUP, known }),
  }),
};

export function siteRef(name: string): SiteRef {
  return { name: cutName(name, MAX_LONG_NAME) };
}

export interface TenantPolicy {
  readonly tenantName: string | undefined;
}

export function tenantOf({ tenantName: name }: TenantPolicy): { tenant?: TenantRef } {
  return name === undefined ? {} : { tenant: { name } };
}
