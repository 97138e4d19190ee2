/**
 * Scopes: the site, location, region or site group that a cluster, a prefix or a VLAN group is for.
 * Source: NetBox, dcim/models/mixins.py (CachedScopeMixin).
 */
import type { Field } from "./fields.ts";
import {
  contentTypeOf,
  type KnownObjects,
  NAMED,
  type Named,
  type NetBoxObject,
  type ObjectType,
  partOf,
  stubAt,
  textOf,
} from "./object-type.ts";
import { optional, type Shape, STUB } from "./shape.ts";
import { NETBOX_SITE, SITE_STUB, type SiteRef } from "./site.ts";

export const NETBOX_REGION: ObjectType<Named> = {
  ...NAMED,
  model: "Region",
  path: "dcim/regions",
  plural: "regions",
  reads: ["name", "slug", "parent"],
  stubOf: (object, known) => within("parent", object, { type: NETBOX_REGION, known }),
};

export const NETBOX_SITE_GROUP: ObjectType<Named> = {
  ...NAMED,
  model: "SiteGroup",
  path: "dcim/site-groups",
  plural: "site groups",
  reads: ["name", "slug", "parent"],
  stubOf: (object, known) => within("parent", object, { type: NETBOX_SITE_GROUP, known }),
};

export const NETBOX_LOCATION: ObjectType<Named> = {
  ...NAMED,
  model: "Location",
  path: "dcim/locations",
  plural: "locations",
  reads: ["name", "slug", "site", "parent"],
  stubOf: (object, known) => ({
    ...within("parent", object, { type: NETBOX_LOCATION, known }),
    ...stubAt("site", { object, type: NETBOX_SITE, known }),
  }),
};

function within(
  key: string,
  object: NetBoxObject,
  { type, known }: { readonly type: ObjectType<never>; readonly known: KnownObjects },
): object {
  return { name: object["name"], ...stubAt(key, { object, type, known }) };
}

/** TABLE: field of an entity → the type of object that it names. */
const SCOPES = {
  scope_site: NETBOX_SITE,
  scope_location: NETBOX_LOCATION,
  scope_region: NETBOX_REGION,
  scope_site_group: NETBOX_SITE_GROUP,
} as const;
type ScopeKey = keyof typeof SCOPES;
const SCOPE_KEYS = Object.keys(SCOPES) as ScopeKey[];

/** In an entity and in a stub: at most one of them. */
export interface Scoped {
  readonly scope_site?: SiteRef;
  readonly scope_location?: object;
  readonly scope_region?: object;
  readonly scope_site_group?: object;
}

/** The fields of a stub; a scope other than a site is sent only as NetBox has it. */
export const SCOPE_STUBS = {
  scope_site: optional(SITE_STUB),
  scope_location: optional(STUB),
  scope_region: optional(STUB),
  scope_site_group: optional(STUB),
};

/** The fields of an entity. */
export function scopeFields() {
  return {
    scope_site: optional(scope(SITE_STUB, "scope_site")),
    scope_location: optional(scope(STUB, "scope_location")),
    scope_region: optional(scope(STUB, "scope_region")),
    scope_site_group: optional(scope(STUB, "scope_site_group")),
  };
}

/** scope_type: "dcim.site", scope: { id: 1, name: "HQ", … } */
function scope<Value extends object>(shape: Shape<Value>, key: ScopeKey): Field<Value> {
  return {
    ...shape,
    reads: ["scope_type", "scope"],
    compare({ field, value, object }) {
      const name = textOf(partOf(value, "name"));
      const [type, shown] = shownScope(object);
      if (type === contentTypeOf(SCOPES[key]) && shown === name) return [];
      const isSite = type === null || type === contentTypeOf(NETBOX_SITE);
      return [{ field, netbox: isSite ? shown : `${type} ${shown}`, sent: name }];
    },
  };
}

function shownScope(object: NetBoxObject): readonly [type: string | null, name: string | null] {
  return [textOf(object["scope_type"]), textOf(partOf(object, "scope", "name"))];
}

export function hasScope(scoped: Scoped, object: NetBoxObject): boolean {
  const [type, name] = shownScope(object);
  const key = SCOPE_KEYS.find((each) => scoped[each] !== undefined);
  if (key === undefined) return type === null;
  return type === contentTypeOf(SCOPES[key]) && name === textOf(partOf(scoped[key], "name"));
}

/** What tells two scopes apart, for a natural key: undefined without one. */
export function scopeKey(scoped: Scoped): string | readonly string[] | undefined {
  const key = SCOPE_KEYS.find((each) => scoped[each] !== undefined);
  if (key === undefined) return undefined;
  const name = String(partOf(scoped[key], "name"));
  return key === "scope_site" ? name : [key, name];
}

/** { scope_type: "dcim.site", scope: { id: 1, … } } → { scope_site: { name: "HQ" } } */
export function scopeStub(object: NetBoxObject, known: KnownObjects): Scoped {
  const key = SCOPE_KEYS.find((each) => contentTypeOf(SCOPES[each]) === object["scope_type"]);
  if (key === undefined) return {};
  const type: ObjectType<never> = SCOPES[key];
  const { scope: stub } = stubAt("scope", { object, type, known });
  return { [key]: stub };
}

export function isForLocation(object: NetBoxObject): boolean {
  return object["scope_type"] === contentTypeOf(NETBOX_LOCATION);
}

/** The site of a scope: itself, or that of the location. */
export function siteOfScope(object: NetBoxObject, known: KnownObjects): string | undefined {
  const scope = object["scope"];
  if (object["scope_type"] === contentTypeOf(NETBOX_SITE)) {
    return textOf(partOf(scope, "name")) ?? undefined;
  }
  if (!isForLocation(object)) return undefined;
  const location = known.get(NETBOX_LOCATION, partOf(scope, "id"));
  return textOf(partOf(location, "site", "name")) ?? undefined;
}
