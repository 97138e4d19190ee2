/** Finds addresses, prefixes and VLANs in NetBox, in the routing tables and groups that people put them into. */
import type { Found } from "../../netbox/objects.ts";
import { hostOf } from "../../base/ip-address.ts";
import { NETBOX_DEVICE } from "../../netbox/types/device.ts";
import { BY_HOST, NETBOX_IP_ADDRESS } from "../../netbox/types/ip-address.ts";
import { lacks, type NetBoxObject, partOf } from "../../netbox/types/object-type.ts";
import { BY_NETWORK, NETBOX_PREFIX } from "../../netbox/types/prefix.ts";
import { hasScope } from "../../netbox/types/scope.ts";
import { NETBOX_VIRTUAL_MACHINE } from "../../netbox/types/virtual-machine.ts";
import { BY_VID, isForSite, NETBOX_VLAN } from "../../netbox/types/vlan.ts";
import { NETBOX_VRF, type VRFRef } from "../../netbox/types/vrf.ts";
import type { Reason } from "../../run-folder/left-out.ts";
import { foundName } from "./names.ts";
import { alone, hostTagsOf, type NetBoxTarget, type Obstacle, oldest, writerOf } from "./target.ts";

/** The machine that gets an address: `found` is what NetBox has of it. */
export interface AddressedMachine {
  readonly kind: "virtual_machine" | "device";
  readonly found: Found | undefined;
}

const MACHINES = { virtual_machine: NETBOX_VIRTUAL_MACHINE, device: NETBOX_DEVICE } as const;

/** undefined: NetBox has no such address. `host`: without a mask, IPv6 as in RFC 5952. */
export function findAddress(
  target: NetBoxTarget,
  host: string,
  machine: AddressedMachine,
): Found | Obstacle | undefined {
  const all = target.objects.having(NETBOX_IP_ADDRESS, BY_HOST, host);
  if (all.length === 0) return undefined;
  const isOnIt = (address: NetBoxObject): boolean =>
    machine.found !== undefined &&
    partOf(address["assigned_object"], machine.kind, "id") === machine.found.object.id;
  const global = all.filter((address) => lacks(address, "vrf"));
  const address = oldest(all.filter(isOnIt)) ?? alone(global.length > 0 ? global : all);
  if (address === undefined) {
    const places = all.map((each) => target.placeOf(NETBOX_IP_ADDRESS, each));
    return { reason: "ambiguous", detail: places.join(", ") };
  }
  return heldBy(target, address, isOnIt(address)) ?? target.found(NETBOX_IP_ADDRESS, address);
}

/** Why an address that NetBox has cannot be given to the machine. */
function heldBy(
  target: NetBoxTarget,
  address: NetBoxObject,
  isOnIt: boolean,
): Obstacle | undefined {
  const assigned = address["assigned_object"];
  if (isOnIt || (assigned ?? null) === null) return undefined;
  const held = (reason: Reason): Obstacle => ({
    reason,
    detail: target.placeOf(NETBOX_IP_ADDRESS, address),
  });
  for (const kind of ["virtual_machine", "device"] as const) {
    const id = partOf(assigned, kind, "id");
    if (id === undefined) continue;
    const holder = target.objects.get(MACHINES[kind], id);
    if (holder === undefined) return held("held-by-user");
    const isOurs = target.isClaimed(holder) || hostTagsOf(holder).length > 0;
    if (!isOurs) return held("held-by-user");
    return isPrimaryOf(holder, address) ? held("held-elsewhere") : undefined;
  }
  return held("held-by-user");
}

function isPrimaryOf(machine: NetBoxObject, address: NetBoxObject): boolean {
  return ["primary_ip4", "primary_ip6"].some((key) => partOf(machine, key, "id") === address.id);
}

/** { vrf: { name: "internal" } }; {} in the global table. */
export function vrfOf(target: NetBoxTarget, { object }: Found): { readonly vrf?: VRFRef } {
  if (lacks(object, "vrf")) return {};
  const vrf = target.objects.get(NETBOX_VRF, partOf(object, "vrf", "id")) ??
    object["vrf"] as NetBoxObject;
  return { vrf: NETBOX_VRF.stubOf?.(vrf, target.objects) as VRFRef };
}

/** In the global table, there at its site; else in the routing table that alone has it. */
export function findPrefix(
  target: NetBoxTarget,
  network: string,
  site: string | undefined,
): Found | Obstacle | undefined {
  const all = target.objects.having(NETBOX_PREFIX, BY_NETWORK, network);
  if (all.length === 0) return undefined;
  const global = all.filter((prefix) => lacks(prefix, "vrf"));
  const scope = site === undefined ? {} : { scope_site: { name: site } };
  const prefix = oldest(global.filter((each) => hasScope(scope, each))) ?? oldest(global) ??
    alone(all);
  if (prefix !== undefined) return target.found(NETBOX_PREFIX, prefix);
  const places = all.map((each) => target.placeOf(NETBOX_PREFIX, each));
  return { reason: "ambiguous", detail: places.join(", ") };
}

/** At the site; else in a group that covers the site, or for all sites, if one alone fits. */
export function findVlan(
  target: NetBoxTarget,
  { vid, site, cluster }: {
    readonly vid: number;
    readonly site: string;
    /** The cluster in NetBox. */
    readonly cluster: NetBoxObject | undefined;
  },
): Found | Obstacle | undefined {
  const place = foundName(target, "site", site);
  const isAtSite = (vlan: NetBoxObject): boolean =>
    place !== undefined && partOf(vlan, "site", "id") === place.id;
  const all = target.objects.having(NETBOX_VLAN, BY_VID, String(vid))
    .filter((vlan) => lacks(vlan, "qinq_svlan"));
  const own = oldest(all.filter((vlan) => isAtSite(vlan) && lacks(vlan, "group")));
  if (own !== undefined) return target.found(NETBOX_VLAN, own);
  const covering = all.filter((vlan) =>
    (lacks(vlan, "site") || isAtSite(vlan)) &&
    isForSite(vlan, { site: place, cluster }, target.objects)
  );
  const vlan = alone(covering);
  if (vlan !== undefined) return target.found(NETBOX_VLAN, vlan);
  if (covering.length === 0) return undefined;
  const places = covering.map((each) => target.placeOf(NETBOX_VLAN, each));
  return { reason: "ambiguous", detail: places.join(", ") };
}

/** The primary address of a machine in NetBox. */
export interface KnownPrimary {
  readonly host: string;
  /** No run wrote it, and it is an address of the machine: no answer of Proxmox VE tells whether it is still there. */
  readonly isOfPeople: boolean;
}

export function primaryIn(
  { objects }: NetBoxTarget,
  { kind, found }: AddressedMachine,
  { family, hostTags }: { readonly family: 4 | 6; readonly hostTags: ReadonlySet<string> },
): KnownPrimary | undefined {
  const id = partOf(found?.object, `primary_ip${family}`, "id");
  const address = objects.get(NETBOX_IP_ADDRESS, id);
  if (address === undefined) return undefined;
  const isItsOwn = partOf(address["assigned_object"], kind, "id") === found?.object.id;
  return {
    host: hostOf(String(address["address"])),
    isOfPeople: isItsOwn && writerOf(address, hostTags) === "people",
  };
}
