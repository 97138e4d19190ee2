/** virtualization.Cluster: one per snapshot. */
import type { Cluster } from "../../netbox/types/cluster.ts";
import { siteRef } from "../../netbox/types/site.ts";
import type { ClusterSource } from "../sources.ts";
import { METADATA, NO_CUSTOM_FIELDS, owned, rowBuilder, skip, type Table, USERS } from "./table.ts";

const cluster = rowBuilder<ClusterSource>();

export const CLUSTER: Table<ClusterSource, Cluster> = {
  name: owned.key(cluster.from(
    ["setting.CLUSTER_NAME", "clusterStatus.name", "setting.PROXMOX_HOST"],
    "CLUSTER_NAME, else the row of type cluster, else PROXMOX_HOST; at most 100 characters",
    (c) => c.name,
  )),
  type: owned.firstWriter(cluster.from(["stub.cluster-type"], "always Proxmox", (c) => c.ref.type)),
  status: owned.firstWriter(cluster.fixed("active", "as in the mapping document")),
  scope_site: owned.key(cluster.from(
    ["setting.SITE_NAME", "setting.NODE_SITE_MAP", "setting.CLUSTER_SCOPE"],
    "the one site of all its nodes; none when they are in several",
    (c) => (c.site === undefined ? undefined : siteRef(c.site)),
  )),
  tags: owned.union(cluster.from(["stub.tags"], "the global tags and the host's", (c) => c.tags)),
  ...skip("the scope is a site", "scope_location", "scope_region", "scope_site_group"),
  ...skip("it would become part of the cluster's identity in Diode", "group"),
  ...skip(USERS, "tenant", "description", "comments", "owner"),
  ...skip(NO_CUSTOM_FIELDS, "custom_fields"),
  ...skip(METADATA, "metadata"),
};
