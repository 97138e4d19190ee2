/** ipam.Prefix: the network of a node's address. */
import { isSameAddress } from "../../base/ip-address.ts";
import { addressField, COMMON, identity, named, SLUGGED } from "./fields.ts";
import { type NetBoxObject, partOf, type QueryFilter, stubAt, valueAt } from "./object-type.ts";
import { type EntityType } from "./entity-type.ts";
import { hasScope, type Scoped, scopeFields } from "./scope.ts";
import { type ObjectOf, optional, stub } from "./shape.ts";
import { vlanLink } from "./vlan.ts";
import { hasVrf, inVrf, NETBOX_VRF, VRF_STUB, vrfKey, type VRFRef } from "./vrf.ts";

const FIELDS = {
  prefix: addressField(),
  vrf: optional(identity(VRF_STUB)),
  ...scopeFields(),
  vlan: optional(vlanLink()),
  role: optional(named(stub(SLUGGED))),
  ...COMMON,
};
export type Prefix = ObjectOf<typeof FIELDS>;

interface PrefixIdentity extends Scoped {
  readonly prefix: string;
  readonly vrf?: VRFRef;
}

export const BY_NETWORK: QueryFilter<PrefixIdentity> = {
  name: "prefix",
  value: ({ prefix }) => prefix,
  of: valueAt("prefix"),
};

export const NETBOX_PREFIX = {
  model: "Prefix",
  path: "ipam/prefixes",
  plural: "prefixes",
  fields: FIELDS,
  key: ({ prefix, vrf }) => vrf === undefined ? prefix : [prefix, vrfKey(vrf)],
  label: ({ prefix, vrf }) => inVrf(prefix, vrf),
  sortedBy: (prefix: PrefixIdentity) => [prefixInSite(prefix)],
  reads: ["prefix", "vrf", "vlan", "scope_type", "scope"],
  filters: [BY_NETWORK],
  is: (prefix, object) => isPrefix(prefix, object) && hasScope(prefix, object),
  stubOf: (object, known) => ({
    prefix: object["prefix"],
    ...stubAt("vrf", { object, type: NETBOX_VRF, known }),
  }),
  resembles: isPrefix,
} satisfies EntityType<PrefixIdentity>;

function isPrefix(prefix: PrefixIdentity, object: NetBoxObject): boolean {
  return isSameAddress(String(object["prefix"]), prefix.prefix) && hasVrf(prefix, object);
}

/** What tells a prefix of NetBox from all others: with PREFIX_SCOPE=site, several have one network. */
export function prefixPlace(object: NetBoxObject): string {
  const ids = ["vrf", "scope"].map((key) => partOf(object, key, "id") ?? null);
  return JSON.stringify([object["prefix"], object["scope_type"] ?? null, ...ids]);
}

/** With PREFIX_SCOPE=site a network is a prefix in each of its sites. */
export function prefixInSite({ prefix, scope_site, vrf }: PrefixIdentity): string {
  return `${prefix} ${scope_site?.name}${vrf === undefined ? "" : ` ${vrf.name}`}`;
}
