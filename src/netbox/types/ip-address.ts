/** ipam.IPAddress: an address of a node or guest interface. */
import { hostOf, isSameHost } from "../../base/ip-address.ts";
import { DEVICE_PARTS } from "./device.ts";
import { type FieldResult, idOf, type Lookup, unjudgedField, withId } from "./field-result.ts";
import { addressField, choiceField, COMMON, type Field, identity, textField } from "./fields.ts";
import { INTERFACE_TYPE, NETBOX_INTERFACE } from "./interface.ts";
import {
  contentTypeOf,
  type NetBoxObject,
  type ObjectType,
  partOf,
  type QueryFilter,
  type Reference,
  stubAt,
  textOf,
} from "./object-type.ts";
import { type EntityType, type Machine } from "./entity-type.ts";
import { type ObjectOf, optional, type Shape, stub, TEXT, type ValueOf } from "./shape.ts";
import { VIRTUAL_MACHINE_PARTS } from "./virtual-machine.ts";
import { NETBOX_VM_INTERFACE } from "./vm-interface.ts";
import { hasVrf, inVrf, NETBOX_VRF, VRF_STUB, vrfKey } from "./vrf.ts";

const ADDRESS_STUB = stub({ address: TEXT, vrf: optional(VRF_STUB) }, "ip-address");
/** Only the stub of a machine that an address sends has them: NetBox makes the address its primary one. */
const PRIMARY_ADDRESSES = {
  primary_ip4: optional(ADDRESS_STUB),
  primary_ip6: optional(ADDRESS_STUB),
};
export type PrimaryAddresses = ObjectOf<typeof PRIMARY_ADDRESSES>;

const DEVICE = stub({ ...DEVICE_PARTS, ...PRIMARY_ADDRESSES }, "device");
const PORT = stub({ device: DEVICE, name: TEXT, type: optional(INTERFACE_TYPE) }, "interface");
const MACHINE = stub({ ...VIRTUAL_MACHINE_PARTS, ...PRIMARY_ADDRESSES }, "virtual-machine");
const NIC = stub({ virtual_machine: MACHINE, name: TEXT }, "vm-interface");

const FIELDS = {
  address: addressField(),
  vrf: optional(identity(VRF_STUB)),
  assigned_object_interface: optional(assigned(PORT, NETBOX_INTERFACE, "device")),
  assigned_object_vm_interface: optional(
    assigned(NIC, NETBOX_VM_INTERFACE, "virtual_machine"),
  ),
  // Of a guest that is gone, or that has returned.
  status: optional(choiceField("active", "deprecated")),
  dns_name: optional(textField()),
  ...COMMON,
};
export type IPAddress = ObjectOf<typeof FIELDS>;
export type IPAddressRef = Pick<
  IPAddress,
  "address" | "vrf" | "assigned_object_interface" | "assigned_object_vm_interface"
>;

type AddressIdentity = Pick<IPAddress, "address" | "vrf">;

export const BY_HOST: QueryFilter<AddressIdentity> = {
  name: "address",
  // An older NetBox compares hosts as texts, so the host is asked for as it is written.
  value: ({ address }) => hostOf(address),
  of: ({ address }) => hostOf(String(address)),
};

export const NETBOX_IP_ADDRESS = {
  model: "IPAddress",
  path: "ipam/ip-addresses",
  plural: "IP addresses",
  fields: FIELDS,
  // The plugin ignores the mask and the assignment.
  key: ({ address, vrf }) => vrf === undefined ? hostOf(address) : [hostOf(address), vrfKey(vrf)],
  label: ({ address, vrf }) => inVrf(address, vrf),
  machine: machineOf,
  reads: ["address", "vrf", "role", "status"],
  filters: [BY_HOST],
  // In a VRF it is another address.
  is: (sent, object) => isSameHost(String(object["address"]), sent.address) && hasVrf(sent, object),
  stubOf: (object, known) => ({
    address: object["address"],
    ...stubAt("vrf", { object, type: NETBOX_VRF, known }),
  }),
} satisfies EntityType<AddressIdentity>;

/** "virtualization.vminterface:12"; null: it is not assigned. */
export function assignmentOf(address: NetBoxObject): string | null {
  const type = textOf(address["assigned_object_type"]);
  const id = partOf(address, "assigned_object", "id");
  return type === null || id === undefined ? null : `${type}:${id}`;
}

export const BY_ASSIGNMENT = {
  name: "assignment",
  of: (address: NetBoxObject): string | undefined => assignmentOf(address) ?? undefined,
};

/** The users' own. An address of a group is virtual: no interface gets it. */
export const NETBOX_FHRP_GROUP: ObjectType<object> = {
  model: "FHRPGroup",
  path: "ipam/fhrp-groups",
  plural: "FHRP groups",
  reads: ["group_id", "protocol", "name"],
  filters: [],
  is: () => false,
};

function machineOf(
  { assigned_object_vm_interface: nic, assigned_object_interface: port }: IPAddressRef,
): Machine | undefined {
  if (nic !== undefined) return { step: "virtual-machine", ref: nic.virtual_machine };
  return port && { step: "device", ref: port.device };
}

type Owner = ValueOf<typeof MACHINE> | ValueOf<typeof DEVICE>;

/**
 * assigned_object_type: "virtualization.vminterface", assigned_object:
 * { id: 2, name: "net1", virtual_machine: { id: 1, … } }; or "dcim.interface" with device
 */
function assigned<Value extends { readonly name: string }>(
  shape: Shape<Value>,
  type: ObjectType<never> & { owner(part: NoInfer<Value>): Reference },
  ownerKey: "virtual_machine" | "device",
): Field<Value> {
  return {
    ...shape,
    reads: ["assigned_object_type", "assigned_object"],
    needs: (value) => [type.owner(value)],
    compare({ field, value, object, resolve }) {
      const reference = type.owner(value);
      const owner = reference.identity as Owner;
      const found = resolve(reference);
      if (found.state === "unclear") return [unjudgedField(found, field)];
      const shown = object["assigned_object"];
      const isSame = object["assigned_object_type"] === contentTypeOf(type) &&
        partOf(shown, "name") === value.name && found.state === "found" &&
        partOf(shown, ownerKey, "id") === found.object.id;
      const sent = withId(`${owner.name}/${value.name}`, idOf(found));
      return [
        ...(isSame ? [] : [{ field, netbox: assignedText(shown), sent }]),
        ...primaryOutcomes(owner, { found, field: `${field}.${ownerKey}` }),
      ];
    },
  };
}

/** A missing machine and a different mask are differences of other fields. */
function primaryOutcomes(
  owner: Owner,
  { found, field }: { readonly found: Lookup; readonly field: string },
): readonly FieldResult[] {
  if (found.state !== "found") return [];
  return (["primary_ip4", "primary_ip6"] as const).flatMap((key) => {
    const sent = owner[key]?.address;
    const netbox = textOf(partOf(found.object, key, "address"));
    if (sent === undefined || (netbox !== null && isSameHost(netbox, sent))) return [];
    return [{ field: `${field}.${key}`, netbox, sent }];
  });
}

/** "web-01/net0 (id 7)", with the id of the machine or device. */
function assignedText(shown: unknown): string | null {
  const owner = partOf(shown, "virtual_machine") ?? partOf(shown, "device");
  if (owner === undefined) return textOf(partOf(shown, "display"));
  // A device in NetBox may have no name.
  const name = textOf(partOf(owner, "name")) ?? textOf(partOf(owner, "display"));
  return withId(`${name}/${textOf(partOf(shown, "name"))}`, partOf(owner, "id"));
}
