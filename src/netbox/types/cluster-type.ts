/** virtualization.ClusterType: one for all clusters of Proxmox VE. */
import { COMMON, SLUGGED, textField } from "./fields.ts";
import { BY_NAME_THEN_SLUG, hasSlug, NAMED, type WithSlug } from "./object-type.ts";
import { type EntityType } from "./entity-type.ts";
import { type ObjectOf, optional, slugged, stub } from "./shape.ts";

export const CLUSTER_TYPE_STUB = slugged("cluster-type", stub(SLUGGED, "cluster-type"));

const FIELDS = {
  name: textField(),
  slug: optional(textField()),
  ...COMMON,
};
export type ClusterType = ObjectOf<typeof FIELDS>;

export const NETBOX_CLUSTER_TYPE = {
  model: "ClusterType",
  path: "virtualization/cluster-types",
  plural: "cluster types",
  fields: FIELDS,
  ...NAMED,
  reads: ["name", "slug"],
  filters: BY_NAME_THEN_SLUG,
  resembles: hasSlug,
} satisfies EntityType<WithSlug>;

export const CLUSTER_TYPE_NAME = "Proxmox";
