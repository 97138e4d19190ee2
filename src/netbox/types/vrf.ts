/** ipam.VRF: the routing table of an address or a prefix. It belongs to the user. */
import {
  NAMED,
  type Named,
  type NetBoxObject,
  type ObjectType,
  partOf,
  stubAt,
  textOf,
} from "./object-type.ts";
import { optional, STUB, stub, TEXT, type ValueOf } from "./shape.ts";
import { NETBOX_TENANT } from "./site.ts";

export const VRF_STUB = stub({ name: TEXT, rd: optional(TEXT), tenant: optional(STUB) });
export type VRFRef = ValueOf<typeof VRF_STUB>;

export const NETBOX_VRF: ObjectType<Named> = {
  ...NAMED,
  model: "VRF",
  path: "ipam/vrfs",
  plural: "VRFs",
  reads: ["name", "rd", "tenant"],
  stubOf: (object, known) => ({
    name: object["name"],
    ...(textOf(object["rd"]) === null ? {} : { rd: object["rd"] }),
    ...stubAt("tenant", { object, type: NETBOX_TENANT, known }),
  }),
};

/** Is the object in this routing table? Without one: in the global table. */
export function hasVrf({ vrf }: { readonly vrf?: VRFRef }, object: NetBoxObject): boolean {
  return textOf(partOf(object, "vrf", "name")) === (vrf?.name ?? null);
}
