/** Finds the cluster of a snapshot in NetBox, whatever people, Proxmox VE or other settings call it now. */
import { canonicalHost } from "../../base/ip-address.ts";
import { cutName, MAX_LONG_NAME } from "../../netbox/names.ts";
import type { Found, NetBoxObjects } from "../../netbox/objects.ts";
import { CLUSTER_TYPE_NAME } from "../../netbox/types/cluster-type.ts";
import { type ClusterIdentity, clusterPlace, NETBOX_CLUSTER } from "../../netbox/types/cluster.ts";
import { NETBOX_DEVICE } from "../../netbox/types/device.ts";
import { BY_HOST, NETBOX_IP_ADDRESS } from "../../netbox/types/ip-address.ts";
import {
  BY_NAME,
  BY_NAME_FOLDED,
  lacks,
  type NetBoxObject,
  partOf,
  textOf,
  valueAt,
} from "../../netbox/types/object-type.ts";
import { hasScope, siteOfScope } from "../../netbox/types/scope.ts";
import { NETBOX_VIRTUAL_MACHINE } from "../../netbox/types/virtual-machine.ts";
import { foundName } from "./names.ts";
import { hostTagsOf, nameOf, type NetBoxTarget, oldest, writerOf } from "./target.ts";

export interface GuestIdentity {
  readonly vmid: number;
  readonly kind: string;
  /** As Proxmox VE calls it. */
  readonly name: string;
}

export interface NodeIdentity {
  readonly node: string;
  /** By the settings. */
  readonly site: string;
  /** In the listing of the cluster; undefined: not read. */
  readonly address: string | undefined;
  /** By NODE_DEVICE_MAP. */
  readonly device: string | undefined;
  /** TENANT_NAME: of several devices that people made, this tenant's is taken. */
  readonly tenant: string | undefined;
}

/**
 * The host tags of this cluster: that of the settings, and those of other runs that read the same nodes
 * under another PROXMOX_HOST. A device is the same node if it has its name and its address, at its site or with
 * guests in common: many nodes are called "pve" and have the same private address.
 */
export function hostTagsOfCluster(
  target: NetBoxTarget,
  hostTag: string,
  { nodes, guests }: {
    readonly nodes: readonly NodeIdentity[];
    readonly guests: readonly GuestIdentity[];
  },
): ReadonlySet<string> {
  const own = foundName(target, "tag", hostTag);
  const tags = new Set(own === undefined ? [hostTag] : [hostTag, nameOf(own)]);
  const isOurs = isOneOf(guests);
  for (const node of nodes) {
    for (const device of devicesAt(target, node)) {
      const isAtSite = partOf(device, "site", "id") === foundName(target, "site", node.site)?.id;
      for (const tag of hostTagsOf(device)) {
        const machines = clustersTagged(target, tag).flatMap((each) => machinesIn(target, each));
        const isShared = machines.some(isOurs);
        const isOther = machines.length > 0 && guests.length > 0 && !isShared;
        if (isShared || (isAtSite && !isOther)) tags.add(tag);
      }
    }
  }
  const clusters = target.objects.all(NETBOX_CLUSTER);
  if (clusters.some((cluster) => writerOf(cluster, tags) === "ours")) return tags;
  // NetBox may have no address of the nodes: then most of the guests decide.
  for (const cluster of clusters) {
    const same = machinesIn(target, cluster).filter(isOurs);
    if (same.length === 0 || same.length * 2 < guests.length) continue;
    for (const tag of hostTagsOf(cluster)) {
      if (!nodes.some((node) => hasOtherAddress(target, node, tag))) tags.add(tag);
    }
  }
  return tags;
}

/** Devices with the name and the address of a node. */
function devicesAt(target: NetBoxTarget, node: NodeIdentity): NetBoxObject[] {
  return devicesWithAddress(target, node).filter((device) => isNamed(device, node.node));
}

export function devicesWithAddress(
  { objects }: NetBoxTarget,
  { address }: NodeIdentity,
): NetBoxObject[] {
  const host = address === undefined ? undefined : canonicalHost(address);
  const assigned = host === undefined ? [] : objects.having(NETBOX_IP_ADDRESS, BY_HOST, host);
  return assigned.flatMap((each) => {
    const device = objects.get(NETBOX_DEVICE, partOf(each["assigned_object"], "device", "id"));
    return device === undefined ? [] : [device];
  });
}

/** Does the device of this name and tag have addresses, and none of them is the node's? */
function hasOtherAddress(
  { objects }: NetBoxTarget,
  { node, address }: NodeIdentity,
  tag: string,
): boolean {
  const host = address === undefined ? undefined : canonicalHost(address);
  const devices = objects.having(NETBOX_DEVICE, BY_NAME_FOLDED, node.toLowerCase())
    .filter((device) => hostTagsOf(device).includes(tag));
  const hosts = devices.flatMap(({ id }) =>
    objects.having(NETBOX_IP_ADDRESS, BY_DEVICE, String(id)).map(BY_HOST.of)
  );
  return host !== undefined && hosts.length > 0 && !hosts.includes(host);
}

const BY_DEVICE = { name: "device", of: valueAt("assigned_object", "device", "id") };

function clustersTagged({ objects }: NetBoxTarget, tag: string): NetBoxObject[] {
  return objects.all(NETBOX_CLUSTER).filter((cluster) => hostTagsOf(cluster).includes(tag));
}

/** The same VMID and name; the name alone if NetBox has no VMID, because its custom field has another type. */
function isOneOf(guests: readonly GuestIdentity[]): (machine: NetBoxObject) => boolean {
  const keys = new Set(guests.flatMap(({ vmid, name }) => {
    const folded = name.toLowerCase();
    return [folded, `${vmid} ${folded}`];
  }));
  return (machine) => {
    const name = nameOf(machine).toLowerCase();
    const vmid = vmidIn(machine);
    return keys.has(vmid === undefined ? name : `${vmid} ${name}`);
  };
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
  { hostTags, vmids, guests, host }: {
    readonly hostTags: ReadonlySet<string>;
    readonly guests: readonly GuestIdentity[];
    /** Of all guests: of several clusters, the one that has most of them is taken. */
    readonly vmids: ReadonlySet<number | undefined>;
    /** Tells it from another cluster of Proxmox VE. */
    readonly host: string;
  },
): FoundCluster {
  const { objects } = target;
  const type = foundName(target, "cluster-type", CLUSTER_TYPE_NAME);
  const isOurs = isOneOf(guests);
  const isOurType = (cluster: NetBoxObject): boolean =>
    type !== undefined && partOf(cluster, "type", "id") === type.id;
  const free = objects.all(NETBOX_CLUSTER).filter((each) =>
    !target.isClaimed(each) && isFirst(each, objects)
  );
  // People may have given ours another type.
  const ours = free.filter((each) => writerOf(each, hostTags) === "ours");
  const { name } = wanted;
  const people = free.filter((each) =>
    isOurType(each) && writerOf(each, hostTags) === "people" &&
    isPossible(each, wanted, { target, vmids })
  );
  const choices = [
    ...named(ours, name),
    ...named(people.filter((each) => siteOfScope(each, objects) === wanted.scope_site?.name), name),
    ...named(people, name),
    // Clusters of two customers may be read through the same private address.
    ours.filter((each) => {
      const machines = machinesIn(target, each);
      const isComparable = machines.length > 0 && guests.length > 0;
      return !isComparable || machines.some(isOurs);
    }),
  ];
  const object = mostGuests(target, choices.find((each) => each.length > 0) ?? [], vmids);
  if (object !== undefined) return { found: target.found(NETBOX_CLUSTER, object) };
  const { scope_site: site } = wanted;
  // Diode would take it for ours, or NetBox would refuse a second one of its site.
  const taken = objects.having(NETBOX_CLUSTER, BY_NAME, name).find((each) =>
    site === undefined
      ? hasScope({}, each) && lacks(each, "group")
      : hasScope(wanted, each) || siteOfScope(each, objects) === site.name
  );
  if (taken === undefined) return { found: undefined, name };
  const mark = isOurType(taken) ? host : CLUSTER_TYPE_NAME;
  return { found: undefined, name: cutName(`${name} (${mark})`, MAX_LONG_NAME) };
}

/** Of several clusters that Diode does not tell apart, it takes the oldest. */
function isFirst(cluster: NetBoxObject, objects: NetBoxObjects): boolean {
  const same = objects.having(NETBOX_CLUSTER, BY_NAME, nameOf(cluster))
    .filter((each) => clusterPlace(each) === clusterPlace(cluster));
  return oldest(same) === cluster;
}

/** By the exact name, then in any case. */
function named(objects: readonly NetBoxObject[], name: string): NetBoxObject[][] {
  return [
    objects.filter((each) => nameOf(each) === name),
    objects.filter((each) => nameOf(each).toLowerCase() === name.toLowerCase()),
  ];
}

/** A cluster that people made at another site is another one, unless it has guests of this one. */
function isPossible(
  cluster: NetBoxObject,
  { scope_site: wanted }: ClusterIdentity,
  { target, vmids }: { readonly target: NetBoxTarget; readonly vmids: ReadonlySet<unknown> },
): boolean {
  const site = siteOfScope(cluster, target.objects);
  if (site === undefined || wanted === undefined || site === wanted.name) return true;
  return machinesIn(target, cluster).some((machine) => vmids.has(Number(vmidIn(machine))));
}

export function machinesIn(
  { objects }: NetBoxTarget,
  cluster: NetBoxObject,
): readonly NetBoxObject[] {
  return objects.partsOf(NETBOX_VIRTUAL_MACHINE, "cluster", cluster);
}

function mostGuests(
  target: NetBoxTarget,
  clusters: readonly NetBoxObject[],
  vmids: ReadonlySet<number | undefined>,
): NetBoxObject | undefined {
  const guestsIn = (cluster: NetBoxObject): number =>
    machinesIn(target, cluster).filter((machine) => vmids.has(Number(vmidIn(machine)))).length;
  const counts = new Map(clusters.map((each) => [each, guestsIn(each)]));
  const most = Math.max(...counts.values());
  return oldest(clusters.filter((each) => counts.get(each) === most));
}

export function vmidIn(machine: NetBoxObject): string | undefined {
  return textOf(partOf(machine, "custom_fields", "proxmox_vmid")) ?? undefined;
}
