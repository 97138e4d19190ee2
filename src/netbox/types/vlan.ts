/** ipam.VLAN: the VLANs of guests and nodes, one in each site. */
import { COMMON, identity, linked, textField } from "./fields.ts";
import {
  lacks,
  NAMED,
  type Named,
  type NetBoxObject,
  type ObjectType,
  partOf,
  textOf,
  valueAt,
} from "./object-type.ts";
import { type EntityType } from "./entity-type.ts";
import {
  CLEARED,
  either,
  INT64,
  type Int64,
  int64,
  type ObjectOf,
  optional,
  stub,
  TEXT,
  type ValueOf,
} from "./shape.ts";
import { SITE_STUB, type SiteRef, siteRef } from "./site.ts";

const VLAN_STUB = stub({ vid: INT64, name: TEXT, site: optional(SITE_STUB) }, "vlan");
export type VLANRef = ValueOf<typeof VLAN_STUB>;

const FIELDS = {
  vid: identity(INT64),
  name: textField(),
  site: optional(identity(SITE_STUB)),
  ...COMMON,
};
export type VLAN = ObjectOf<typeof FIELDS>;

interface VlanIdentity {
  readonly vid: Int64;
  readonly site?: SiteRef;
}

export const NETBOX_VLAN = {
  model: "VLAN",
  path: "ipam/vlans",
  plural: "VLANs",
  fields: FIELDS,
  key: ({ vid, site }) => [vid, site?.name],
  label: vlanLabel,
  sortedBy: ({ vid, site }: VlanIdentity) => [`${vid} ${site?.name}`],
  reads: ["vid", "site", "group", "qinq_svlan"],
  filters: [{ name: "vid", value: ({ vid }: VlanIdentity) => vid, of: valueAt("vid") }],
  is: (vlan, object) =>
    isAtSite(vlan, object) && lacks(object, "group") && lacks(object, "qinq_svlan"),
  resembles: isAtSite,
} satisfies EntityType<VlanIdentity>;

export const NETBOX_VLAN_GROUP: ObjectType<Named> = {
  ...NAMED,
  model: "VLANGroup",
  path: "ipam/vlan-groups",
  plural: "VLAN groups",
  reads: ["name", "slug", "scope_type", "scope"],
};

function vlanLabel({ vid, site }: VlanIdentity): string {
  return site === undefined ? vid : `${vid} at ${site.name}`;
}

function isAtSite({ vid, site }: VlanIdentity, object: NetBoxObject): boolean {
  return String(object["vid"]) === vid &&
    textOf(partOf(object, "site", "name")) === (site?.name ?? null);
}

/** Source: the mapping document, "VLAN Discovery". */
export function vlanRef(vid: number, site: string): VLANRef {
  return { vid: int64(vid), name: `VLAN ${vid}`, site: siteRef(site) };
}

/** { id: 2, vid: 20, name: "VLAN 20", … } */
export function vlanLink() {
  return linked(either(VLAN_STUB, CLEARED), { type: NETBOX_VLAN, sent: vlanLabel, shown: "vid" });
}
