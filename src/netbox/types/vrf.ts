/** ipam.VRF: the routing table of an address or a prefix. It belongs to the user. */
import { NAMED, type Named, type ObjectType } from "./object-type.ts";

export const NETBOX_VRF: ObjectType<Named> = {
  ...NAMED,
  model: "VRF",
  path: "ipam/vrfs",
  plural: "VRFs",
  reads: ["name", "rd", "tenant"],
};
