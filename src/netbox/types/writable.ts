/** From an object as NetBox's REST API shows it to the fields with which it can be created again. */
import { contentTypeOf, type NetBoxObject, partOf, textOf } from "./object-type.ts";
import { SURVEYED } from "./surveyed.ts";

/** What NetBox computes, and what only exists once other objects do. */
const READ_ONLY = new Set([
  "id",
  "url",
  "display_url",
  "display",
  "created",
  "last_updated",
  "config_context",
  "family",
  "assigned_object",
  "nat_outside",
  "is_primary",
  "primary_ip",
  "parent_device",
  "bridge_interfaces",
  "mac_address",
  "mac_addresses",
  "cable",
  "cable_end",
  "link_peers",
  "link_peers_type",
  "connected_endpoints",
  "connected_endpoints_type",
  "connected_endpoints_reachable",
  "wireless_link",
  "l2vpn_termination",
  "children",
  "scope",
]);
const COUNT_REGEXP = /^(?:count_.*|.*_count|_.*)$/;
/** People's own JSON, in which nothing names an object. */
const JSON_FIELDS = new Set(["local_context_data"]);
/** Objects that belong to the new one: they are created after it, and then named. */
const LATER = new Set(["primary_ip4", "primary_ip6", "oob_ip", "primary_mac_address"]);
/** Objects of their own, which go with an interface. */
export const NETBOX_MAC_ADDRESS = {
  path: "dcim/mac-addresses",
  model: "MACAddress",
  plural: "MAC addresses",
} as const;
const MAC_ADDRESSES = NETBOX_MAC_ADDRESS.path;
const IP_ADDRESSES = "ipam/ip-addresses";

/** TABLE: field → the type of object that it names, among those that `tidy` deletes. */
const REFERENCES: Readonly<Record<string, string>> = {
  virtual_machine: "virtualization/virtual-machines",
  device: "dcim/devices",
  untagged_vlan: "ipam/vlans",
  tagged_vlans: "ipam/vlans",
  qinq_svlan: "ipam/vlans",
  vlan: "ipam/vlans",
  nat_inside: IP_ADDRESSES,
  primary_ip4: IP_ADDRESSES,
  primary_ip6: IP_ADDRESSES,
  oob_ip: IP_ADDRESSES,
  primary_mac_address: MAC_ADDRESSES,
};
/** Fields that name an object of the same type. */
const SAME_TYPE = new Set(["parent", "bridge", "lag"]);

const PATHS = new Map(SURVEYED.map(({ type }) => [contentTypeOf(type), type.path]));

export interface RecordedObject {
  /** "virtualization/interfaces" */
  readonly path: string;
  readonly object: NetBoxObject;
}

/** The id of an object that was created again; the old one for all others. */
export type NewId = (old: { readonly path: string; readonly id: number }) => number;

/** Fields without a value are left out: that is what a new object has. */
export function writableFields(
  recorded: RecordedObject,
  newId: NewId,
): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(recorded.object)) {
    const isText = recorded.path === MAC_ADDRESSES && key === "mac_address";
    const isSkipped = READ_ONLY.has(key) || LATER.has(key) || COUNT_REGEXP.test(key);
    if ((isSkipped && !isText) || value === null) continue;
    fields[key] = JSON_FIELDS.has(key) ? value : key === "custom_fields"
      ? Object.fromEntries(
        Object.entries(value as object).map(([name, part]) => [name, written(part, unchanged)]),
      )
      : key === "assigned_object_id"
      ? mapped(recorded, { key, id: Number(value) }, newId)
      : written(value, (id) => mapped(recorded, { key, id }, newId));
  }
  return fields;
}

/** "virtualization.vminterface:12", or an id, with the new id. */
export function renewed<Value>(
  { path, field, value }: {
    readonly path: string;
    readonly field: string;
    readonly value: Value;
  },
  newId: NewId,
): Value | string | number {
  if (typeof value === "number") {
    const referenced = SAME_TYPE.has(field) ? path : REFERENCES[field];
    return referenced === undefined ? value : newId({ path: referenced, id: value });
  }
  const [, type = "", id = ""] = /^(\w+\.\w+):(\d+)$/.exec(String(value)) ?? [];
  const referenced = PATHS.get(type);
  if (field !== "assigned_object" || referenced === undefined) return value;
  return `${type}:${newId({ path: referenced, id: Number(id) })}`;
}

/** The id that an object has in a field such as "primary_mac_address". */
export function referencedId(object: NetBoxObject, field: string): number | undefined {
  const id = partOf(object, field, "id");
  return typeof id === "number" ? id : undefined;
}

const unchanged = (id: number): number => id;

function mapped(
  { path, object }: RecordedObject,
  { key, id }: { readonly key: string; readonly id: number },
  newId: NewId,
): number {
  const referenced = key === "assigned_object_id"
    ? PATHS.get(String(object["assigned_object_type"]))
    : SAME_TYPE.has(key)
    ? path
    : REFERENCES[key];
  return referenced === undefined ? id : newId({ path: referenced, id });
}

/** { value, label } → value; { id, … } → id; lists of them likewise. */
function written(value: unknown, idOf: (id: number) => number): unknown {
  if (Array.isArray(value)) return value.map((part) => written(part, idOf));
  const id = partOf(value, "id");
  if (typeof id === "number") return idOf(id);
  const choice = partOf(value, "value");
  if (choice !== undefined && partOf(value, "label") !== undefined) return choice;
  return value;
}

/** TABLE: path → the filters that find an object by the fields with which it is created. */
const IDENTITIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "virtualization/virtual-machines": { name: "name", cluster: "cluster_id", site: "site_id" },
  "virtualization/interfaces": { name: "name", virtual_machine: "virtual_machine_id" },
  "virtualization/virtual-disks": { name: "name", virtual_machine: "virtual_machine_id" },
  "dcim/devices": { name: "name", site: "site_id" },
  "dcim/interfaces": { name: "name", device: "device_id" },
  [MAC_ADDRESSES]: { mac_address: "mac_address" },
  [IP_ADDRESSES]: { address: "address" },
  "ipam/vlans": { vid: "vid", site: "site_id", group: "group_id" },
  "ipam/prefixes": { prefix: "prefix" },
};

/** The query for what may be the object, if it exists again. */
export function identityQuery(
  path: string,
  fields: Readonly<Record<string, unknown>>,
): readonly (readonly [name: string, value: string])[] {
  return Object.entries(IDENTITIES[path] ?? {}).flatMap(([field, filter]) => {
    const text = textOf(fields[field]);
    return text === null ? [] : [[filter, text] as const];
  });
}

/** Is it the object? Filters leave out what cannot be asked for. */
export function hasIdentity(
  object: NetBoxObject,
  fields: Readonly<Record<string, unknown>>,
): boolean {
  const isSame = (key: string): boolean =>
    textOf(partOf(object[key], "id") ?? object[key]) === textOf(fields[key] ?? null);
  return ["vrf", "tenant", "assigned_object_type", "assigned_object_id"].every((key) =>
    !(key in object) || isSame(key)
  );
}
