/**
 * TABLE: the types of NetBox objects that a survey reads, in the order of the files in a target folder,
 * and what it keeps of each object. A type comes after those that its objects name.
 */
import { isOwnCustomField } from "../names.ts";
import { NETBOX_CLUSTER_GROUP } from "./cluster.ts";
import { NETBOX_DEVICE_ROLE, NETBOX_DEVICE_TYPE, NETBOX_MANUFACTURER } from "./device-type.ts";
import { comparedKeys, type EntityFields } from "./fields.ts";
import { NETBOX_FHRP_GROUP } from "./ip-address.ts";
import { type NetBoxObject, type ObjectType, textOf } from "./object-type.ts";
import { ENTITY_TYPES } from "./order.ts";
import { NETBOX_LOCATION, NETBOX_REGION, NETBOX_SITE_GROUP } from "./scope.ts";
import { NETBOX_SITE, NETBOX_TENANT, NETBOX_TENANT_GROUP } from "./site.ts";

/** Types with a step have the name of the step. */
const TYPES = {
  "tag": ENTITY_TYPES["tag"],
  "custom-field": ENTITY_TYPES["custom-field"],
  "region": NETBOX_REGION,
  "site-group": NETBOX_SITE_GROUP,
  "site": NETBOX_SITE,
  "location": NETBOX_LOCATION,
  "tenant-group": NETBOX_TENANT_GROUP,
  "tenant": NETBOX_TENANT,
  "manufacturer": NETBOX_MANUFACTURER,
  "device-type": NETBOX_DEVICE_TYPE,
  "device-role": NETBOX_DEVICE_ROLE,
  "platform": ENTITY_TYPES["platform"],
  "cluster-group": NETBOX_CLUSTER_GROUP,
  "cluster-type": ENTITY_TYPES["cluster-type"],
  "cluster": ENTITY_TYPES["cluster"],
  "vrf": ENTITY_TYPES["vrf"],
  "vlan-group": ENTITY_TYPES["vlan-group"],
  "vlan": ENTITY_TYPES["vlan"],
  "fhrp-group": NETBOX_FHRP_GROUP,
  "device": ENTITY_TYPES["device"],
  "interface": ENTITY_TYPES["interface"],
  "virtual-machine": ENTITY_TYPES["virtual-machine"],
  "vm-interface": ENTITY_TYPES["vm-interface"],
  "virtual-disk": ENTITY_TYPES["virtual-disk"],
  "prefix": ENTITY_TYPES["prefix"],
  "ip-address": ENTITY_TYPES["ip-address"],
  // Later types come last, so that files keep their numbers.
  "l2vpn": ENTITY_TYPES["l2vpn"],
  "l2vpn-termination": ENTITY_TYPES["l2vpn-termination"],
} as const satisfies Readonly<Record<string, ObjectType<never>>>;

export type SurveyedName = keyof typeof TYPES;

/** Only runs with such objects need them: a survey is complete without them. */
const OPTIONAL: ReadonlySet<string> = new Set<SurveyedName>(["l2vpn", "l2vpn-termination"]);

export interface SurveyedType {
  readonly name: SurveyedName;
  /** "01": files sort by it. */
  readonly number: string;
  /** A token that may not view it does not make a survey partial. */
  readonly isOptional: boolean;
  readonly type: ObjectType<never>;
  /** Keys of NetBox's objects that are kept, besides the id. */
  readonly keys: readonly string[];
}

export const SURVEYED: readonly SurveyedType[] = Object.entries(TYPES).map(([name, type], i) => {
  const fields: EntityFields = "fields" in type ? type.fields : {};
  return {
    name: name as SurveyedName,
    number: String(i + 1).padStart(2, "0"),
    isOptional: OPTIONAL.has(name),
    type,
    keys: [...new Set([...type.reads, ...comparedKeys(fields)])],
  };
});

/** Of a nested object, what identifies it and what is compared. */
const NESTED_KEYS = ["id", "name", "model", "value", "address", "mac_address", "vid"];
/** The machine of an interface that an address is assigned to; the manufacturer of a device type. */
const OWNER_KEYS = ["virtual_machine", "device", "manufacturer"];

/** An object as a target folder has it: the keys of its type, and of nested objects only what identifies them. */
export function keptOf(object: NetBoxObject, keys: readonly string[]): NetBoxObject {
  const kept: Record<string, unknown> = {};
  for (const key of keys) {
    const value = object[key];
    if (value === undefined) continue;
    kept[key] = key === "custom_fields" ? keptCustomFields(value) : nested(value);
  }
  return { id: object.id, ...kept };
}

function nested(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nested);
  if (typeof value !== "object" || value === null) return value;
  const kept: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) {
    if (NESTED_KEYS.includes(key)) kept[key] = part;
    else if (OWNER_KEYS.includes(key)) kept[key] = nested(part);
  }
  const hasName = Object.entries(kept).some(([key, part]) => key !== "id" && part !== null);
  const display = textOf((value as { display?: unknown }).display);
  return hasName || display === null ? kept : { ...kept, display };
}

/** Ours, and those of other people that are empty: NetBox refuses an object that lacks a required one. */
function keptCustomFields(value: unknown): object {
  const fields = Object.entries((value ?? {}) as object);
  return Object.fromEntries(fields.flatMap(([name, content]) => {
    // The values of other custom fields may be secrets.
    if (isOwnCustomField(name)) return [[name, content]];
    return textOf(content) === null ? [[name, null]] : [];
  }));
}
