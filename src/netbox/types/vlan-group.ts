/** ipam.VLANGroup: in it a VLAN ID is unique, whatever the site. Its scope and its ranges are people's. */
import { NETBOX_CLUSTER, NETBOX_CLUSTER_GROUP } from "./cluster.ts";
import { COMMON, identity, SLUGGED, textField } from "./fields.ts";
import type { EntityType, Key } from "./entity-type.ts";
import {
  contentTypeOf,
  hasName,
  type KnownObjects,
  NAMED,
  type Named,
  type NetBoxObject,
  partOf,
  stubAt,
  textOf,
} from "./object-type.ts";
import { SCOPE_STUBS, scopeKey, scopeStub } from "./scope.ts";
import { type ObjectOf, optional, type Shape, slugged, STUB, stub, type ValueOf } from "./shape.ts";

/** TABLE: scopes that only a VLAN group has, besides those of scope.ts; sent only as NetBox has them. */
const OWN_SCOPES = { scope_cluster: NETBOX_CLUSTER, scope_cluster_group: NETBOX_CLUSTER_GROUP };

const SCOPES = {
  ...SCOPE_STUBS,
  scope_cluster: optional(STUB),
  scope_cluster_group: optional(STUB),
};

export const VLAN_GROUP_STUB = slugged("vlan-group", stub({ ...SLUGGED, ...SCOPES }, "vlan-group"));
export type VLANGroupRef = ValueOf<typeof VLAN_GROUP_STUB>;

const FIELDS = {
  name: textField(),
  slug: optional(textField()),
  scope_site: asFound(SCOPES.scope_site),
  scope_location: asFound(STUB),
  scope_region: asFound(STUB),
  scope_site_group: asFound(STUB),
  scope_cluster: asFound(STUB),
  scope_cluster_group: asFound(STUB),
  ...COMMON,
};
export type VLANGroup = ObjectOf<typeof FIELDS>;

export const NETBOX_VLAN_GROUP = {
  ...NAMED,
  model: "VLANGroup",
  path: "ipam/vlan-groups",
  plural: "VLAN groups",
  fields: FIELDS,
  key: vlanGroupKey,
  sortedBy: ({ name }: Named) => [name],
  reads: ["name", "slug", "scope_type", "scope"],
  is: (group: VLANGroupRef, object) =>
    hasName(group, object) &&
    scopeName(group) === (textOf(partOf(object, "scope", "name")) ?? undefined),
  resembles: hasName,
  stubOf: (object, known) => ({ name: object["name"], ...groupScopeStub(object, known) }),
} satisfies EntityType<VLANGroupRef>;

function asFound<Value>(shape: Shape<Value>) {
  return optional(identity(shape));
}

/** A VLAN group may also be for a cluster or a cluster group. */
export function groupScopeStub(object: NetBoxObject, known: KnownObjects): object {
  for (const [key, type] of Object.entries(OWN_SCOPES)) {
    if (object["scope_type"] !== contentTypeOf(type)) continue;
    return { [key]: stubAt("scope", { object, type, known }).scope };
  }
  return scopeStub(object, known);
}

/** In another scope it is another group. */
export function vlanGroupKey(group: VLANGroupRef): Key {
  const own = ownScope(group);
  const scope = own === undefined ? scopeKey(group) : [own, nameOf(group[own])];
  return scope === undefined ? group.name : [group.name, scope];
}

function scopeName(group: VLANGroupRef): string | undefined {
  const scopes = Object.keys(SCOPES) as (keyof typeof SCOPES)[];
  return scopes.map((key) => nameOf(group[key])).find((name) => name !== undefined);
}

function ownScope(group: VLANGroupRef): keyof typeof OWN_SCOPES | undefined {
  const scopes = Object.keys(OWN_SCOPES) as (keyof typeof OWN_SCOPES)[];
  return scopes.find((key) => group[key] !== undefined);
}

function nameOf(stub: object | undefined): string | undefined {
  return textOf(partOf(stub, "name")) ?? undefined;
}
