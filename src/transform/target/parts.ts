/** Finds the parts of a machine in NetBox: NICs, disks, and the interfaces of a node. */
import type { Found } from "../../netbox/objects.ts";
import { NETBOX_INTERFACE } from "../../netbox/types/interface.ts";
import {
  type NetBoxObject,
  type ObjectType,
  partOf,
  textOf,
} from "../../netbox/types/object-type.ts";
import { NETBOX_VIRTUAL_DISK } from "../../netbox/types/virtual-disk.ts";
import { NETBOX_VM_INTERFACE } from "../../netbox/types/vm-interface.ts";
import { alone, nameOf, type NetBoxTarget } from "./target.ts";

export interface NicIdentity {
  readonly name: string;
  readonly mac: string | undefined;
}

/** By its MAC address, if one alone has it; else by its name. In the order of `nics`. */
export function findNics(
  target: NetBoxTarget,
  machine: Found | undefined,
  nics: readonly NicIdentity[],
): (Found | undefined)[] {
  const parts = partsOf(target, NETBOX_VM_INTERFACE, { machine, key: "virtual_machine" });
  return matched(nics, { target, type: NETBOX_VM_INTERFACE }, [
    ({ mac }) => {
      const isOne = mac !== undefined && nics.filter((nic) => nic.mac === mac).length === 1;
      return isOne ? alone(parts.filter((part) => macOf(part) === mac)) : undefined;
    },
    ({ name }) => parts.find((part) => nameOf(part) === name),
  ]);
}

export interface PortIdentity {
  readonly name: string;
  /** Other names of the same interface. */
  readonly altnames: readonly string[];
}

/** By its name, else by one of its other names. */
export function findPorts(
  target: NetBoxTarget,
  device: Found | undefined,
  ports: readonly PortIdentity[],
): (Found | undefined)[] {
  const parts = partsOf(target, NETBOX_INTERFACE, { machine: device, key: "device" });
  return matched(ports, { target, type: NETBOX_INTERFACE }, [
    ({ name }) => parts.find((part) => nameOf(part) === name),
    ({ altnames }) => alone(parts.filter((part) => altnames.includes(nameOf(part)))),
  ]);
}

export interface DiskIdentity {
  readonly name: string;
  readonly pool?: string;
  readonly sizeMb: number;
}

/** By its name; else the only other disk of its pool and size, which people renamed. */
export function findDisks(
  target: NetBoxTarget,
  machine: Found | undefined,
  disks: readonly DiskIdentity[],
): (Found | undefined)[] {
  const parts = partsOf(target, NETBOX_VIRTUAL_DISK, { machine, key: "virtual_machine" });
  const isLike = ({ pool, sizeMb }: DiskIdentity) => (part: NetBoxObject): boolean =>
    pool !== undefined && textOf(partOf(part, "custom_fields", "proxmox_storage_pool")) === pool &&
    Number(part["size"]) === sizeMb;
  return matched(disks, { target, type: NETBOX_VIRTUAL_DISK }, [
    ({ name }) => parts.find((part) => nameOf(part) === name),
    (disk) => {
      const names = disks.map(({ name }) => name);
      return alone(parts.filter((part) => isLike(disk)(part) && !names.includes(nameOf(part))));
    },
  ]);
}

/** Each way in turn, for all things that the ones before did not find; an object is found once. */
function matched<Thing>(
  things: readonly Thing[],
  { target, type }: { readonly target: NetBoxTarget; readonly type: ObjectType<never> },
  ways: readonly ((thing: Thing) => NetBoxObject | undefined)[],
): (Found | undefined)[] {
  const found = things.map((): Found | undefined => undefined);
  for (const way of ways) {
    for (const [i, thing] of things.entries()) {
      if (found[i] !== undefined) continue;
      const object = way(thing);
      if (object === undefined || target.isClaimed(object)) continue;
      found[i] = target.found(type, object);
    }
  }
  return found;
}

function partsOf(
  { objects }: NetBoxTarget,
  type: ObjectType<never>,
  { machine, key }: { readonly machine: Found | undefined; readonly key: string },
): readonly NetBoxObject[] {
  return machine === undefined ? [] : objects.partsOf(type, key, machine.object);
}

function macOf(part: NetBoxObject): string | undefined {
  return textOf(partOf(part, "primary_mac_address", "mac_address"))?.toUpperCase();
}
