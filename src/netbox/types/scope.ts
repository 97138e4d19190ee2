/** Regions, site groups and locations: what a cluster, a prefix or a VLAN group may belong to besides a site. */
import { NAMED, type Named, type ObjectType } from "./object-type.ts";

export const NETBOX_REGION: ObjectType<Named> = {
  ...NAMED,
  model: "Region",
  path: "dcim/regions",
  plural: "regions",
  reads: ["name", "slug", "parent"],
};

export const NETBOX_SITE_GROUP: ObjectType<Named> = {
  ...NAMED,
  model: "SiteGroup",
  path: "dcim/site-groups",
  plural: "site groups",
  reads: ["name", "slug", "parent"],
};

export const NETBOX_LOCATION: ObjectType<Named> = {
  ...NAMED,
  model: "Location",
  path: "dcim/locations",
  plural: "locations",
  reads: ["name", "slug", "site", "parent"],
};
