/**
 * SDN of a cluster: the rows that its zones, VNets and subnets were read from, and what its VRFs and L2VPNs are called in
 * NetBox.
 */
import { cutName, MAX_LONG_NAME } from "../netbox/names.ts";
import type { NetBoxObject } from "../netbox/types/object-type.ts";
import { rowsOf, valueOf } from "../proxmox/answers.ts";
import type { AnswerSource } from "../proxmox/listing.ts";
import { readSdn, type Sdn, type SdnPlace, type Vnet, type Zone } from "../proxmox/sdn.ts";
import type { DataRow } from "../proxmox/values.ts";
import { clusterAnswer } from "./ledger.ts";
import type { ClusterSource, Origin, Subject } from "./sources.ts";
import { findNamed } from "./target/names.ts";
import { hostTagsOf, type NetBoxTarget } from "./target/target.ts";

type SdnOrigin = Origin<"sdnZones" | "sdnVnets" | "sdnSubnets">;

/** What was read of SDN, and where. */
export class ClusterSdn {
  readonly sdn: Sdn;
  readonly #label: string | undefined;
  /** Path → the rows of the answer: the rest of cluster.json is not kept. */
  readonly #rows = new Map<string, readonly DataRow[]>();

  /** undefined: SDN was not captured. */
  static read(answers: AnswerSource, label: string | undefined): ClusterSdn | undefined {
    const sdn = readSdn(answers);
    return sdn && new ClusterSdn(sdn, answers, label);
  }

  private constructor(sdn: Sdn, answers: AnswerSource, label: string | undefined) {
    this.sdn = sdn;
    this.#label = label;
    const vnets = [...sdn.vnets.values()];
    const places = [...sdn.zones.values(), ...vnets, ...vnets.flatMap(({ subnets }) => subnets)];
    for (const path of new Set(places.map(({ at }) => at.path))) {
      this.#rows.set(path, valueOf(rowsOf(answers.get(path))) ?? []);
    }
  }

  subject(what: string, { path }: Pick<SdnPlace, "path">): Subject {
    return { what, answer: clusterAnswer(path, this.#label) };
  }

  /** The slots of a zone, of a VNet with its zone, of a subnet with both. */
  slots(
    parts: {
      readonly sdnZones?: Zone | undefined;
      readonly sdnVnets?: Vnet;
      readonly sdnSubnets?: { readonly at: SdnPlace };
    },
  ): Pick<SdnOrigin, "sdnZones" | "sdnVnets" | "sdnSubnets" | "places"> {
    const found = Object.entries(parts).flatMap(([name, part]) =>
      part === undefined ? [] : [[name, part.at] as const]
    );
    return {
      ...Object.fromEntries(found.map(([name, at]) => [name, this.#rowAt(at)])),
      places: Object.fromEntries(
        found.map(([name, { path }]) => [name, clusterAnswer(path, this.#label)]),
      ),
    };
  }

  /** "/data/3" */
  #rowAt({ path, pointer }: SdnPlace): DataRow | undefined {
    return this.#rows.get(path)?.[Number(pointer.split("/")[2])];
  }
}

/** What the frames of a VNet are in, as the network of the site sees them; undefined: no VLAN, or not known. */
export function vlanIdOfVnet({ kind, vlanId, zone }: Vnet): number | undefined {
  return kind === "qinq" ? vlanId ?? zone?.serviceVlanId : vlanId;
}

/** Is a VNet without a tag of a QinQ zone, or with one of a VLAN zone, in a VLAN of the site? */
export function siteVlanOf({ kind, vlanId, zone }: Vnet): number | undefined {
  if (kind === "vlan") return vlanId;
  return kind === "qinq" && vlanId === undefined ? zone?.serviceVlanId : undefined;
}

interface NamedCluster {
  readonly source: ClusterSource;
  /** In NetBox, whatever host its runs named. */
  readonly hostTags: ReadonlySet<string>;
}

/**
 * The names of VRFs and L2VPNs, which are those of zones and VNets. Two clusters may have two different things of one
 * name: the first keeps it. With a target, what NetBox has for another host alone is another thing, too.
 */
export class SdnNames {
  /** "vrf fabric" → the cluster that has the name. */
  readonly #holders = new Map<string, object>();
  readonly #names = new Map<object, Map<string, string>>();

  nameOf(
    kind: "vrf" | "l2vpn",
    plain: string,
    { cluster, target }: { readonly cluster: NamedCluster; readonly target: NetBoxTarget },
  ): string {
    const own = this.#names.get(cluster.source) ?? new Map<string, string>();
    this.#names.set(cluster.source, own);
    const key = `${kind} ${plain}`;
    const known = own.get(key);
    if (known !== undefined) return known;
    const found = target.isKnown ? findNamed(target, kind, plain) : undefined;
    const isFree = !this.#holders.has(key) &&
      !(found !== undefined && "object" in found && isOfOthers(found.object, cluster));
    const name = isFree
      ? cutName(plain, MAX_LONG_NAME)
      : cutName(`${plain} (${cluster.source.called})`, MAX_LONG_NAME);
    if (isFree) this.#holders.set(key, cluster.source);
    own.set(key, name);
    return name;
  }
}

function isOfOthers(object: NetBoxObject, { hostTags }: NamedCluster): boolean {
  const tags = hostTagsOf(object);
  return tags.length > 0 && !tags.some((tag) => hostTags.has(tag));
}
