/** ipam.Prefix: the network of a node's address. */
import { isSameAddress } from "../../base/ip-address.ts";
import { addressField, COMMON } from "./fields.ts";
import { lacks, type NetBoxObject, valueAt } from "./object-type.ts";
import { type EntityType } from "./entity-type.ts";
import { type ObjectOf, optional } from "./shape.ts";
import { hasScope, type Scoped, scopeSite } from "./site.ts";

const FIELDS = {
  prefix: addressField(),
  scope_site: optional(scopeSite()),
  ...COMMON,
};
export type Prefix = ObjectOf<typeof FIELDS>;

interface PrefixIdentity extends Scoped {
  readonly prefix: string;
}

export const NETBOX_PREFIX = {
  model: "Prefix",
  path: "ipam/prefixes",
  plural: "prefixes",
  fields: FIELDS,
  key: ({ prefix }) => prefix,
  label: ({ prefix }) => prefix,
  sortedBy: (prefix: PrefixIdentity) => [prefixInSite(prefix)],
  reads: ["prefix", "vrf", "vlan", "scope_type", "scope"],
  filters: [{
    name: "prefix",
    value: ({ prefix }: PrefixIdentity) => prefix,
    of: valueAt("prefix"),
  }],
  is: (prefix, object) => isPrefix(prefix, object) && hasScope(prefix, object),
  resembles: isPrefix,
} satisfies EntityType<PrefixIdentity>;

function isPrefix({ prefix }: PrefixIdentity, object: NetBoxObject): boolean {
  return isSameAddress(String(object["prefix"]), prefix) && lacks(object, "vrf");
}

/** With PREFIX_SCOPE=site a network is a prefix in each of its sites. */
export function prefixInSite({ prefix, scope_site }: PrefixIdentity): string {
  return `${prefix} ${scope_site?.name}`;
}
