/**
 * Finds the cluster of a snapshot, its nodes and its guests in NetBox, whatever people, Proxmox VE or
 * other settings call them now.
 */
import type { Found } from "../../netbox/objects.ts";
import { canonicalHost } from "../../base/ip-address.ts";
import { cutName, MAX_LONG_NAME, NamePool } from "../../netbox/names.ts";
import { CLUSTER_TYPE_NAME } from "../../netbox/types/cluster-type.ts";
import { type ClusterIdentity, NETBOX_CLUSTER } from "../../netbox/types/cluster.ts";
import { NETBOX_DEVICE } from "../../netbox/types/device.ts";
import { BY_HOST, NETBOX_IP_ADDRESS } from "../../netbox/types/ip-address.ts";
import {
  BY_NAME,
  BY_NAME_FOLDED,
  byOwner,
  lacks,
  type NetBoxObject,
  partOf,
  textOf,
  valueAt,
} from "../../netbox/types/object-type.ts";
import { hasScope } from "../../netbox/types/scope.ts";
import { NETBOX_VIRTUAL_MACHINE } from "../../netbox/types/virtual-machine.ts";
import { foundName } from "./names.ts";
import { alone, hostTagsOf, nameOf, type NetBoxTarget, oldest, writerOf } from "./target.ts";

const BY_CLUSTER = byOwner("cluster");

export interface NodeIdentity {
  readonly node: string;
  /** By the settings. */
  readonly site: string;
  /** In the listing of the cluster; undefined: not read. */
  readonly address: string | undefined;
  /** By NODE_DEVICE_MAP. */
  readonly device: string | undefined;
}

/**
 * The host tags of this cluster: that of the settings, and those of other runs that read the same nodes
 * under another PROXMOX_HOST. A device is the same node if it has the node's name and its address; without an
 * address, a cluster is the same if it has most of the guests.
 */
export function hostTagsOfCluster(
  target: NetBoxTarget,
  hostTag: string,
  { nodes, guests }: {
    readonly nodes: readonly NodeIdentity[];
    readonly guests: readonly GuestIdentity[];
  },
): ReadonlySet<string> {
  const tags = new Set([hostTag]);
  if (nodes.every(({ address }) => address === undefined)) {
    for (const cluster of clustersWith(target, guests)) {
      for (const tag of hostTagsOf(cluster)) tags.add(tag);
    }
  }
  for (const { node, address } of nodes) {
    const host = address === undefined ? undefined : canonicalHost(address);
    if (host === undefined) continue;
    for (const assigned of target.objects.having(NETBOX_IP_ADDRESS, BY_HOST, host)) {
      const id = partOf(assigned["assigned_object"], "device", "id");
      const device = target.objects.get(NETBOX_DEVICE, id);
      if (device === undefined || !isNamed(device, node)) continue;
      for (const tag of hostTagsOf(device)) tags.add(tag);
    }
  }
  return tags;
}

/** With at least half of the guests: the same VMID, name and node. */
function clustersWith(target: NetBoxTarget, guests: readonly GuestIdentity[]): NetBoxObject[] {
  const keyOf = (...parts: readonly (string | undefined)[]): string =>
    JSON.stringify(parts.map((part) => part?.toLowerCase()));
  const own = new Set(guests.map(({ vmid, name, node }) => keyOf(String(vmid), name, node)));
  return target.objects.all(NETBOX_CLUSTER).filter(({ id }) => {
    const machines = target.objects.having(NETBOX_VIRTUAL_MACHINE, BY_CLUSTER, String(id));
    const same = machines.filter((machine) => {
      const node = textOf(partOf(machine, "custom_fields", "proxmox_node")) ?? undefined;
      return own.has(keyOf(vmidOf(machine), nameOf(machine), node));
    });
    return same.length > 0 && same.length * 2 >= guests.length;
  });
}

/** "pve1" also names "pve1.example.net". */
function isNamed(device: NetBoxObject, node: string): boolean {
  const name = nameOf(device).toLowerCase();
  return name === node.toLowerCase() || name.startsWith(`${node.toLowerCase()}.`);
}

/** `name`: of a new cluster; another one than wanted if Diode would take a cluster of people for it. */
export type FoundCluster =
  | { readonly found: Found }
  | { readonly found: undefined; readonly name: string };

export function findCluster(
  target: NetBoxTarget,
  wanted: ClusterIdentity,
  { hostTags, vmids, host }: {
    readonly hostTags: ReadonlySet<string>;
    /** Of all guests: of several clusters, the one that has most of them is taken. */
    readonly vmids: ReadonlySet<number | undefined>;
    /** Tells it from another cluster of Proxmox VE. */
    readonly host: string;
  },
): FoundCluster {
  const { objects } = target;
  const type = foundName(target, "cluster-type", CLUSTER_TYPE_NAME);
  const isOurType = (cluster: NetBoxObject): boolean =>
    type !== undefined && partOf(cluster, "type", "id") === type.id;
  const proxmox = objects.all(NETBOX_CLUSTER).filter((each) =>
    isOurType(each) && !target.isClaimed(each)
  );
  const ours = proxmox.filter((each) => writerOf(each, hostTags) === "ours");
  const { name } = wanted;
  const choices = [
    ours.filter((each) => nameOf(each) === name),
    proxmox.filter((each) => nameOf(each) === name && writerOf(each, hostTags) === "people"),
    ours,
  ];
  const object = mostGuests(target, choices.find((each) => each.length > 0) ?? [], vmids);
  if (object !== undefined) return { found: target.found(NETBOX_CLUSTER, object) };
  const taken = objects.having(NETBOX_CLUSTER, BY_NAME, name).find((each) =>
    hasScope(wanted, each) && lacks(each, "group")
  );
  if (taken === undefined) return { found: undefined, name };
  const mark = isOurType(taken) ? host : CLUSTER_TYPE_NAME;
  return { found: undefined, name: cutName(`${name} (${mark})`, MAX_LONG_NAME) };
}

function mostGuests(
  { objects }: NetBoxTarget,
  clusters: readonly NetBoxObject[],
  vmids: ReadonlySet<number | undefined>,
): NetBoxObject | undefined {
  const guestsIn = ({ id }: NetBoxObject): number =>
    objects.having(NETBOX_VIRTUAL_MACHINE, BY_CLUSTER, String(id))
      .filter((machine) => vmids.has(Number(vmidOf(machine)))).length;
  const counts = new Map(clusters.map((each) => [each, guestsIn(each)]));
  const most = Math.max(...counts.values());
  return oldest(clusters.filter((each) => counts.get(each) === most));
}

function vmidOf(machine: NetBoxObject): string | undefined {
  return textOf(partOf(machine, "custom_fields", "proxmox_vmid")) ?? undefined;
}

/** `taken`: NetBox has a device of this name at the site that belongs to another host. */
export interface FoundDevice {
  readonly found: Found | undefined;
  readonly taken: NetBoxObject | undefined;
}

/** `marked`: its name if another device of the site has its own name. */
export function findDevice(
  target: NetBoxTarget,
  { node, site, device }: NodeIdentity,
  { hostTags, marked }: { readonly hostTags: ReadonlySet<string>; readonly marked: string },
): FoundDevice {
  const { objects } = target;
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
    return atSite.length > 0 ? atSite : devices;
  };
  const object = (device === undefined ? undefined : oldest(here(named(device)))) ??
    oldest(here(of("ours", named(node)))) ??
    oldest(here(of("ours", named(marked)))) ??
    alone(of("people", named(node)).filter(isHere)) ??
    alone(here(of("ours", qualified))) ??
    alone(of("people", qualified).filter(isHere));
  return {
    found: object && target.found(NETBOX_DEVICE, object),
    taken: named(node).find(isHere),
  };
}

/** "pve1.example.net" → "pve1" */
const BY_FIRST_LABEL = {
  name: "first label",
  of: (device: NetBoxObject): string | undefined => {
    const name = nameOf(device).toLowerCase();
    return name.includes(".") ? name.split(".", 1)[0] : undefined;
  },
};

export interface GuestIdentity {
  readonly vmid: number;
  readonly kind: string;
  readonly node: string | undefined;
  /** As Proxmox VE calls it. */
  readonly name: string;
}

/** Gives the guests of a cluster their names in NetBox: those that it has keep theirs. */
export class GuestNames {
  readonly #found = new Map<number, Found>();
  /** As they would be called in an empty NetBox. */
  readonly #plain = new NamePool();
  readonly #pool = new NamePool();

  constructor(
    target: NetBoxTarget,
    cluster: NetBoxObject | undefined,
    guests: readonly GuestIdentity[],
  ) {
    if (cluster === undefined) return;
    const machines = target.objects.having(NETBOX_VIRTUAL_MACHINE, BY_CLUSTER, String(cluster.id));
    const byVmid = Map.groupBy(machines, vmidOf);
    const byName = Map.groupBy(machines, (machine) => nameOf(machine).toLowerCase());
    const take = ({ vmid }: GuestIdentity, object: NetBoxObject | undefined): void => {
      if (object === undefined) return;
      this.#found.set(vmid, target.found(NETBOX_VIRTUAL_MACHINE, object));
    };
    for (const guest of guests) take(guest, ofVmid(guest, byVmid.get(String(guest.vmid)) ?? []));
    const vmids = new Set(guests.map(({ vmid }) => String(vmid)));
    for (const guest of guests) {
      if (this.#found.has(guest.vmid)) continue;
      const named = byName.get(guest.name.toLowerCase()) ?? [];
      const free = named.filter((machine) =>
        !target.isClaimed(machine) && !vmids.has(vmidOf(machine) ?? "")
      );
      take(guest, oldest(free));
    }
    for (const machine of machines) this.#pool.reserve(nameOf(machine));
  }

  /** `keeps`: the name that it would have in an empty NetBox, if that is another one. */
  take(given: string, vmid: number | undefined, max: number): {
    readonly name: string;
    readonly found: Found | undefined;
    readonly keeps: string | undefined;
  } {
    const plain = this.#plain.take(given, vmid ?? "", max);
    const found = vmid === undefined ? undefined : this.#found.get(vmid);
    const name = found === undefined
      ? this.#pool.take(given, vmid ?? "", max)
      : nameOf(found.object);
    return { name, found, keeps: found !== undefined && name !== plain ? plain : undefined };
  }
}

/** A VM and a container may have had the same VMID, one after the other. */
function ofVmid(
  { kind, name }: GuestIdentity,
  machines: readonly NetBoxObject[],
): NetBoxObject | undefined {
  const sameKind = machines.filter((machine) =>
    [null, kind].includes(textOf(partOf(machine, "custom_fields", "proxmox_vm_type")))
  );
  const sameName = sameKind.filter((machine) => nameOf(machine) === name);
  return oldest(sameName.length > 0 ? sameName : sameKind);
}

/** Where NetBox puts a machine; undefined: nowhere. */
export const siteOf: (machine: NetBoxObject) => string | undefined = valueAt("site", "name");
