/** virtualization.Cluster: a cluster of Proxmox VE, or a node that has none. */
import { CLUSTER_TYPE_NAME, CLUSTER_TYPE_STUB } from "./cluster-type.ts";
import { choiceField, COMMON, linked, named, textField } from "./fields.ts";
import { BY_NAME, hasName, NAMED, type Named, type ObjectType } from "./object-type.ts";
import { type EntityType, type Key } from "./entity-type.ts";
import { type ObjectOf, optional, stub, TEXT, type ValueOf } from "./shape.ts";
import { hasScope, type Scoped, scopeSite, SITE_STUB, siteRef } from "./site.ts";

export const CLUSTER_STUB = stub(
  { name: TEXT, type: CLUSTER_TYPE_STUB, scope_site: optional(SITE_STUB) },
  "cluster",
);
export type ClusterRef = ValueOf<typeof CLUSTER_STUB>;

const FIELDS = {
  name: textField(),
  type: named(CLUSTER_TYPE_STUB),
  status: choiceField("active"),
  scope_site: optional(scopeSite()),
  ...COMMON,
};
export type Cluster = ObjectOf<typeof FIELDS>;

export type ClusterIdentity = Named & Scoped;

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
  is: (cluster, object) => hasName(cluster, object) && hasScope(cluster, object),
  resembles: hasName,
} satisfies EntityType<ClusterIdentity>;

export const NETBOX_CLUSTER_GROUP: ObjectType<Named> = {
  ...NAMED,
  model: "ClusterGroup",
  path: "virtualization/cluster-groups",
  plural: "cluster groups",
  reads: ["name", "slug"],
};

/** With another scope it is another cluster to Diode; its type does not matter. */
export function clusterKey({ name, scope_site }: ClusterIdentity): Key {
  return [name, scope_site?.name];
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
