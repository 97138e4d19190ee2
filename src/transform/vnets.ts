/**
 * VNets of SDN: at which sites they are, what their VLANs are called, and what a NIC gets of the VNet that it is on.
 */
import { compareNatural } from "../base/natural-order.ts";
import { cutName, MAX_DESCRIPTION, MAX_NAME } from "../netbox/names.ts";
import { partOf } from "../netbox/types/object-type.ts";
import type { Net } from "../proxmox/nics.ts";
import type { Vnet, Zone } from "../proxmox/sdn.ts";
import { cleanText } from "../proxmox/values.ts";
import { isListed, type SnapshotCluster } from "./cluster.ts";
import type { GuestContext, NodeContext, RunState } from "./context.ts";
import type { L2vpnFacts } from "./mapping/l2vpn.ts";
import { guestSite } from "./node-identity.ts";
import { siteVlanOf } from "./sdn.ts";
import type { NicSource, Origin } from "./sources.ts";
import { findTermination } from "./target/network.ts";
import { hostTagsOf } from "./target/target.ts";

/** The sites at which a zone is: those of the nodes in scope. */
export function sitesOf({ source, nodes, areNodesListed }: SnapshotCluster, zone: Zone): string[] {
  const all = nodes.filter((entry) =>
    entry.isInScope && (!areNodesListed || isListed(entry)) &&
    (zone.nodes.length === 0 || zone.nodes.includes(entry.node))
  );
  return [...new Set(all.map(({ site }) => guestSite(source, site)))].sort(compareNatural);
}

export function isInFullDepth({ source }: Pick<SnapshotCluster, "source">): boolean {
  return source.policy.networkDepth === "full";
}

interface Within {
  readonly cluster: SnapshotCluster;
  readonly run: RunState;
}

function nameOf(kind: "vrf" | "l2vpn", plain: string, { cluster, run }: Within): string {
  return run.sdnNames.nameOf(kind, plain, { cluster, target: run.target });
}

/** The VRF of a zone; undefined: NetBox's global table. */
export function vrfOfZone(
  zone: Zone | undefined,
  by: Within,
): string | undefined {
  return zone?.kind === "evpn" ? nameOf("vrf", zone.name, by) : undefined;
}

/** undefined: a VNet of another kind, or one without a VNI. */
export function l2vpnOf(
  { kind, name, vni, alias }: Vnet,
  by: Within,
): L2vpnFacts | undefined {
  if ((kind !== "vxlan" && kind !== "evpn") || vni === undefined) return undefined;
  return {
    name: nameOf("l2vpn", name, by),
    type: kind === "vxlan" ? "vxlan" : "vxlan-evpn",
    identifier: vni,
    description: alias === undefined ? undefined : cutName(alias, MAX_DESCRIPTION),
  };
}

/**
 * The first pass: names that have to be known before the first NIC names a VLAN, since a stub with another name would
 * rename it. NetBox takes a name once in a VLAN group: one that two VLAN IDs would have is not used.
 */
export function seeSdnNames(clusters: readonly SnapshotCluster[], run: RunState): void {
  const named = clusters.filter(isInFullDepth).flatMap((cluster) =>
    [...cluster.sdn?.sdn.vnets.values() ?? []].map((vnet) => ({ cluster, vnet }))
  );
  const vids = new Map<string, Set<number>>();
  for (const { vnet } of named) {
    const vid = siteVlanOf(vnet);
    for (const name of namesOf(vnet)) {
      if (vid !== undefined) vids.set(name, (vids.get(name) ?? new Set()).add(vid));
    }
  }
  const isUsable = (name: string): boolean =>
    vids.get(name)?.size === 1 && !/^VLAN \d+$/.test(name);
  for (const { cluster, vnet } of named) {
    const by = { cluster, run };
    const vrf = vrfOfZone(vnet.zone, by);
    if (vrf !== undefined) run.shared.ownVrfs.add(vrf);
    const l2vpn = l2vpnOf(vnet, by);
    if (l2vpn !== undefined) run.names.see("l2vpn", l2vpn.name);
    const vid = vnet.kind === "vlan" ? vnet.vlanId : undefined;
    const name = namesOf(vnet).find(isUsable);
    for (const site of vnet.zone === undefined ? [] : sitesOf(cluster, vnet.zone)) {
      run.names.see("site", site);
      if (vid !== undefined && name !== undefined) run.shared.nameVlan(vid, site, name);
    }
  }
}

function namesOf({ name, alias }: Vnet): string[] {
  return [alias ?? "", name].map((each) => cutName(cleanText(each), MAX_NAME))
    .filter((each) => each !== "");
}

/** A NIC's VNet; undefined: it has none, or SDN is not used. */
export function vnetOfNic({ bridge }: Net, { cluster }: NodeContext): Vnet | undefined {
  if (!isInFullDepth(cluster) || bridge === undefined) return undefined;
  return cluster.sdn?.sdn.vnets.get(bridge);
}

/** Of a NIC on it. */
export function slotsOfVnet(
  vnet: Vnet,
  places: Origin<"config">["places"],
  { cluster: { sdn } }: NodeContext,
): Pick<NicSource, "sdnZones" | "sdnVnets" | "places"> {
  const slots = sdn?.slots({ sdnZones: vnet.zone, sdnVnets: vnet });
  return { ...slots, places: { ...places, ...slots?.places } };
}

type NicNetwork = Pick<NicSource, "vlan" | "vlans" | "isVlanKnown" | "vrf" | "termination">;

/** Kinds of zones that say what the tag of a NIC is in. */
const INNER: ReadonlySet<Vnet["kind"]> = new Set(["vlan", "qinq", "vxlan", "evpn"]);

/**
 * undefined: as without SDN. A tag of a NIC on a VLAN-aware VNet is inside of that of the VNet; on another one, Proxmox
 * VE does not start the guest. Source: PVE/Network/SDN/Zones/Plugin.pm, tap_plug.
 */
export function seeVnetOfNic(
  { net, vnet, origin, ref }: Pick<NicSource, "net" | "ref"> & {
    readonly vnet: Vnet;
    readonly origin: Origin<"config">;
  },
  { node, site }: GuestContext,
): NicNetwork | undefined {
  if (!INNER.has(vnet.kind)) return undefined;
  const { cluster, ledger, run } = node;
  const by = { cluster, run };
  const { what, answer } = origin.subject;
  const inside = vnet.vni === undefined ? `VNet ${vnet.name}` : `VNI ${vnet.vni}`;
  for (const [key, written] of [["tag", net.vlanId], ["trunks", net.trunks]] as const) {
    if (written === undefined) continue;
    const detail = `${written} in ${inside}`;
    ledger.leave({ what: `${what}/${key}`, answer }, "inside-network", { detail });
  }
  if (vnet.kind === "vxlan" || vnet.kind === "evpn") {
    const facts = l2vpnOf(vnet, by);
    const l2vpn = facts && run.shared.seeL2vpn(facts, { cluster: cluster.source, origin, ledger });
    return {
      vlan: undefined,
      vlans: undefined,
      isVlanKnown: true,
      vrf: vrfOfZone(vnet.zone, by),
      termination: l2vpn && terminationOf({ l2vpn, nic: ref, origin }, node),
    };
  }
  const vid = siteVlanOf(vnet);
  if (net.vlanId !== undefined || vid === undefined) {
    return { vlan: undefined, vlans: undefined, isVlanKnown: false };
  }
  const vlan = run.shared.seeVlan(vid, site, { cluster: cluster.source, origin, ledger });
  run.vnetVlans.set(vnetAt(cluster, vnet, site), vlan);
  const vlans = vlan && { mode: "access" as const, untagged: vlan, tagged: [] };
  return { vlan, vlans, isVlanKnown: false };
}

/** Where the VLAN of a VNet is known by. */
export function vnetAt({ source, label }: SnapshotCluster, { name }: Vnet, site: string): string {
  return JSON.stringify([source.name, label, name, site]);
}

/** NetBox has a NIC in one L2VPN at most. That of people stays. */
function terminationOf(
  { l2vpn, nic, origin }: Pick<NonNullable<NicSource["termination"]>, "l2vpn" | "nic"> & {
    readonly origin: Origin<"config">;
  },
  { run, source, ledger }: NodeContext,
): NicSource["termination"] {
  const found = findTermination(run.target, origin.found);
  const { what, answer } = origin.subject;
  const subject = { what: `${what}/l2vpn`, answer };
  const held = found?.object["l2vpn"];
  const isTheirs = found !== undefined && hostTagsOf(found.object).length === 0 &&
    partOf(held, "name") !== l2vpn.name;
  if (isTheirs) {
    const detail = `${l2vpn.name}; NetBox has it in ${String(partOf(held, "name"))}`;
    ledger.leave(subject, "held-by-user", { detail });
    return undefined;
  }
  const { rules: _rules, ...rest } = origin;
  return { ...rest, subject, found, cluster: source, l2vpn, nic };
}
