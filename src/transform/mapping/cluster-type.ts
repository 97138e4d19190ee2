/** virtualization.ClusterType: one, shared by all clusters. */
import { CLUSTER_TYPE_NAME, type ClusterType } from "../../netbox/types/cluster-type.ts";
import type { TagRef } from "../../netbox/types/fields.ts";
import type { Findable } from "../../netbox/objects.ts";
import { METADATA, NO_CUSTOM_FIELDS, owned, rowBuilder, skip, type Table, USERS } from "./table.ts";

export interface ClusterTypeSource extends Findable {
  readonly tags: readonly TagRef[];
}

const type = rowBuilder<ClusterTypeSource>();

export const CLUSTER_TYPE: Table<ClusterTypeSource, ClusterType> = {
  name: owned.key(type.fixed(CLUSTER_TYPE_NAME, "as in the mapping document")),
  slug: owned.firstWriter(type.fixed("proxmox", "as in the mapping document")),
  tags: owned.union(type.from(
    ["stub.tags"],
    "the global tags, without the host's in a bootstrap",
    (t) => t.tags,
  )),
  ...skip(USERS, "description", "comments", "owner"),
  ...skip(NO_CUSTOM_FIELDS, "custom_fields"),
  ...skip(METADATA, "metadata"),
};
