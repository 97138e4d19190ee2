/** ipam.Prefix: the networks of node addresses. */
import type { Prefix } from "../../netbox/types/prefix.ts";
import { siteRef } from "../../netbox/types/site.ts";
import type { TaggedSource } from "../sources.ts";
import {
  DEFAULT_STATUS,
  METADATA,
  NO_CUSTOM_FIELDS,
  rowBuilder,
  type Table,
  USERS,
} from "./table.ts";

export interface PrefixSource extends TaggedSource {
  readonly network: string;
  readonly site: string | undefined;
}

const prefix = rowBuilder<PrefixSource>();

export const PREFIX: Table<PrefixSource, Prefix> = {
  prefix: prefix.from(
    [
      "network.cidr",
      "network.address",
      "network.netmask",
      "network.cidr6",
      "network.address6",
      "network.netmask6",
    ],
    "the network of a node's address; host routes, loopback and link-local make none",
    (p) => p.network,
  ),
  scope_site: prefix.from(
    ["stub.site", "setting.PREFIX_SCOPE"],
    "the node's site; a network in several sites has none, unless PREFIX_SCOPE=site",
    (p) => (p.site === undefined ? undefined : siteRef(p.site)),
  ),
  tags: prefix.from(
    ["stub.tags"],
    "the global tags and those of the hosts that have it",
    (p) => p.tags,
  ),
  scope_location: prefix.skip("the scope is a site"),
  scope_region: prefix.skip("the scope is a site"),
  scope_site_group: prefix.skip("the scope is a site"),
  status: prefix.skip(DEFAULT_STATUS),
  vrf: prefix.skip("it would become part of the prefix's identity in Diode"),
  vlan: prefix.skip("the mapping document does not join prefixes and VLANs"),
  role: prefix.skip(USERS),
  tenant: prefix.skip(USERS),
  is_pool: prefix.skip(USERS),
  mark_utilized: prefix.skip(USERS),
  description: prefix.skip(USERS),
  comments: prefix.skip(USERS),
  owner: prefix.skip(USERS),
  custom_fields: prefix.skip(NO_CUSTOM_FIELDS),
  metadata: prefix.skip(METADATA),
};
