/** Sites and tenants: they belong to the user, and entities only name them. */
import { cutName, MAX_LONG_NAME } from "../names.ts";
import { type Field, SLUGGED, type SluggedRef } from "./fields.ts";
import {
  NAMED,
  type Named,
  type NetBoxObject,
  type ObjectType,
  partOf,
  textOf,
} from "./object-type.ts";
import { slugged, stub } from "./shape.ts";

export const SITE_STUB = slugged("site", stub(SLUGGED));
export const TENANT_STUB = slugged("tenant", stub(SLUGGED));
export type SiteRef = SluggedRef;
export type TenantRef = SluggedRef;

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

/** As NetBox names the type in a generic relation. */
const SITE_TYPE = "dcim.site";

/** scope_type: "dcim.site", scope: { id: 1, name: "HQ", … } */
export function scopeSite(): Field<SiteRef> {
  return {
    ...SITE_STUB,
    reads: ["scope_type", "scope"],
    compare({ field, value: { name }, object }) {
      const type = textOf(object["scope_type"]);
      const scope = textOf(partOf(object, "scope", "name"));
      if (type === SITE_TYPE && scope === name) return [];
      const netbox = type === null || type === SITE_TYPE ? scope : `${type} ${scope}`;
      return [{ field, netbox, sent: name }];
    },
  };
}

export interface Scoped {
  readonly scope_site?: SiteRef;
}

/** A scope of another type is no site. */
export function hasScope({ scope_site }: Scoped, object: NetBoxObject): boolean {
  const isSite = object["scope_type"] === SITE_TYPE;
  const site = isSite ? textOf(partOf(object, "scope", "name")) : null;
  return site === (scope_site?.name ?? null);
}
