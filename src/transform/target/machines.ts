/** Finds the nodes and the guests of a snapshot in NetBox, whatever people or Proxmox VE call them now. */
import { NamePool } from "../../netbox/names.ts";
import type { Found } from "../../netbox/objects.ts";
import { NETBOX_DEVICE_TYPE } from "../../netbox/types/device-type.ts";
import { NETBOX_DEVICE } from "../../netbox/types/device.ts";
import {
  BY_NAME_FOLDED,
  type NetBoxObject,
  partOf,
  textOf,
  valueAt,
} from "../../netbox/types/object-type.ts";
import { NETBOX_VIRTUAL_MACHINE } from "../../netbox/types/virtual-machine.ts";
import {
  devicesWithAddress,
  type GuestIdentity,
  machinesIn,
  type NodeIdentity,
  vmidIn,
} from "./clusters.ts";
import { foundName, requiredByNew } from "./names.ts";
import { alone, nameOf, type NetBoxTarget, type Obstacle, oldest, writerOf } from "./target.ts";

/** `taken`: NetBox has a device of this name at the site that belongs to another host. */
export interface FoundDevice {
  readonly found: Found | undefined;
  readonly taken: NetBoxObject | undefined;
}

/** `marked`: its name if another device of the site has its own name. */
export function findDevice(
  target: NetBoxTarget,
  identity: NodeIdentity,
  { hostTags, marked, isNewCluster }: {
    readonly hostTags: ReadonlySet<string>;
    readonly marked: string;
    /** Then a device at another site is another node, even with the same host tag. */
    readonly isNewCluster: boolean;
  },
): FoundDevice {
  const { objects } = target;
  const { node, site, device, tenant } = identity;
  const siteId = foundName(target, "site", site)?.id;
  const isHere = (each: NetBoxObject): boolean => partOf(each, "site", "id") === siteId;
  const isFree = (each: NetBoxObject): boolean => !target.isClaimed(each);
  const named = (name: string): readonly NetBoxObject[] =>
    objects.having(NETBOX_DEVICE, BY_NAME_FOLDED, name.toLowerCase()).filter(isFree);
  const qualified = objects.having(NETBOX_DEVICE, BY_FIRST_LABEL, node.toLowerCase())
    .filter(isFree);
  const of = (writer: "ours" | "people", devices: readonly NetBoxObject[]): NetBoxObject[] =>
    devices.filter((each) => writerOf(each, hostTags) === writer);
  const here = (devices: readonly NetBoxObject[]): readonly NetBoxObject[] => {
    const atSite = devices.filter(isHere);
    return atSite.length > 0 || isNewCluster ? atSite : devices;
  };
  const chosen = device === undefined ? [] : named(device);
  const object = oldest(chosen.filter(isHere)) ?? oldest(chosen) ??
    oldest(here(of("ours", named(node)))) ??
    oldest(here(of("ours", named(marked)))) ??
    ofTenant(of("people", named(node)).filter(isHere), tenant) ??
    alone(here(of("ours", qualified))) ??
    alone(of("people", qualified).filter(isHere)) ??
    // People renamed it.
    alone(of("ours", devicesWithAddress(target, identity)).filter(isFree));
  return {
    found: object && target.found(NETBOX_DEVICE, object),
    taken: named(node).find(isHere),
  };
}

/** The one of this tenant, else the only one. */
function ofTenant(
  machines: readonly NetBoxObject[],
  tenant: string | undefined,
): NetBoxObject | undefined {
  const own = machines.filter((machine) => textOf(partOf(machine, "tenant", "name")) === tenant);
  return alone(own) ?? alone(machines);
}

/** "pve1.example.net" → "pve1" */
const BY_FIRST_LABEL = {
  name: "first label",
  of: (device: NetBoxObject): string | undefined => {
    const name = nameOf(device).toLowerCase();
    return name.includes(".") ? name.split(".", 1)[0] : undefined;
  },
};

/** The names of all devices that NetBox has at a site. */
export function devicesAtSite(target: NetBoxTarget, site: string): string[] {
  const id = foundName(target, "site", site)?.id;
  return id === undefined
    ? []
    : target.objects.having(NETBOX_DEVICE, BY_SITE, String(id)).map(nameOf);
}

const BY_SITE = { name: "site", of: valueAt("site", "id") };

/** Gives the guests of a cluster their names in NetBox: those that it has keep theirs. */
export class GuestNames {
  readonly #cluster: NetBoxObject | undefined;
  readonly #found = new Map<number, Found>();
  /** Those that were found by their VMIDs. */
  readonly #byVmid = new Set<number>();
  /** As they would be called in an empty NetBox. */
  readonly #plain = new NamePool();
  readonly #pool: NamePool;

  constructor(
    target: NetBoxTarget,
    cluster: NetBoxObject | undefined,
    { guests, hostTags, tenant, isComplete }: {
      readonly guests: readonly GuestIdentity[];
      readonly hostTags: ReadonlySet<string>;
      readonly tenant: string | undefined;
      /** Are these all guests? If not, a machine with another VMID may be one that is not listed. */
      readonly isComplete: boolean;
    },
  ) {
    this.#cluster = cluster;
    const machines = cluster === undefined ? [] : machinesIn(target, cluster);
    this.#pool = new NamePool(machines.map(nameOf));
    const byVmid = Map.groupBy(machines, vmidIn);
    const byName = Map.groupBy(machines, (machine) => nameOf(machine).toLowerCase());
    const take = ({ vmid }: GuestIdentity, object: NetBoxObject | undefined): void => {
      if (object === undefined) return;
      this.#found.set(vmid, target.found(NETBOX_VIRTUAL_MACHINE, object));
    };
    for (const guest of guests) {
      take(guest, ofVmid(guest, byVmid.get(String(guest.vmid)) ?? []));
      if (this.#found.has(guest.vmid)) this.#byVmid.add(guest.vmid);
    }
    const vmids = new Set(guests.map(({ vmid }) => String(vmid)));
    const isFree = (vmid: string | undefined, guest: GuestIdentity): boolean =>
      vmid === undefined || vmid === String(guest.vmid) || (isComplete && !vmids.has(vmid));
    // People put it into another cluster.
    const movedOf = ({ vmid, kind, name }: GuestIdentity): NetBoxObject | undefined =>
      alone(
        target.objects.having(NETBOX_VIRTUAL_MACHINE, BY_VMID, String(vmid)).filter((machine) =>
          !target.isClaimed(machine) && writerOf(machine, hostTags) === "ours" &&
          nameOf(machine) === name && kindIn(machine) === kind
        ),
      );
    for (const guest of guests) if (!this.#found.has(guest.vmid)) take(guest, movedOf(guest));
    for (const guest of guests) {
      if (this.#found.has(guest.vmid)) continue;
      const named = byName.get(guest.name.toLowerCase()) ?? [];
      const free = named.filter((machine) =>
        !target.isClaimed(machine) &&
        isFree(vmidIn(machine), guest)
      );
      take(guest, ofTenant(free, tenant));
    }
  }

  /**
   * `keeps`: the name that it would have in an empty NetBox, if that is another one. `elsewhere`: the cluster
   * that it has in NetBox, if that is not the cluster of the others.
   */
  take(given: string, vmid: number | undefined, max: number): {
    readonly name: string;
    readonly found: Found | undefined;
    readonly keeps: string | undefined;
    readonly elsewhere: string | undefined;
    readonly isByVmid: boolean;
  } {
    const plain = this.#plain.take(given, vmid ?? "", max);
    const found = vmid === undefined ? undefined : this.#found.get(vmid);
    const name = found === undefined
      ? this.#pool.take(given, vmid ?? "", max)
      : nameOf(found.object);
    const isByVmid = vmid !== undefined && this.#byVmid.has(vmid);
    if (found === undefined) {
      return { name, found, keeps: undefined, elsewhere: undefined, isByVmid };
    }
    const isElsewhere = partOf(found.object, "cluster", "id") !== this.#cluster?.id;
    return {
      name,
      found,
      keeps: name === plain ? undefined : plain,
      elsewhere: isElsewhere
        ? textOf(partOf(found.object, "cluster", "name")) ?? "none"
        : undefined,
      isByVmid,
    };
  }
}

export const BY_VMID = { name: "VMID", of: vmidIn };

function kindIn(machine: NetBoxObject): string | null {
  return textOf(partOf(machine, "custom_fields", "proxmox_vm_type"));
}

/** A VM and a container may have had the same VMID, one after the other. */
function ofVmid(
  { kind, name }: GuestIdentity,
  machines: readonly NetBoxObject[],
): NetBoxObject | undefined {
  const sameKind = machines.filter((machine) => [null, kind].includes(kindIn(machine)));
  const sameName = sameKind.filter((machine) => nameOf(machine) === name);
  return oldest(sameName.length > 0 ? sameName : sameKind);
}

/** Where NetBox puts a machine; undefined: nowhere. */
export const siteOf: (machine: NetBoxObject) => string | undefined = valueAt("site", "name");

/** NetBox refuses a platform that is limited to another manufacturer than that of the device. */
export function platformObstacle(
  target: NetBoxTarget,
  name: string,
  { device, manufacturer }: {
    readonly device: Found | undefined;
    /** Of a new device. */
    readonly manufacturer: string;
  },
): Obstacle | undefined {
  const required = requiredByNew(target, { platform: name });
  if (required.length > 0) return { reason: "required-field", detail: required.join(", ") };
  const platform = foundName(target, "platform", name);
  const limit = partOf(platform, "manufacturer", "id");
  if (platform === undefined || limit === undefined) return undefined;
  const type = target.objects.get(NETBOX_DEVICE_TYPE, partOf(device?.object, "device_type", "id"));
  const maker = device === undefined
    ? foundName(target, "manufacturer", manufacturer)?.id
    : partOf(type, "manufacturer", "id");
  if (maker === limit) return undefined;
  const owner = partOf(platform, "manufacturer", "name");
  return {
    reason: "other-kind",
    detail: `${nameOf(platform)} is for devices of ${String(owner)} only`,
  };
}
