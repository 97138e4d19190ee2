/** ipam.VLAN: the VLANs of guests and nodes, one in each site. */
import { COMMON, identity, linked, textField } from "./fields.ts";
import {
  lacks,
  NAMED,
  type Named,
  type NetBoxObject,
  type ObjectType,
  partOf,
  stubAt,
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
  STUB,
  stub,
  TEXT,
  type ValueOf,
} from "./shape.ts";
import { scopeStub } from "./scope.ts";
import { NETBOX_SITE, SITE_STUB, type SiteRef, siteRef } from "./site.ts";

const VLAN_STUB = stub(
  { vid: INT64, name: optional(TEXT), site: optional(SITE_STUB), group: optional(STUB) },
  "vlan",
);
export type VLANRef = ValueOf<typeof VLAN_STUB>;

const FIELDS = {
  vid: identity(INT64),
  name: optional(textField()),
  site: optional(identity(SITE_STUB)),
  group: optional(identity(STUB)),
  ...COMMON,
};
export type VLAN = ObjectOf<typeof FIELDS>;

interface VlanIdentity {
  readonly vid: Int64;
  readonly site?: SiteRef;
  readonly group?: object;
}

export const NETBOX_VLAN = {
  model: "VLAN",
  path: "ipam/vlans",
  plural: "VLANs",
  fields: FIELDS,
  key: ({ vid, site, group }) =>
    group === undefined ? [vid, site?.name] : [vid, site?.name, groupName(group) ?? ""],
  label: vlanLabel,
  sortedBy: ({ vid, site, group }: VlanIdentity) => [`${vid} ${site?.name ?? groupName(group)}`],
  reads: ["vid", "site", "group", "qinq_svlan"],
  filters: [{ name: "vid", value: ({ vid }: VlanIdentity) => vid, of: valueAt("vid") }],
  is: (vlan, object) =>
    (vlan.group === undefined ? isAtSite(vlan, object) : hasVid(vlan, object)) &&
    groupName(object["group"]) === groupName(vlan.group) && lacks(object, "qinq_svlan"),
  // A group tells it apart; without one, the site does.
  stubOf(object, known) {
    const group = stubAt("group", { object, type: NETBOX_VLAN_GROUP, known });
    const site = stubAt("site", { object, type: NETBOX_SITE, known });
    return { vid: String(object["vid"]), ...(Object.keys(group).length > 0 ? group : site) };
  },
  resembles: isAtSite,
} satisfies EntityType<VlanIdentity>;

export const NETBOX_VLAN_GROUP: ObjectType<Named> = {
  ...NAMED,
  model: "VLANGroup",
  path: "ipam/vlan-groups",
  plural: "VLAN groups",
  reads: ["name", "slug", "scope_type", "scope"],
  stubOf: (object, known) => ({ name: object["name"], ...scopeStub(object, known) }),
};

function groupName(group: unknown): string | null {
  return textOf(partOf(group, "name"));
}

function hasVid({ vid }: VlanIdentity, object: NetBoxObject): boolean {
  return String(object["vid"]) === vid;
}

function vlanLabel({ vid, site, group }: VlanIdentity): string {
  if (group !== undefined) return `${vid} in ${groupName(group)}`;
  return site === undefined ? vid : `${vid} at ${site.name}`;
}

function isAtSite(vlan: VlanIdentity, object: NetBoxObject): boolean {
  return hasVid(vlan, object) &&
    textOf(partOf(object, "site", "name")) === (vlan.site?.name ?? null);
}

/** Source: the mapping document, "VLAN Discovery". */
export function vlanRef(vid: number, site: string): VLANRef {
  return { vid: int64(vid), name: `VLAN ${vid}`, site: siteRef(site) };
}

/** { id: 2, vid: 20, name: "VLAN 20", … } */
export function vlanLink() {
  return linked(either(VLAN_STUB, CLEARED), { type: NETBOX_VLAN, sent: vlanLabel, shown: "vid" });
}
