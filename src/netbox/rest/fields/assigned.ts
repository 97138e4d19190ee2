/** Words for what an IP address is assigned to, and whose primary address it thereby is. */
import { isSameHost } from "../../../base/ip-address.ts";
import type {
  DeviceRef,
  InterfaceRef,
  VirtualMachineRef,
  VMInterfaceRef,
} from "../../types/schema.ts";
import { type Found, unjudged } from "../findings.ts";
import type { Reference } from "../kinds.ts";
import { partOf, textOf } from "../part.ts";
import type { FieldRow, Outcome } from "./field.ts";
import { idOf, withId } from "./link.ts";

/** assigned_object_type and assigned_object: { id: 2, name: "net1", virtual_machine: { id: 1, … } } */
export function assignedVmInterface(): FieldRow<VMInterfaceRef> {
  return assigned({
    type: "virtualization.vminterface",
    ownerKey: "virtual_machine",
    ownerOf: ({ virtual_machine }) => virtual_machine,
    referenceTo: (identity) => ({ kind: "virtual-machine", identity }),
  });
}

/** The same with device: { id: 1, name: "pve1", … } */
export function assignedInterface(): FieldRow<InterfaceRef> {
  return assigned({
    type: "dcim.interface",
    ownerKey: "device",
    ownerOf: ({ device }) => device,
    referenceTo: (identity) => ({ kind: "device", identity }),
  });
}

interface Assignment<Value, Owner> {
  /** As NetBox calls it. */
  readonly type: string;
  readonly ownerKey: string;
  readonly ownerOf: (value: Value) => Owner;
  readonly referenceTo: (owner: Owner) => Reference;
}

const PRIMARY_KEYS = ["primary_ip4", "primary_ip6"] as const;

function assigned<
  Value extends { readonly name: string },
  Owner extends VirtualMachineRef | DeviceRef,
>({ type, ownerKey, ownerOf, referenceTo }: Assignment<Value, Owner>): FieldRow<Value> {
  const needs = (value: Value): Reference => referenceTo(ownerOf(value));
  return {
    reads: ["assigned_object_type", "assigned_object"],
    how: "an interface, by its name and the id of what it belongs to; that is looked up for its " +
      "primary addresses",
    needs: (value) => [needs(value)],
    judge({ field, value, object, resolve }) {
      const owner = ownerOf(value);
      const found = resolve(needs(value));
      if (found.state === "unclear") return [unjudged(found, field)];
      const held = object["assigned_object"];
      const isSame = object["assigned_object_type"] === type &&
        partOf(held, "name") === value.name && found.state === "found" &&
        partOf(held, ownerKey, "id") === found.object.id;
      const sent = withId(`${owner.name}/${value.name}`, idOf(found));
      return [
        ...(isSame ? [] : [{ field, netbox: assignedText(held), sent }]),
        ...primaryOutcomes(owner, { found, field: `${field}.${ownerKey}` }),
      ];
    },
  };
}

/** What is missing altogether has been told of; so has the mask of the address. */
function primaryOutcomes(
  owner: VirtualMachineRef | DeviceRef,
  { found, field }: { readonly found: Found; readonly field: string },
): readonly Outcome[] {
  if (found.state !== "found") return [];
  return PRIMARY_KEYS.flatMap((key) => {
    const sent = owner[key]?.address;
    const netbox = textOf(partOf(found.object, key, "address"));
    if (sent === undefined || (netbox !== null && isSameHost(netbox, sent))) return [];
    return [{ field: `${field}.${key}`, netbox, sent }];
  });
}

/** The id is that of the machine or the device. */
function assignedText(held: unknown): string | null {
  const owner = partOf(held, "virtual_machine") ?? partOf(held, "device");
  const name = textOf(partOf(held, "name"));
  if (owner === undefined) return textOf(partOf(held, "display"));
  return withId(`${textOf(partOf(owner, "name"))}/${name}`, partOf(owner, "id"));
}
