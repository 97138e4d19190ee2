/** ipam.Prefix: the networks of node addresses. */
import type { Prefix } from "../../netbox/types/prefix.ts";
import { siteRef } from "../../netbox/types/site.ts";
import type { VLANRef } from "../../netbox/types/vlan.ts";
import type { VRFRef } from "../../netbox/types/vrf.ts";
import type { TaggedSource } from "../sources.ts";
import {
  DEFAULT_STATUS,
  extension,
  METADATA,
  NO_CUSTOM_FIELDS,
  owned,
  rowBuilder,
  SHARED_TAGS,
  skip,
  type Table,
  USERS,
} from "./table.ts";

export interface PrefixSource extends TaggedSource {
  readonly network: string;
  readonly site: string | undefined;
  readonly vrf: VRFRef | undefined;
  readonly vlan: VLANRef | undefined;
  /** Name of an IPAM role. */
  readonly role: string | undefined;
}

const prefix = rowBuilder<PrefixSource>();

export const PREFIX: Table<PrefixSource, Prefix> = {
  prefix: owned.key(prefix.from(
    [
      "network.cidr",
      "network.address",
      "network.netmask",
      "network.cidr6",
      "network.address6",
      "network.netmask6",
      "setting.NETWORK_DEPTH",
      "sdnSubnets.subnet",
      "sdnSubnets.cidr",
    ],
    "the network of a node's address; host routes, loopback and link-local make none. NETWORK_DEPTH=full: also the subnets of SDN",
    (p) => p.network,
  )),
  scope_site: owned.firstWriter(prefix.from(
    ["stub.site", "setting.PREFIX_SCOPE", "sdnZones.nodes"],
    "the node's site; of a subnet, those of the nodes that its zone is on; a network in several sites has none, unless PREFIX_SCOPE=site",
    (p) => (p.site === undefined ? undefined : siteRef(p.site)),
  )),
  vrf: extension(owned.key(prefix.from(
    ["rule.vrf", "stub.vrf", "sdnVnets.zone"],
    "the VRF that a rule names, or of the EVPN zone of a subnet: it is part of the prefix's identity in Diode",
    (p) => p.vrf,
  ))),
  vlan: extension(owned.firstWriter(prefix.from(
    ["stub.vlan", "sdnVnets.vnet"],
    "the VLAN that a subnet of SDN belongs to; the mapping document joins no others",
    (p) => p.vlan,
  ))),
  role: extension(prefix.from(
    ["rule.prefix_role"],
    "the role that a rule names",
    (p) => p.role === undefined ? undefined : { name: p.role },
  )),
  tags: owned.union(prefix.from(
    ["stub.tags"],
    SHARED_TAGS,
    (p) => p.tags,
  )),
  ...skip("the scope is a site", "scope_location", "scope_region", "scope_site_group"),
  ...skip(DEFAULT_STATUS, "status"),
  ...skip(USERS, "tenant", "is_pool", "mark_utilized", "description", "comments", "owner"),
  ...skip(NO_CUSTOM_FIELDS, "custom_fields"),
  ...skip(METADATA, "metadata"),
};
