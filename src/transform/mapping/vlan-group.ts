/** ipam.VLANGroup: the VLAN groups that rules name. */
import type { VLANGroup } from "../../netbox/types/vlan-group.ts";
import { SLUG_RULE } from "../slugs.ts";
import type { TaggedSource } from "../sources.ts";
import {
  METADATA,
  NO_CUSTOM_FIELDS,
  owned,
  rowBuilder,
  SHARED_TAGS,
  skip,
  type Table,
  USERS,
} from "./table.ts";

export interface VlanGroupSource extends TaggedSource {
  readonly name: string;
  readonly slug: string | undefined;
}

const group = rowBuilder<VlanGroupSource>();

export const VLAN_GROUP: Table<VlanGroupSource, VLANGroup> = {
  name: owned.key(group.from(["rule.vlan_group"], "as the rule has it", (g) => g.name)),
  slug: owned.firstWriter(group.from(["rule.vlan_group"], SLUG_RULE, (g) => g.slug)),
  tags: owned.union(group.from(["stub.tags"], SHARED_TAGS, (g) => g.tags)),
  ...skip(
    "it would become part of the group's identity in Diode",
    "scope_cluster",
    "scope_cluster_group",
    "scope_location",
    "scope_rack",
    "scope_rack_group",
    "scope_region",
    "scope_site",
    "scope_site_group",
  ),
  ...skip(USERS, "vid_ranges", "tenant", "description", "comments", "owner"),
  ...skip(NO_CUSTOM_FIELDS, "custom_fields"),
  ...skip(METADATA, "metadata"),
};
