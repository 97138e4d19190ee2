/** The objects that an object of a survey names, by their ids. */
import { contentTypeOf, type NetBoxObject, partOf } from "./object-type.ts";
import { SURVEYED, type SurveyedName } from "./surveyed.ts";

/** TABLE: keys that mean the same on every type. */
const KEYS: Readonly<Record<string, SurveyedName>> = {
  region: "region",
  site: "site",
  location: "location",
  tenant: "tenant",
  manufacturer: "manufacturer",
  device_type: "device-type",
  platform: "platform",
  cluster: "cluster",
  vrf: "vrf",
  l2vpn: "l2vpn",
  vlan: "vlan",
  untagged_vlan: "vlan",
  tagged_vlans: "vlan",
  qinq_svlan: "vlan",
  device: "device",
  bridge: "interface",
  lag: "interface",
  virtual_machine: "virtual-machine",
  primary_ip4: "ip-address",
  primary_ip6: "ip-address",
  tags: "tag",
};

/** TABLE: keys that mean another type on each. */
const OWN_KEYS: { readonly [Name in SurveyedName]?: Readonly<Record<string, SurveyedName>> } = {
  "region": { parent: "region" },
  "site-group": { parent: "site-group" },
  "site": { group: "site-group" },
  "location": { parent: "location" },
  "tenant-group": { parent: "tenant-group" },
  "tenant": { group: "tenant-group" },
  "device-role": { parent: "device-role" },
  "cluster": { group: "cluster-group", type: "cluster-type" },
  "vlan": { group: "vlan-group" },
  "device": { role: "device-role" },
  "interface": { parent: "interface" },
};

/** Generic relations: the other key has the type, such as "dcim.site". */
const TYPE_KEYS: Readonly<Record<string, string>> = {
  scope: "scope_type",
  assigned_object: "assigned_object_type",
};

const BY_CONTENT_TYPE = new Map(SURVEYED.map(({ name, type }) => [contentTypeOf(type), name]));

export interface ObjectReference {
  /** "tags" */
  readonly key: string;
  readonly type: SurveyedName;
  readonly id: number;
}

/** Without objects of types that a survey does not read, such as racks. */
export function* objectReferences(
  name: SurveyedName,
  object: NetBoxObject,
): Generator<ObjectReference> {
  for (const [key, value] of Object.entries(object)) {
    const typeKey = TYPE_KEYS[key];
    const type = typeKey === undefined
      ? OWN_KEYS[name]?.[key] ?? KEYS[key]
      : BY_CONTENT_TYPE.get(String(object[typeKey]));
    if (type === undefined) continue;
    for (const part of [value].flat()) {
      const id = partOf(part, "id");
      if (typeof id === "number") yield { key, type, id };
    }
  }
}
