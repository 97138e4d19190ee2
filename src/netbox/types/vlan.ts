/** ipam.VLAN: the VLANs of guests and nodes, one in each site. */
import { NETBOX_CLUSTER, NETBOX_CLUSTER_GROUP } from "./cluster.ts";
import { choiceField, COMMON, identity, linked, linkedList, textField } from "./fields.ts";
import {
  contentTypeOf,
  type KnownObjects,
  lacks,
  type Named,
  type NetBoxObject,
  type ObjectType,
  partOf,
  type QueryFilter,
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
  stub,
  TEXT,
  type ValueOf,
} from "./shape.ts";
import { NETBOX_LOCATION, NETBOX_REGION, NETBOX_SITE_GROUP } from "./scope.ts";
import { NETBOX_SITE, SITE_STUB, type SiteRef, siteRef } from "./site.ts";
import {
  groupScopeStub,
  NETBOX_VLAN_GROUP,
  VLAN_GROUP_STUB,
  vlanGroupKey,
  type VLANGroupRef,
} from "./vlan-group.ts";

export const VLAN_STUB = stub(
  {
    vid: INT64,
    name: optional(TEXT),
    site: optional(SITE_STUB),
    group: optional(VLAN_GROUP_STUB),
  },
  "vlan",
);
export type VLANRef = ValueOf<typeof VLAN_STUB>;

const FIELDS = {
  vid: identity(INT64),
  name: optional(textField()),
  site: optional(identity(SITE_STUB)),
  group: optional(identity(VLAN_GROUP_STUB)),
  ...COMMON,
};
export type VLAN = ObjectOf<typeof FIELDS>;

interface VlanIdentity {
  readonly vid: Int64;
  readonly site?: SiteRef;
  readonly group?: VLANGroupRef;
}

export const BY_VID: QueryFilter<VlanIdentity> = {
  name: "vid",
  value: ({ vid }) => vid,
  of: valueAt("vid"),
};

export const NETBOX_VLAN = {
  model: "VLAN",
  path: "ipam/vlans",
  plural: "VLANs",
  fields: FIELDS,
  key: ({ vid, site, group }) =>
    group === undefined ? [vid, site?.name] : [vid, site?.name, vlanGroupKey(group)],
  label: vlanLabel,
  sortedBy: ({ vid, site, group }: VlanIdentity) => [`${vid} ${site?.name ?? groupName(group)}`],
  reads: ["vid", "site", "group", "qinq_svlan"],
  filters: [BY_VID],
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

/** At a site; in a group, which tells it apart. Source: the mapping document, "VLAN Discovery". */
export function vlanRef(
  vid: number,
  place: string | VLANGroupRef,
  name = `VLAN ${vid}`,
): VLANRef {
  const named = { vid: int64(vid), name };
  return typeof place === "string"
    ? { ...named, site: siteRef(place) }
    : { ...named, group: place };
}

/** { id: 2, vid: 20, name: "VLAN 20", … } */
export function vlanLink() {
  return linked(either(VLAN_STUB, CLEARED), { type: NETBOX_VLAN, sent: vlanLabel, shown: "vid" });
}

/** [{ id: 2, vid: 20, name: "VLAN 20", … }] */
export function vlanLinks() {
  return linkedList(VLAN_STUB, { type: NETBOX_VLAN, sent: vlanLabel, shown: "vid" });
}

/** Of the interfaces of devices and of virtual machines. Source: NetBox, dcim/choices.py, InterfaceModeChoices. */
export const INTERFACE_MODE = choiceField("access", "tagged", "tagged-all");

/** Does NetBox have tagged VLANs on an interface? */
export function hasTaggedVlans(object: NetBoxObject | undefined): boolean {
  const vlans = object?.["tagged_vlans"];
  return Array.isArray(vlans) && vlans.length > 0;
}

/** NetBox refuses every other mode while an interface has a service VLAN. Source: dcim/models/device_components.py. */
export function isQinQ(object: NetBoxObject | undefined): boolean {
  return partOf(object, "mode", "value") === "q-in-q";
}

/**
 * Is a VLAN without a site for this site? One without a group is for all, as one of a group without a scope.
 * Source: NetBox, ipam/querysets.py, VLANQuerySet.get_for_virtualmachine.
 */
export function isForSite(
  vlan: NetBoxObject,
  { site, cluster }: {
    readonly site: NetBoxObject | undefined;
    readonly cluster: NetBoxObject | undefined;
  },
  known: KnownObjects,
): boolean {
  const group = known.get(NETBOX_VLAN_GROUP, partOf(vlan, "group", "id"));
  if (group === undefined) return lacks(vlan, "group");
  const id = partOf(group, "scope", "id");
  switch (textOf(group["scope_type"])) {
    case null:
      return true;
    case contentTypeOf(NETBOX_SITE):
      return site?.id === id;
    case contentTypeOf(NETBOX_LOCATION):
      return site !== undefined &&
        partOf(known.get(NETBOX_LOCATION, id), "site", "id") === site.id;
    case contentTypeOf(NETBOX_REGION):
      return isWithin(partOf(site, "region", "id"), id, { type: NETBOX_REGION, known });
    case contentTypeOf(NETBOX_SITE_GROUP):
      return isWithin(partOf(site, "group", "id"), id, { type: NETBOX_SITE_GROUP, known });
    case contentTypeOf(NETBOX_CLUSTER):
      return cluster?.id === id;
    case contentTypeOf(NETBOX_CLUSTER_GROUP):
      return cluster !== undefined && partOf(cluster, "group", "id") === id;
    default:
      return false;
  }
}

/** Can a stub name it? Not if its group is for a rack: a survey does not read racks. */
export function isNameable(vlan: NetBoxObject, known: KnownObjects): boolean {
  const group = known.get(NETBOX_VLAN_GROUP, partOf(vlan, "group", "id"));
  if (group === undefined || lacks(group, "scope_type")) return true;
  return Object.keys(groupScopeStub(group, known)).length > 0;
}

/** Regions and site groups form trees; a loop would be a fault of the file. */
const MAX_DEPTH = 100;

function isWithin(
  inner: unknown,
  outer: unknown,
  { type, known }: { readonly type: ObjectType<Named>; readonly known: KnownObjects },
): boolean {
  let at = inner;
  for (let depth = 0; at !== undefined && depth < MAX_DEPTH; depth += 1) {
    if (at === outer) return true;
    at = partOf(known.get(type, at), "parent", "id");
  }
  return false;
}
