/** ipam.VRF: the routing table of an address or a prefix. Its route distinguisher and its tenant are people's. */
import { COMMON, identity, textField } from "./fields.ts";
import type { EntityType, Key } from "./entity-type.ts";
import {
  hasName,
  NAMED,
  type Named,
  type NetBoxObject,
  partOf,
  stubAt,
  textOf,
} from "./object-type.ts";
import { type ObjectOf, optional, STUB, stub, TEXT, type ValueOf } from "./shape.ts";
import { NETBOX_TENANT } from "./site.ts";

export const VRF_STUB = stub({ name: TEXT, rd: optional(TEXT), tenant: optional(STUB) }, "vrf");
export type VRFRef = ValueOf<typeof VRF_STUB>;

const FIELDS = {
  name: textField(),
  rd: optional(identity(TEXT)),
  tenant: optional(identity(STUB)),
  ...COMMON,
};
export type VRF = ObjectOf<typeof FIELDS>;

export const NETBOX_VRF = {
  ...NAMED,
  model: "VRF",
  path: "ipam/vrfs",
  plural: "VRFs",
  fields: FIELDS,
  key: vrfKey,
  sortedBy: ({ name }: Named) => [name],
  reads: ["name", "rd", "tenant"],
  is: (vrf: VRFRef, object) =>
    hasName(vrf, object) && textOf(object["rd"]) === (vrf.rd ?? null) &&
    textOf(partOf(object, "tenant", "name")) === textOf(partOf(vrf.tenant, "name")),
  resembles: hasName,
  stubOf: (object, known) => ({
    name: object["name"],
    ...(textOf(object["rd"]) === null ? {} : { rd: object["rd"] }),
    ...stubAt("tenant", { object, type: NETBOX_TENANT, known }),
  }),
} satisfies EntityType<VRFRef>;

/** With a route distinguisher or a tenant, Diode takes it for another one of the same name. */
export function vrfKey({ name, rd, tenant }: VRFRef): Key {
  if (rd === undefined && tenant === undefined) return name;
  return [name, rd, textOf(partOf(tenant, "name")) ?? undefined];
}

/** "10.0.0.0/24 in internal" */
export function inVrf(text: string, vrf: VRFRef | undefined): string {
  return vrf === undefined ? text : `${text} in ${vrf.name}`;
}

/** Is the object in this routing table? Without one: in the global table. */
export function hasVrf({ vrf }: { readonly vrf?: VRFRef }, object: NetBoxObject): boolean {
  return textOf(partOf(object, "vrf", "name")) === (vrf?.name ?? null);
}
