/** Finds addresses, prefixes and VLANs in NetBox, in the routing tables and groups that people put them into. */
import type { Found } from "../../netbox/objects.ts";
import { hostOf } from "../../base/ip-address.ts";
import { NETBOX_DEVICE } from "../../netbox/types/device.ts";
import { BY_HOST, NETBOX_IP_ADDRESS } from "../../netbox/types/ip-address.ts";
import { BY_ASSIGNED, isOfNic, NETBOX_L2VPN_TERMINATION } from "../../netbox/types/l2vpn.ts";
import { lacks, type NetBoxObject, partOf, textOf } from "../../netbox/types/object-type.ts";
import { BY_NETWORK, NETBOX_PREFIX } from "../../netbox/types/prefix.ts";
import { siteOfScope } from "../../netbox/types/scope.ts";
import { NETBOX_INTERFACE } from "../../netbox/types/interface.ts";
import { NETBOX_VIRTUAL_MACHINE } from "../../netbox/types/virtual-machine.ts";
import { NETBOX_VM_INTERFACE } from "../../netbox/types/vm-interface.ts";
import { BY_VID, isForSite, isNameable, NETBOX_VLAN } from "../../netbox/types/vlan.ts";
import { hasVrf, NETBOX_VRF, vrfKey, type VRFRef } from "../../netbox/types/vrf.ts";
import type { Reason } from "../../run-folder/left-out.ts";
import { foundName } from "./names.ts";
import { alone, hostTagsOf, type NetBoxTarget, type Obstacle, oldest, writerOf } from "./target.ts";

/** The machine that gets an address: `found` is what NetBox has of it. */
export interface AddressedMachine {
  readonly kind: "virtual_machine" | "device";
  readonly found: Found | undefined;
}

const MACHINES = { virtual_machine: NETBOX_VIRTUAL_MACHINE, device: NETBOX_DEVICE } as const;
const PARTS = { virtual_machine: NETBOX_VM_INTERFACE, device: NETBOX_INTERFACE } as const;

/**
 * undefined: NetBox has no such address. `host`: without a mask, IPv6 as in RFC 5952. `vrf`: a rule's, for an address
 * that the machine does not have yet. `ownVrfs`: an address in them is that of a machine for which the run says so.
 */
export function findAddress(
  target: NetBoxTarget,
  { host, vrf, ownVrfs }: {
    readonly host: string;
    readonly vrf: string | undefined;
    readonly ownVrfs: ReadonlySet<string>;
  },
  machine: AddressedMachine,
): Found | Obstacle | undefined {
  const isOnIt = (address: NetBoxObject): boolean =>
    machine.found !== undefined &&
    partOf(address["assigned_object"], machine.kind, "id") === machine.found.object.id;
  const isWanted = (address: NetBoxObject): boolean =>
    hasVrf(vrf === undefined ? {} : { vrf: { name: vrf } }, address);
  const known = target.objects.having(NETBOX_IP_ADDRESS, BY_HOST, host);
  // In the routing table of somebody else, it is another address.
  const all = known.filter((address) =>
    isWanted(address) || isOnIt(address) ||
    (!isInVrfOf(ownVrfs, address) && heldBy(target, address)?.reason !== "held-by-user")
  );
  const onIt = all.filter(isOnIt);
  const wanted = all.filter(isWanted);
  const others = vrf === undefined && wanted.length === 0 ? all : wanted;
  if (onIt.length === 0 && others.length === 0) return undefined;
  const address = (vrf === undefined ? undefined : oldest(onIt.filter(isWanted))) ??
    oldest(onIt) ?? alone(others);
  const rivals = known.filter((each) => sameVrf(each, address));
  // Of several in one table, such as anycast addresses, Diode takes the oldest.
  if (address === undefined || oldest(rivals) !== address) {
    const places = (address === undefined ? others : rivals)
      .map((each) => target.placeOf(NETBOX_IP_ADDRESS, each));
    return { reason: "ambiguous", detail: places.join(", ") };
  }
  const obstacle = isOnIt(address) ? undefined : heldBy(target, address);
  return obstacle ?? target.found(NETBOX_IP_ADDRESS, address);
}

/** Why an address that NetBox has cannot be given to the machine. */
function heldBy(target: NetBoxTarget, address: NetBoxObject): Obstacle | undefined {
  const assigned = address["assigned_object"];
  if ((assigned ?? null) === null) return undefined;
  const held = (reason: Reason): Obstacle => ({
    reason,
    detail: target.placeOf(NETBOX_IP_ADDRESS, address),
  });
  for (const kind of ["virtual_machine", "device"] as const) {
    const id = partOf(assigned, kind, "id");
    if (id === undefined) continue;
    const holder = target.objects.get(MACHINES[kind], id);
    if (holder === undefined) return held("held-by-user");
    const isOurs = target.isClaimed(holder) ||
      [holder, target.objects.get(PARTS[kind], partOf(assigned, "id"))]
        .some((each) => each !== undefined && hostTagsOf(each).length > 0);
    if (!isOurs) return held("held-by-user");
    return isPrimaryOf(holder, address)
      ? { ...held("held-elsewhere"), held: { address, holder, kind } }
      : undefined;
  }
  return held("held-by-user");
}

function isInVrfOf(names: ReadonlySet<string>, object: NetBoxObject): boolean {
  return names.has(textOf(partOf(object, "vrf", "name")) ?? "");
}

function sameVrf(a: NetBoxObject, b: NetBoxObject | undefined): boolean {
  return partOf(a, "vrf", "id") === partOf(b, "vrf", "id");
}

function isPrimaryOf(machine: NetBoxObject, address: NetBoxObject): boolean {
  return ["primary_ip4", "primary_ip6", "oob_ip"].some((key) =>
    partOf(machine, key, "id") === address.id
  );
}

/** { vrf: { name: "internal" } }; {} in the global table. */
export function vrfOf(
  target: NetBoxTarget,
  { object }: Pick<Found, "object">,
): { readonly vrf?: VRFRef } {
  if (lacks(object, "vrf")) return {};
  const vrf = target.objects.get(NETBOX_VRF, partOf(object, "vrf", "id")) ??
    object["vrf"] as NetBoxObject;
  return { vrf: target.objects.stubOf(NETBOX_VRF, vrf) as VRFRef };
}

/** In the routing table of its addresses; in the global table; else where people put a prefix of ours. */
export function findPrefix(
  target: NetBoxTarget,
  network: string,
  { site, addresses, vrf, ownVrfs }: {
    /** Of a new prefix; undefined: none. */
    readonly site: string | undefined;
    /** That it has to be in; undefined: wherever people put it. */
    readonly vrf?: VRFRef | undefined;
    /** That people put into a routing table. */
    readonly addresses: readonly NetBoxObject[];
    /** A prefix of ours in them was never put there by people. */
    readonly ownVrfs: ReadonlySet<string>;
  },
): Found | Obstacle | undefined {
  const all = target.objects.having(NETBOX_PREFIX, BY_NETWORK, network);
  const isTheirs = (prefix: NetBoxObject): boolean =>
    !lacks(prefix, "vrf") && addresses.some((address) => sameVrf(address, prefix));
  const isWanted = (prefix: NetBoxObject): boolean => isIn(target, prefix, vrf);
  const choices = vrf !== undefined ? [all.filter(isWanted)] : [
    all.filter(isTheirs),
    all.filter((prefix) => lacks(prefix, "vrf")),
    all.filter((prefix) => hostTagsOf(prefix).length > 0 && !isInVrfOf(ownVrfs, prefix)),
  ];
  const candidates = choices.find((each) => each.length > 0) ?? [];
  // Of several in one table, Diode takes the oldest, whatever their scopes.
  const first = oldest(candidates);
  if (first === undefined) return undefined;
  const isAlone = candidates.length === 1 || siteOfScope(first, target.objects) === site;
  if (isAlone && candidates.every((each) => sameVrf(each, first))) {
    return target.found(NETBOX_PREFIX, first);
  }
  const places = candidates.map((each) => target.placeOf(NETBOX_PREFIX, each));
  return { reason: "ambiguous", detail: places.join(", ") };
}

function isIn(target: NetBoxTarget, object: NetBoxObject, wanted: VRFRef | undefined): boolean {
  const { vrf } = vrfOf(target, { object });
  return vrf !== undefined && wanted !== undefined &&
    JSON.stringify(vrfKey(vrf)) === JSON.stringify(vrfKey(wanted));
}

/** The VLAN of a group that a rule names; undefined: the group is new. */
export function findVlanIn(
  target: NetBoxTarget,
  vid: number,
  group: Found | undefined,
): Found | undefined {
  if (group === undefined) return undefined;
  const vlan = oldest(
    target.objects.having(NETBOX_VLAN, BY_VID, String(vid))
      .filter((each) => partOf(each, "group", "id") === group.object.id),
  );
  return vlan && target.found(NETBOX_VLAN, vlan);
}

/** The place of a NIC in an L2VPN: NetBox has one at most. */
export function findTermination(target: NetBoxTarget, nic: Found | undefined): Found | undefined {
  const [found] = nic === undefined ? [] : target.objects
    .having(NETBOX_L2VPN_TERMINATION, BY_ASSIGNED, String(nic.object.id))
    .filter((termination) => isOfNic(termination));
  return found && target.found(NETBOX_L2VPN_TERMINATION, found);
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
    isAtSite(vlan) ||
    (lacks(vlan, "site") && isForSite(vlan, { site: place, cluster }, target.objects))
  );
  const only = alone(covering);
  const vlan = only !== undefined && isNameable(only, target.objects) ? only : undefined;
  if (vlan !== undefined) return target.found(NETBOX_VLAN, vlan);
  if (covering.length === 0) return undefined;
  const places = covering.map((each) => target.placeOf(NETBOX_VLAN, each));
  return { reason: "ambiguous", detail: places.join(", ") };
}

/** The primary address of a machine in NetBox. */
export interface KnownPrimary {
  /** undefined: it has none. */
  readonly host: string | undefined;
  /**
   * No other address takes its place: no run wrote it, and it is an address of the machine, so no answer of
   * Proxmox VE tells whether it is still there; or NetBox refuses every change of the machine.
   */
  readonly isKept: boolean;
}

export function primaryIn(
  target: NetBoxTarget,
  { kind, found }: AddressedMachine,
  { family, hostTags }: { readonly family: 4 | 6; readonly hostTags: ReadonlySet<string> },
): KnownPrimary | undefined {
  const id = partOf(found?.object, `primary_ip${family}`, "id");
  const address = target.objects.get(NETBOX_IP_ADDRESS, id);
  const isRefused = target.refusal(MACHINES[kind], found) !== undefined;
  if (address === undefined) return isRefused ? { host: undefined, isKept: true } : undefined;
  // Without an assignment, NetBox only takes it for an address of the machine by NAT.
  const holder = partOf(address["assigned_object"], kind, "id") ?? found?.object.id;
  return {
    host: hostOf(String(address["address"])),
    isKept: isRefused ||
      (holder === found?.object.id && writerOf(address, hostTags) === "people"),
  };
}
