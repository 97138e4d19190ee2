/**
 * Finds objects that NetBox knows by a name and a slug: sites, tenants, roles, manufacturers, device
 * types, platforms, cluster types, tags, VLAN groups and L2VPNs. Their names in Proxmox VE or in the settings may be older than those
 * that people gave them since.
 */
import type { Found } from "../../netbox/objects.ts";
import { compareCodeUnits } from "../../base/natural-order.ts";
import { autoSlug } from "../../netbox/names.ts";
import { NETBOX_CLUSTER_TYPE } from "../../netbox/types/cluster-type.ts";
import {
  NETBOX_DEVICE_ROLE,
  NETBOX_DEVICE_TYPE,
  NETBOX_MANUFACTURER,
} from "../../netbox/types/device-type.ts";
import {
  BY_NAME,
  type NetBoxObject,
  type ObjectType,
  partOf,
  textOf,
  valueAt,
} from "../../netbox/types/object-type.ts";
import { NETBOX_L2VPN } from "../../netbox/types/l2vpn.ts";
import { NETBOX_PLATFORM } from "../../netbox/types/platform.ts";
import type { Slugged } from "../../netbox/types/shape.ts";
import { NETBOX_SITE, NETBOX_TENANT } from "../../netbox/types/site.ts";
import { NETBOX_TAG } from "../../netbox/types/tag.ts";
import { NETBOX_VLAN_GROUP } from "../../netbox/types/vlan-group.ts";
import { NETBOX_VRF } from "../../netbox/types/vrf.ts";
import { alone, type NetBoxTarget, type Obstacle, oldest } from "./target.ts";

/** TABLE: the types, and the key of the name. */
const TYPES: Readonly<Record<Slugged, { readonly type: ObjectType<never>; readonly key: string }>> =
  {
    "cluster-type": { type: NETBOX_CLUSTER_TYPE, key: "name" },
    "device-role": { type: NETBOX_DEVICE_ROLE, key: "name" },
    "device-type": { type: NETBOX_DEVICE_TYPE, key: "model" },
    "l2vpn": { type: NETBOX_L2VPN, key: "name" },
    "manufacturer": { type: NETBOX_MANUFACTURER, key: "name" },
    "platform": { type: NETBOX_PLATFORM, key: "name" },
    "site": { type: NETBOX_SITE, key: "name" },
    "tag": { type: NETBOX_TAG, key: "name" },
    "tenant": { type: NETBOX_TENANT, key: "name" },
    "vlan-group": { type: NETBOX_VLAN_GROUP, key: "name" },
  };
/** An object without them comes first, if several have the name. */
const WITHIN = ["parent", "group", "manufacturer"];

/** What is called so in NetBox; undefined: nothing, or several objects. */
export function foundName(
  target: NetBoxTarget,
  kind: Slugged,
  name: string,
): NetBoxObject | undefined {
  return findName(target, kind, { name, others: new Set() });
}

/**
 * By its exact name; in another case, if one alone has it; by its slug, if people renamed it: an object
 * whose slug is still that of its own name is another one ("RouterOS 7.1.5" is not "RouterOS 7.15"). `others`: names
 * of other things; an object that has one of them exactly is not this one.
 */
function findName(
  target: NetBoxTarget,
  kind: Slugged,
  { name, others }: { readonly name: string; readonly others: ReadonlySet<string> },
): NetBoxObject | undefined {
  const { objects } = target;
  const { type, key } = TYPES[kind];
  const isFree = (object: NetBoxObject): boolean => !others.has(String(object[key]));
  const exact = objects.having(type, { name: key, of: valueAt(key) }, name);
  if (isContested(target, kind, name)) return undefined;
  if (exact.length > 0) {
    const outermost = exact.filter((each) => WITHIN.every((within) => !isSet(each, within)));
    return oldest(outermost.length > 0 && kind !== "device-type" ? outermost : exact);
  }
  const folded = objects.having(type, foldedAt(key), name.toLowerCase()).filter(isFree);
  // A model of that name may be another manufacturer's.
  if (folded.length > 0 || kind === "device-type") return alone(folded);
  const renamed = objects.having(type, BY_SLUG, autoSlug(name)).filter((each) =>
    isFree(each) && autoSlug(String(each[key])) !== each["slug"]
  );
  return alone(renamed);
}

/** Names from Proxmox VE: two of them are two objects, even if NetBox has one that fits both. Names of settings are not. */
const DISTINCT: ReadonlySet<Slugged> = new Set(["l2vpn", "platform", "tag"]);

/** What NetBox has of an object that is named, and why it cannot be used; undefined: nothing. */
export function findNamed(
  target: NetBoxTarget,
  kind: "vrf" | "vlan-group" | "l2vpn",
  name: string,
): Found | Obstacle | undefined {
  const unread = target.unreadObstacle(kind);
  if (unread !== undefined) return unread;
  const type: ObjectType<never> = kind === "vrf" ? NETBOX_VRF : TYPES[kind].type;
  const exact = target.objects.having(type, BY_NAME, name);
  if (exact.length > 1) {
    const places = exact.map((each) => target.placeOf(type, each));
    return { reason: "ambiguous", detail: places.join(", ") };
  }
  const object = exact[0] ?? (kind === "vrf" ? undefined : foundName(target, kind, name));
  const found = object && target.found(type, object);
  return target.refusal(type, found) ?? found;
}

/** Those of several names that NetBox has: "Prod" is not the tag "prod" if a run has both. */
export function foundNames(
  target: NetBoxTarget,
  kind: Slugged,
  names: ReadonlySet<string>,
): Map<string, Found> {
  const { type, key } = TYPES[kind];
  const others = DISTINCT.has(kind) ? names : new Set<string>();
  const all = [...names].sort(compareCodeUnits).flatMap((name) => {
    const object = findName(target, kind, { name, others });
    return object === undefined ? [] : [{ name, object }];
  });
  const found = new Map<string, Found>();
  for (const [object, same] of Map.groupBy(all, (each) => each.object)) {
    const whole = target.found(type, object);
    // The manufacturer of a device type is a stub of its own.
    const stub = kind === "device-type" ? { [key]: object[key] } : whole.stub;
    const isContested = DISTINCT.has(kind) && same.length > 1;
    const named = isContested ? nearest(same, [object[key], object["slug"]]) : same;
    for (const { name } of named) found.set(name, { object, stub });
  }
  return found;
}

/** The thing that has the first of these names that any has. */
function nearest<Thing extends { readonly name: string }>(
  things: readonly Thing[],
  names: readonly unknown[],
): readonly Thing[] {
  const nearer = names.map((name) => things.filter((thing) => thing.name === name));
  return nearer.find((each) => each.length > 0) ?? [];
}

/** Why NetBox would refuse to make objects of these names, where it has none; with what it requires. */
export function requiredByNew(
  target: NetBoxTarget,
  names: Readonly<Partial<Record<Slugged, string | undefined>>>,
): string[] {
  if (!target.isKnown) return [];
  return (Object.entries(names) as [Slugged, string | undefined][]).flatMap(([kind, name]) => {
    if (name === undefined) return [];
    const fields = target.requiredFields(TYPES[kind].type);
    return fields.length === 0 || foundName(target, kind, name) !== undefined ? [] : fields;
  });
}

/** Is it the name of several objects, none of which is meant more than the others? */
export function isContested({ objects }: NetBoxTarget, kind: Slugged, name: string): boolean {
  return kind === "vlan-group" && objects.having(TYPES[kind].type, BY_NAME, name).length > 1;
}

/** The names of all objects of the kind. */
export function namesIn({ objects }: NetBoxTarget, kind: Slugged): readonly string[] {
  const { type, key } = TYPES[kind];
  return objects.all(type).map((object) => String(object[key]));
}

/** Slugs that no new object of the kind may have. */
export function slugsIn({ objects }: NetBoxTarget, kind: Slugged): Set<string> {
  const slugs = objects.all(TYPES[kind].type).map((object) => textOf(object["slug"]));
  return new Set(slugs.filter((slug) => slug !== null));
}

const BY_SLUG = { name: "slug", of: valueAt("slug") };

function foldedAt(key: string) {
  return {
    name: `${key}__ie`,
    of: (object: NetBoxObject) => textOf(object[key])?.toLowerCase(),
  };
}

function isSet(object: NetBoxObject, key: string): boolean {
  return partOf(object, key, "id") !== undefined;
}
