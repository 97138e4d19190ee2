/** vpn.L2VPN: a layer-2 network across nodes, such as a VNet of a VXLAN zone; and what is in it. */
import {
  choiceField,
  COMMON,
  identity,
  integerField,
  named,
  SLUGGED,
  textField,
} from "./fields.ts";
import type { EntityType, Machine } from "./entity-type.ts";
import { INTERFACE_STUB, NETBOX_INTERFACE } from "./interface.ts";
import {
  BY_NAME_THEN_SLUG,
  contentTypeOf,
  hasSlug,
  type KnownObjects,
  NAMED,
  type Named,
  type NetBoxObject,
  type ObjectType,
  partOf,
  type QueryFilter,
  type Reference,
  referenceTo,
  valueAt,
  type WithSlug,
} from "./object-type.ts";
import { type ObjectOf, optional, slugged, stub, TEXT, type ValueOf, words } from "./shape.ts";
import { VIRTUAL_MACHINE_STUB } from "./virtual-machine.ts";
import { NETBOX_VLAN, VLAN_STUB } from "./vlan.ts";
import { NETBOX_VM_INTERFACE } from "./vm-interface.ts";

/** Source: NetBox, vpn/choices.py, L2VPNTypeChoices; diode.v1.L2VPN takes the same words. */
const TYPES = [
  "ep-lan",
  "ep-tree",
  "epl",
  "evp-lan",
  "evp-tree",
  "evpl",
  "evpn-vpws",
  "mpls-evpn",
  "pbb-evpn",
  "spb",
  "vpls",
  "vpws",
  "vxlan",
  "vxlan-evpn",
] as const;
export type L2VPNType = (typeof TYPES)[number];

/** NetBox requires a type of a new one; a stub of one that it has is its name. */
const L2VPN_STUB = slugged("l2vpn", stub({ ...SLUGGED, type: optional(words(...TYPES)) }, "l2vpn"));
export type L2VPNRef = ValueOf<typeof L2VPN_STUB>;

const FIELDS = {
  name: textField(),
  slug: optional(textField()),
  type: optional(choiceField(...TYPES)),
  identifier: optional(integerField()),
  description: optional(textField()),
  ...COMMON,
};
export type L2VPN = ObjectOf<typeof FIELDS>;

export const NETBOX_L2VPN = {
  ...NAMED,
  model: "L2VPN",
  path: "vpn/l2vpns",
  plural: "L2VPNs",
  fields: FIELDS,
  sortedBy: ({ name }: Named) => [name],
  reads: ["name", "slug", "tenant"],
  filters: BY_NAME_THEN_SLUG,
  resembles: hasSlug,
} satisfies EntityType<WithSlug>;

const TERMINATION_FIELDS = {
  l2vpn: named(L2VPN_STUB),
  assigned_object_vlan: optional(identity(VLAN_STUB)),
  assigned_object_interface: optional(identity(INTERFACE_STUB)),
  assigned_object_vm_interface: optional(
    identity(stub({ virtual_machine: VIRTUAL_MACHINE_STUB, name: TEXT }, "vm-interface")),
  ),
  ...COMMON,
};
export type L2VPNTermination = ObjectOf<typeof TERMINATION_FIELDS>;

type TerminationIdentity = Omit<L2VPNTermination, "tags" | "custom_fields">;

/** TABLE: field → the type of object that is in the L2VPN. NetBox takes no others. Source: vpn/constants.py. */
const ASSIGNED = {
  assigned_object_vlan: NETBOX_VLAN,
  assigned_object_interface: NETBOX_INTERFACE,
  assigned_object_vm_interface: NETBOX_VM_INTERFACE,
} as const;
type AssignedKey = keyof typeof ASSIGNED;
const ASSIGNED_KEYS = Object.keys(ASSIGNED) as AssignedKey[];

/** One alone has a given id among the objects of its type; NetBox is asked without the type. */
export const BY_ASSIGNED: QueryFilter<TerminationIdentity> = {
  name: "assigned_object_id",
  value: (_termination, objectId) => String(objectId),
  of: valueAt("assigned_object_id"),
};

export const NETBOX_L2VPN_TERMINATION = {
  model: "L2VPNTermination",
  path: "vpn/l2vpn-terminations",
  plural: "L2VPN terminations",
  fields: TERMINATION_FIELDS,
  // NetBox puts an object into one L2VPN at most.
  key: (termination) => {
    const { type, identity, name } = assignedIn(termination);
    return [name, type.key(identity as never)];
  },
  label: (termination) => {
    const { type, identity } = assignedIn(termination);
    return `${type.label(identity as never)} in ${termination.l2vpn.name}`;
  },
  machine: (
    { assigned_object_vm_interface: nic, assigned_object_interface: port }: TerminationIdentity,
  ):
    | Machine
    | undefined =>
    nic !== undefined
      ? { step: "virtual-machine", ref: nic.virtual_machine }
      : port && { step: "device", ref: port.device },
  reads: ["l2vpn", "assigned_object_type", "assigned_object_id", "assigned_object"],
  owner: (termination): Reference => {
    const { type, identity } = assignedIn(termination);
    return referenceTo(type as ObjectType<object>, identity);
  },
  filters: [BY_ASSIGNED],
  is: (termination, object, objectId) =>
    object["assigned_object_type"] === contentTypeOf(assignedIn(termination).type) &&
    Number(object["assigned_object_id"]) === objectId,
  stubOf: assignedStub,
} satisfies EntityType<TerminationIdentity>;

function assignedIn(termination: TerminationIdentity) {
  const name = ASSIGNED_KEYS.find((key) => termination[key] !== undefined);
  if (name === undefined) throw new Error("An L2VPN termination without an object");
  const type: EntityType<never> = ASSIGNED[name];
  return { name, type, identity: termination[name] as object };
}

/** { assigned_object_vm_interface: { virtual_machine: …, name: "net0" } } */
function assignedStub(object: NetBoxObject, known: KnownObjects): object {
  const key = ASSIGNED_KEYS.find((each) =>
    contentTypeOf(ASSIGNED[each]) === object["assigned_object_type"]
  );
  if (key === undefined) return {};
  const type: ObjectType<never> = ASSIGNED[key];
  const shown = object["assigned_object"] as NetBoxObject;
  return { [key]: known.stubOf(type, known.get(type, partOf(shown, "id")) ?? shown) };
}

export function isOfNic(termination: NetBoxObject): boolean {
  return termination["assigned_object_type"] === contentTypeOf(NETBOX_VM_INTERFACE);
}
