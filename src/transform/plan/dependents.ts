/** What of a NetBox depends on an object, as far as a survey shows it, and which values in it are people's. */
import { NETBOX_DEVICE } from "../../netbox/types/device.ts";
import { NETBOX_INTERFACE } from "../../netbox/types/interface.ts";
import { BY_ASSIGNMENT, NETBOX_IP_ADDRESS } from "../../netbox/types/ip-address.ts";
import {
  byOwner,
  contentTypeOf,
  type NetBoxObject,
  type ObjectType,
  partOf,
  textOf,
  valueAt,
} from "../../netbox/types/object-type.ts";
import { NETBOX_VM_INTERFACE } from "../../netbox/types/vm-interface.ts";
import type { SurveyedName } from "../../netbox/types/surveyed.ts";
import type { TypedObject } from "./collect.ts";
import { type OwnObjects, typeCalled } from "./objects.ts";

export interface RemovalFacts {
  /** Does this run have the object, or does its plan release it? */
  readonly isMoving: (object: NetBoxObject) => boolean;
  /** Device type and role that a run gives to the devices that it makes. */
  readonly nodes: readonly { readonly deviceType: string; readonly role: string }[];
}

const BY_OUT_OF_BAND = { name: "out-of-band", of: valueAt("oob_ip", "id") };
const BY_PARENT = { name: "parent", of: valueAt("parent", "id") };

/** What NetBox deletes with it, or refuses to delete it for. */
export function dependents(
  { type, object }: TypedObject,
  { target: { objects } }: OwnObjects,
): TypedObject[] {
  const id = String(object.id);
  const of = (name: SurveyedName, key: string): TypedObject[] =>
    objects.having(typeCalled(name), byOwner(key), id).map((each) => ({
      type: name,
      object: each,
    }));
  const addressesOf = (kind: ObjectType<never>): TypedObject[] =>
    objects.having(NETBOX_IP_ADDRESS, BY_ASSIGNMENT, `${contentTypeOf(kind)}:${id}`)
      .map((each) => ({ type: "ip-address", object: each }));
  if (type === "virtual-machine") {
    return [...of("virtual-disk", "virtual_machine"), ...of("vm-interface", "virtual_machine")];
  }
  if (type === "device") return of("interface", "device");
  if (type === "vm-interface") return addressesOf(NETBOX_VM_INTERFACE);
  if (type === "ip-address") {
    return objects.having(NETBOX_DEVICE, BY_OUT_OF_BAND, id)
      .map((each) => ({ type: "device", object: each }));
  }
  if (type !== "interface") return [];
  const children = objects.having(NETBOX_INTERFACE, BY_PARENT, id)
    .map((each): TypedObject => ({ type: "interface", object: each }));
  return [...addressesOf(NETBOX_INTERFACE), ...children];
}

/** Statuses that an address of ours has. */
const OWN_STATUSES: readonly unknown[] = [undefined, "active", "deprecated"];

/** Values that people gave it, in a sentence. */
export function peoplesValues(
  { type, object }: TypedObject,
  { nodes }: RemovalFacts,
): string | undefined {
  if (type === "ip-address") {
    const role = textOf(partOf(object, "role", "value"));
    const status = partOf(object, "status", "value");
    if (role !== null) return `people gave it the role "${role}"`;
    return OWN_STATUSES.includes(status)
      ? undefined
      : `people gave it the status "${String(status)}"`;
  }
  if (type !== "device") return undefined;
  const model = textOf(partOf(object, "device_type", "model"));
  const role = textOf(partOf(object, "role", "name"));
  const isOwn = nodes.some((node) => node.deviceType === model && node.role === role);
  return isOwn
    ? undefined
    : `people modelled it: its device type is "${model}", its role "${role}"`;
}
