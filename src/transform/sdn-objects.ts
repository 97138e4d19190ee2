/**
 * The last pass over SDN: every zone, VNet and subnet becomes an entity or a record, whether a guest uses it or not.
 * What NICs made of their VNets is known by then.
 */
import { type NotRead } from "../proxmox/answers.ts";
import { PATHS } from "../proxmox/endpoints.ts";
import type { Subnet, Vnet, Zone } from "../proxmox/sdn.ts";
import type { Reason } from "../run-folder/left-out.ts";
import type { VLANRef } from "../netbox/types/vlan.ts";
import type { SnapshotCluster } from "./cluster.ts";
import type { RunState } from "./context.ts";
import { clusterAnswer } from "./ledger.ts";
import { type ClusterSdn, siteVlanOf } from "./sdn.ts";
import type { Origin, Subject } from "./sources.ts";
import { isInFullDepth, l2vpnOf, sitesOf, vnetAt, vrfOfZone } from "./vnets.ts";

/** Records go to the cluster's ledger. */
export function seeSdn(cluster: SnapshotCluster, run: RunState): void {
  if (!isInFullDepth(cluster)) return;
  const { sdn, ledger, label } = cluster;
  if (sdn !== undefined) {
    new SdnWalk(cluster, sdn, run).see();
    return;
  }
  const answer = clusterAnswer(PATHS.resources, label);
  ledger.leave({ what: "cluster/sdn", answer }, "failed", { detail: "it was not captured" });
}

/** Why a VNet and its subnets become nothing. */
interface Refusal {
  readonly reason: Reason;
  readonly detail?: string | undefined;
}

class SdnWalk {
  readonly #cluster: SnapshotCluster;
  readonly #sdn: ClusterSdn;
  readonly #run: RunState;

  constructor(cluster: SnapshotCluster, sdn: ClusterSdn, run: RunState) {
    this.#cluster = cluster;
    this.#sdn = sdn;
    this.#run = run;
  }

  see(): void {
    const { zones, vnets, unread, gaps } = this.#sdn.sdn;
    const listings = [["zones", PATHS.sdnZones], ["vnets", PATHS.sdnVnets]] as const;
    for (const [name, path] of listings) {
      this.#leaveGap(`cluster/sdn/${name}`, path, gaps.get(path));
    }
    for (const { what, at, detail } of unread) {
      // "/data/3/tag" → "/tag"
      const part = at.pointer.replace(/^\/data\/\d+/, "");
      this.#leave(this.#sdn.subject(`${what}${part}`, at), { reason: "unparsable", detail });
    }
    for (const zone of zones.values()) this.#seeZone(zone);
    for (const vnet of vnets.values()) this.#seeVnet(vnet);
  }

  #leaveGap(what: string, path: string, gap: NotRead | undefined): void {
    if (gap !== undefined) this.#leave(this.#sdn.subject(what, { path }), gap);
  }

  #leave(subject: Subject, { reason, detail }: Refusal): void {
    this.#cluster.ledger.leave(subject, reason, { detail });
  }

  #by(origin: Origin) {
    return { cluster: this.#cluster.source, origin, ledger: this.#cluster.ledger };
  }

  get #names() {
    return { cluster: this.#cluster, run: this.#run };
  }

  #noteName(subject: Subject, plain: string, name: string | undefined): void {
    if (name === undefined || name === plain) return;
    this.#cluster.ledger.note(subject, "renamed", `${plain} → ${name}`);
  }

  #seeZone(zone: Zone): void {
    const subject = this.#sdn.subject(`sdn-zone/${zone.name}`, zone.at);
    const origin = { subject, ...this.#sdn.slots({ sdnZones: zone }) };
    const { shared } = this.#run;
    const sites = sitesOf(this.#cluster, zone);
    if (zone.kind === "other") {
      this.#leave(subject, { reason: "unknown-zone", detail: zone.type });
    } else if (sites.length === 0) {
      this.#leave(subject, { reason: "out-of-scope" });
    } else if (zone.kind === "evpn") {
      const vrf = vrfOfZone(zone, this.#names);
      if (vrf !== undefined) shared.seeVrf(vrf, this.#by(origin));
      this.#noteName(subject, zone.name, vrf);
    } else if (zone.kind !== "qinq") {
      this.#leave(subject, { reason: "no-equal", detail: `a zone of type ${zone.type}` });
    } else if (zone.serviceVlanId === undefined) {
      this.#leave(subject, { reason: "unparsable", detail: "no tag" });
    } else {
      for (const site of sites) shared.seeVlan(zone.serviceVlanId, site, this.#by(origin));
    }
  }

  #seeVnet(vnet: Vnet): void {
    const subject = this.#sdn.subject(`sdn-vnet/${vnet.name}`, vnet.at);
    const slots = { sdnZones: vnet.zone, sdnVnets: vnet };
    const origin = { subject, ...this.#sdn.slots(slots) };
    const refusal = this.#refusalOf(vnet);
    const vlans = new Map<string, VLANRef | undefined>();
    const sites = vnet.zone === undefined ? [] : sitesOf(this.#cluster, vnet.zone);
    if (refusal === undefined) {
      const l2vpn = l2vpnOf(vnet, this.#names);
      if (l2vpn !== undefined) this.#run.shared.seeL2vpn(l2vpn, this.#by(origin));
      this.#noteName(subject, vnet.name, l2vpn?.name);
      for (const site of sites) vlans.set(site, this.#vlanAt(site, vnet, origin));
      const left = this.#leftOf(vnet);
      if (left !== undefined) this.#leave(subject, left);
    } else this.#leave(subject, refusal);
    this.#leaveGap(
      `cluster/sdn/subnets/${vnet.name}`,
      PATHS.sdnSubnets(vnet.name),
      vnet.subnetsGap,
    );
    for (const subnet of vnet.subnets) {
      const what = this.#sdn.subject(`sdn-subnet/${subnet.id}`, subnet.at);
      if (refusal !== undefined) {
        this.#leave(what, refusal);
        continue;
      }
      const found = { subject: what, ...this.#sdn.slots({ ...slots, sdnSubnets: subnet }) };
      for (const site of sites) {
        this.#seePrefix(subnet, { vnet, site, vlan: vlans.get(site) }, found);
      }
      this.#leaveDetails(subnet, what);
    }
  }

  /** Of the VNet and all that is in it. */
  #refusalOf({ zone, zoneName, kind }: Vnet): Refusal | undefined {
    const gap = this.#sdn.sdn.gaps.get(PATHS.sdnZones);
    if (zone === undefined) return gap ?? { reason: "unknown-zone", detail: zoneName };
    if (kind === "other") return { reason: "unknown-zone", detail: `${zoneName}, ${zone.type}` };
    return sitesOf(this.#cluster, zone).length === 0 ? { reason: "out-of-scope" } : undefined;
  }

  /** Why the VNet itself becomes nothing; its subnets may. */
  #leftOf(vnet: Vnet): Refusal | undefined {
    const { kind, vlanId, vni, zone } = vnet;
    if (kind === "simple") return { reason: "no-equal", detail: "a VNet of a zone of type simple" };
    if (siteVlanOf(vnet) !== undefined || vni !== undefined) return undefined;
    if (kind === "qinq" && vlanId !== undefined) {
      const detail = `${vlanId} in VLAN ${zone?.serviceVlanId ?? "?"}`;
      return { reason: "inside-network", detail };
    }
    return { reason: "unparsable", detail: "no tag" };
  }

  /** The VLAN that a NIC on it has: a rule may put it into a VLAN group. */
  #vlanAt(site: string, vnet: Vnet, origin: Origin): VLANRef | undefined {
    const vid = siteVlanOf(vnet);
    if (vid === undefined) return undefined;
    const { vnetVlans, shared } = this.#run;
    const key = vnetAt(this.#cluster, vnet, site);
    return vnetVlans.has(key) ? vnetVlans.get(key) : shared.seeVlan(vid, site, this.#by(origin));
  }

  #seePrefix(
    { cidr: network }: Subnet,
    { vnet, site, vlan }: {
      readonly vnet: Vnet;
      readonly site: string;
      readonly vlan: VLANRef | undefined;
    },
    origin: Origin,
  ): void {
    const { shared } = this.#run;
    const name = vrfOfZone(vnet.zone, this.#names);
    const vrf = name === undefined ? undefined : shared.seeVrf(name, this.#by(origin));
    if (name !== undefined && vrf === undefined) return;
    const { answer } = origin.subject;
    shared.seePrefix({ network, site, answer, vrf, vlan }, this.#by(origin));
  }

  #leaveDetails({ gateway, isSnat, dhcpRanges }: Subnet, { what, answer }: Subject): void {
    const leave = (part: string, detail: string): void =>
      this.#leave({ what: `${what}/${part}`, answer }, { reason: "no-equal", detail });
    if (gateway !== undefined) leave("gateway", gateway);
    if (isSnat) leave("snat", "the nodes translate its addresses");
    dhcpRanges.forEach(({ start, end }, i) => leave(`dhcp-range/${i}`, `${start} to ${end}`));
  }
}
