/**
 * Fields that only people fill in: an object of ours with a value in one of them is not deleted. A virtual
 * machine has none of them, since it is gone for good with its guest; what depends on it keeps it.
 */
import { isOwnCustomField } from "../names.ts";
import type { NetBoxObject } from "./object-type.ts";
import type { SurveyedName } from "./surveyed.ts";

const DESCRIBED = ["description", "comments", "owner"] as const;
const CABLED = ["cable", "mark_connected"] as const;

/** TABLE: type → its fields. Those that `transform` sends without extensions are missing. */
const FIELDS: { readonly [Name in SurveyedName]?: readonly string[] } = {
  "device": [
    ...DESCRIBED,
    "serial",
    "asset_tag",
    "location",
    "rack",
    "position",
    "face",
    "latitude",
    "longitude",
    "airflow",
    "cooling_method",
    "parent_device",
    "virtual_chassis",
    "oob_ip",
    "config_template",
    "local_context_data",
  ],
  "interface": [
    ...DESCRIBED,
    ...CABLED,
    "label",
    "vdcs",
    "module",
    "wwn",
    "mgmt_only",
    "duplex",
    "mode",
    "untagged_vlan",
    "tagged_vlans",
    "qinq_svlan",
    "vlan_translation_policy",
    "vrf",
    "rf_role",
    "rf_channel",
    "poe_mode",
    "poe_type",
    "wireless_link",
    "wireless_lans",
  ],
  "vm-interface": [
    ...DESCRIBED,
    "parent",
    "bridge",
    "qinq_svlan",
    "vlan_translation_policy",
    "vrf",
  ],
  "virtual-disk": DESCRIBED,
  "ip-address": [...DESCRIBED, "dns_name", "role", "nat_inside"],
  "vlan": [...DESCRIBED, "role", "qinq_role", "qinq_svlan"],
  "prefix": [...DESCRIBED, "role", "is_pool", "mark_utilized"],
};

/** What goes with an interface. */
export const FILLED_IN_MAC_FIELDS: readonly string[] = DESCRIBED;

/** Custom field → the value that NetBox gives to every new object, which no person chose. */
export function defaultValues(customFields: readonly NetBoxObject[]): ReadonlyMap<string, unknown> {
  return new Map(customFields.map(({ name, default: value }) => [String(name), value]));
}

/** `defaults`: those of `defaultValues`. */
export function filledIn(
  name: SurveyedName,
  object: NetBoxObject,
  defaults: ReadonlyMap<string, unknown>,
): readonly string[] {
  const fields = FIELDS[name];
  if (fields === undefined) return [];
  return [...filledInFields(object, fields), ...filledInCustomFields(object, defaults)];
}

/** Of an entity, those fields that otherwise only people fill in. */
export function sentFields(name: SurveyedName, entity: object): readonly string[] {
  const fields = FIELDS[name]?.filter((field) => Object.hasOwn(entity, field)) ?? [];
  const { custom_fields: custom = {} } = entity as { readonly custom_fields?: object };
  const names = Object.keys(custom).filter((field) => !isOwnCustomField(field));
  return [...fields, ...names.map((field) => `custom field ${field}`)];
}

export function filledInFields(
  object: NetBoxObject,
  fields: readonly string[],
): readonly string[] {
  return fields.filter((field) => !isEmpty(object[field]));
}

export function filledInCustomFields(
  object: NetBoxObject,
  defaults: ReadonlyMap<string, unknown>,
): readonly string[] {
  const values = Object.entries((object["custom_fields"] ?? {}) as object);
  return values
    .filter(([name, value]) => !isOwnCustomField(name) && !isEmpty(value))
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults.get(name)))
    .map(([name]) => `custom field ${name}`);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || value === false ||
    (Array.isArray(value) && value.length === 0);
}
