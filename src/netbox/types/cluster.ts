/** virtualization.Cluster: a cluster of Proxmox VE, or a node that has none. */
import { CLUSTER_TYPE_NAME, CLUSTER_TYPE_STUB } from "./cluster-type.ts";
import { choiceField, COMMON, identity, linked, named, textField } from "./fields.ts";
import {
  BY_NAME,
  hasName,
  lacks,
  NAMED,
  type Named,
  type NetBoxObject,
  type ObjectType,
  partOf,
  stubAt,
  textOf,
} from "./object-type.ts";
import { type EntityType, type Key } from "./entity-type.ts";
import { hasScope, SCOPE_STUBS, type Scoped, scopeFields, scopeKey, scopeStub } from "./scope.ts";
import { type ObjectOf, optional, STUB, stub, TEXT, type ValueOf } from "./shape.ts";
import { siteRef } from "./site.ts";

export const CLUSTER_STUB = stub(
  { name: TEXT, type: optional(CLUSTER_TYPE_STUB), group: optional(STUB), ...SCOPE_STUBS },
  "cluster",
);
export type ClusterRef = ValueOf<typeof CLUSTER_STUB>;

const FIELDS = {
  name: textField(),
  type: optional(named(CLUSTER_TYPE_STUB)),
  group: optional(identity(STUB)),
  status: optional(choiceField("active")),
  ...scopeFields(),
  ...COMMON,
};
export type Cluster = ObjectOf<typeof FIELDS>;

export type ClusterIdentity = Named & Scoped & { readonly group?: object };

export const NETBOX_CLUSTER = {
  model: "Cluster",
  path: "virtualization/clusters",
  plural: "clusters",
  fields: FIELDS,
  key: clusterKey,
  label: ({ name }) => name,
  sortedBy: ({ name }: Named) => [name],
  reads: ["name", "group", "scope_type", "scope"],
  filters: [BY_NAME],
  is: (cluster, object) =>
    hasName(cluster, object) && hasScope(cluster, object) && hasGroup(cluster, object),
  stubOf: (object, known) => ({
    name: object["name"],
    ...stubAt("group", { object, type: NETBOX_CLUSTER_GROUP, known }),
    ...scopeStub(object, known),
  }),
  resembles: hasName,
} satisfies EntityType<ClusterIdentity>;

export const NETBOX_CLUSTER_GROUP: ObjectType<Named> = {
  ...NAMED,
  model: "ClusterGroup",
  path: "virtualization/cluster-groups",
  plural: "cluster groups",
  reads: ["name", "slug"],
};

function hasGroup({ group }: ClusterIdentity, object: NetBoxObject): boolean {
  return textOf(partOf(object, "group", "name")) === textOf(partOf(group, "name"));
}

/** With another scope or group it is another cluster to Diode; its type does not matter. */
export function clusterKey(cluster: ClusterIdentity): Key {
  const { name, group } = cluster;
  const key = [name, scopeKey(cluster)];
  return group === undefined ? key : [...key, textOf(partOf(group, "name")) ?? ""];
}

export function clusterRef(name: string, site: string | undefined): ClusterRef {
  const type = { name: CLUSTER_TYPE_NAME };
  return site === undefined ? { name, type } : { name, type, scope_site: siteRef(site) };
}

export function clusterLink() {
  return linked(CLUSTER_STUB, {
    type: NETBOX_CLUSTER,
    sent: ({ name, scope_site }) =>
      scope_site === undefined ? name : `${name} at ${scope_site.name}`,
    shown: "name",
  });
}

/** What tells clusters of one name apart for Diode: the scope, else the group. */
export function clusterPlace(object: NetBoxObject): string {
  const { scope_type: type, scope, group } = object;
  return lacks(object, "scope_type")
    ? `group ${partOf(group, "id")}`
    : `${textOf(type)} ${partOf(scope, "id")}`;
}
