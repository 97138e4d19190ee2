/**
 * Objects that guests, nodes and clusters share: tags, platforms, VRFs, VLAN groups, L2VPNs, VLANs and
 * prefixes. Each is one entity, made last, when everything that has it is known: see make-shared.ts.
 */
import type { Found } from "../netbox/objects.ts";
import { compareNatural } from "../base/natural-order.ts";
import type { TagRef } from "../netbox/types/fields.ts";
import type { L2VPNRef } from "../netbox/types/l2vpn.ts";
import { BY_NAME, type NetBoxObject, partOf } from "../netbox/types/object-type.ts";
import { type PlatformRef, platformRef } from "../netbox/types/platform.ts";
import { tagRef } from "../netbox/types/tag.ts";
import { vlanGroupKey, type VLANGroupRef } from "../netbox/types/vlan-group.ts";
import { NETBOX_VLAN, type VLANRef, vlanRef } from "../netbox/types/vlan.ts";
import { vrfKey, type VRFRef } from "../netbox/types/vrf.ts";
import type { AnswerRef } from "../run-folder/left-out.ts";
import type { Ledger } from "./ledger.ts";
import type { L2vpnFacts } from "./mapping/l2vpn.ts";
import type { ClusterSource, Origin } from "./sources.ts";
import { findNamed } from "./target/names.ts";
import { findVlan, findVlanIn } from "./target/network.ts";
import type { NetBoxTarget, Obstacle } from "./target/target.ts";

/** A thing that has the object, and its cluster. */
interface Sighting {
  readonly cluster: ClusterSource;
  readonly origin: Origin;
}

export interface SharedObject<Value> {
  readonly value: Value;
  /** Those that have it, in the order in which they came; mostly one. */
  readonly clusters: ClusterSource[];
  /** Every thing that has it, if origins are kept. */
  readonly origins: Origin[];
}

class ObjectsByKey<Value> {
  readonly #objects = new Map<string, SharedObject<Value>>();
  readonly #keepsOrigins: boolean;

  /** Origins hold answers: kept, they take the memory of the whole snapshot. */
  constructor(keepsOrigins: boolean) {
    this.#keepsOrigins = keepsOrigins;
  }

  /** `key` is the natural key: the order of the step, and what NetBox knows the object by. */
  see(key: string, { cluster, origin }: Sighting, make: () => Value): Value {
    let object = this.#objects.get(key);
    if (object === undefined) {
      object = { value: make(), clusters: [], origins: [] };
      this.#objects.set(key, object);
    }
    if (!object.clusters.includes(cluster)) object.clusters.push(cluster);
    if (this.#keepsOrigins) object.origins.push(origin);
    return object.value;
  }

  /** In natural order of the keys. */
  inOrder(): SharedObject<Value>[] {
    return [...this.#objects].sort(([a], [b]) => compareNatural(a, b)).map(([, object]) => object);
  }
}

/** A sighting that may leave a record. */
type RecordedSighting = Sighting & { readonly ledger: Ledger };

/** An object that is known by its name. */
export interface SharedNamed {
  readonly name: string;
  readonly found: Found | undefined;
}

export interface SharedPrefix {
  readonly network: string;
  readonly site: string;
  /** The first that has it. */
  readonly answer: AnswerRef;
  readonly vrf?: VRFRef | undefined;
  /** Name of an IPAM role. */
  readonly role?: string | undefined;
  vlan?: VLANRef | undefined;
}

/** A network in two routing tables is two prefixes. */
export function placeOfPrefix({ network, vrf }: Pick<SharedPrefix, "network" | "vrf">): string {
  return vrf === undefined ? network : `${network}\n${JSON.stringify(vrfKey(vrf))}`;
}

export interface SharedVlan {
  readonly vid: number;
  readonly site: string;
  /** That a rule names: the VLAN is the same at all sites. */
  readonly group: VLANGroupRef | undefined;
  /** Of the VNet that it carries; undefined: "VLAN 20". */
  readonly name?: string | undefined;
  /** What NetBox has of it. */
  readonly known: Found | Obstacle | undefined;
}

export class SharedObjects {
  readonly tags: ObjectsByKey<TagRef>;
  readonly platforms: ObjectsByKey<PlatformRef>;
  readonly vrfs: ObjectsByKey<SharedNamed>;
  readonly vlanGroups: ObjectsByKey<SharedNamed>;
  readonly l2vpns: ObjectsByKey<SharedNamed & L2vpnFacts>;
  readonly vlans: ObjectsByKey<SharedVlan>;
  readonly prefixes: ObjectsByKey<SharedPrefix>;
  /** Names of VRFs that addresses of the run are put into: known before the first node is read. */
  readonly ownVrfs = new Set<string>();
  /** Network → addresses in it that people put into a routing table. */
  readonly inVrf = new Map<string, NetBoxObject[]>();
  readonly #withDevices = new Set<ClusterSource>();
  readonly #target: NetBoxTarget;
  /** Kind and name → what NetBox has of it. */
  readonly #named = new Map<string, Found | Obstacle | undefined>();
  /** VLAN ID and site → its name. */
  readonly #vlanNames = new Map<string, string>();
  /** What NetBox has of a VLAN ID at a site, for a cluster, or in a VLAN group. */
  readonly #vlansIn = new Map<string, Found | Obstacle | undefined>();

  constructor(keepsOrigins: boolean, target: NetBoxTarget) {
    this.#target = target;
    this.tags = new ObjectsByKey(keepsOrigins);
    this.platforms = new ObjectsByKey(keepsOrigins);
    this.vrfs = new ObjectsByKey(keepsOrigins);
    this.vlanGroups = new ObjectsByKey(keepsOrigins);
    this.l2vpns = new ObjectsByKey(keepsOrigins);
    this.vlans = new ObjectsByKey(keepsOrigins);
    this.prefixes = new ObjectsByKey(keepsOrigins);
  }

  seeDevice(cluster: ClusterSource): void {
    this.#withDevices.add(cluster);
  }

  /**
   * The tags of what all devices share, complete after the first pass: the global ones and those of
   * all hosts. Every device must send the same ones: of entities that Diode applies in one batch, the
   * last one overwrites the tags that the others added, since the plugin merges with what it read
   * first. Source: netbox_diode_plugin/api/differ.py, prechange_data_from_instance.
   */
  deviceTags(): readonly TagRef[] {
    const clusters = [...this.#withDevices].sort((a, b) => compareNatural(a.hostTag, b.hostTag));
    const byName = new Map(clusters.flatMap(({ tags }) => tags).map((tag) => [tag.name, tag]));
    return [...byName.values()];
  }

  /** The tags of the cluster, a thing's own, and those of rules. */
  seeTags(own: readonly string[], by: Sighting): readonly TagRef[] {
    const { cluster: { tags: shared }, origin: { rules } } = by;
    const names = [...own, ...rules?.tags?.map(({ value }) => value) ?? []];
    if (names.length === 0) return shared;
    const tags = [...shared];
    for (const name of names) {
      const ref = this.tags.see(name, by, () => tagRef(name));
      if (!tags.some((other) => other.name === name)) tags.push(ref);
    }
    return tags;
  }

  seePlatform(name: string, by: Sighting): PlatformRef {
    const ref = platformRef(name);
    return this.platforms.see(ref.name, by, () => ref);
  }

  /** An address that people put into a routing table. */
  seeInVrf(network: string | undefined, address: NetBoxObject): void {
    if (network === undefined) return;
    const others = this.inVrf.get(network);
    if (others === undefined) this.inVrf.set(network, [address]);
    else others.push(address);
  }

  /** How entities name the VRF. undefined: NetBox has several, or would refuse it; that is in the ledger. */
  seeVrf(name: string, by: RecordedSighting): VRFRef | undefined {
    return this.#seeNamed(this.vrfs, { kind: "vrf", facts: { name } }, by) as VRFRef | undefined;
  }

  /** As `seeVrf`. */
  seeVlanGroup(name: string, by: RecordedSighting): VLANGroupRef | undefined {
    const seen = { kind: "vlan-group", facts: { name } } as const;
    return this.#seeNamed(this.vlanGroups, seen, by) as VLANGroupRef | undefined;
  }

  /** As `seeVrf`; the facts are those of the first sighting. */
  seeL2vpn(facts: L2vpnFacts, by: RecordedSighting): L2VPNRef | undefined {
    const stub = this.#seeNamed(this.l2vpns, { kind: "l2vpn", facts }, by);
    if (stub === undefined) return undefined;
    // NetBox requires a type of a new one.
    const isNew = this.#inNetBox("l2vpn", facts.name) === undefined;
    return isNew ? { name: facts.name, type: facts.type } : stub as L2VPNRef;
  }

  #seeNamed<Facts extends { readonly name: string }>(
    objects: ObjectsByKey<Facts & { readonly found: Found | undefined }>,
    { kind, facts }: { readonly kind: NamedKind; readonly facts: Facts },
    by: RecordedSighting,
  ): object | undefined {
    const { name } = facts;
    const found = this.#inNetBox(kind, name);
    if (found !== undefined && "reason" in found) {
      leave(kind, found, by);
      return undefined;
    }
    objects.see(name, by, () => ({ ...facts, found }));
    return found?.stub ?? { name };
  }

  #inNetBox(kind: NamedKind, name: string): Found | Obstacle | undefined {
    const key = `${kind} ${name}`;
    if (this.#target.isKnown && !this.#named.has(key)) {
      this.#named.set(key, findNamed(this.#target, kind, name));
    }
    return this.#named.get(key);
  }

  #vlanIn(
    { vid, site, group }: Pick<SharedVlan, "vid" | "site" | "group">,
    { found }: ClusterSource,
    inNetBox: Found | undefined,
  ): Found | Obstacle | undefined {
    if (!this.#target.isKnown) return undefined;
    const cluster = found?.object;
    const key = group === undefined
      ? `${vid} ${cluster?.id} ${site}`
      : placeOfVlan({ vid, site, group });
    if (!this.#vlansIn.has(key)) {
      const known = group === undefined
        ? findVlan(this.#target, { vid, site, cluster })
        : findVlanIn(this.#target, vid, inNetBox);
      this.#vlansIn.set(key, known ?? this.#target.refusal(NETBOX_VLAN));
    }
    return this.#vlansIn.get(key);
  }

  /** undefined: NetBox has several that fit, or would refuse it; that is in the ledger. */
  seeVlan(
    vid: number,
    site: string,
    { part = "vlan", ...by }: RecordedSighting & {
      /** Which of the thing's VLANs, for the record. */
      readonly part?: string;
    },
  ): VLANRef | undefined {
    const wanted = by.origin.rules?.vlan_group?.value;
    const inNetBox = wanted === undefined ? undefined : this.#inNetBox("vlan-group", wanted);
    const group = wanted === undefined ? undefined : this.seeVlanGroup(wanted, by);
    if (inNetBox !== undefined && "reason" in inNetBox) {
      leave(part, inNetBox, by);
      return undefined;
    }
    const known = this.#vlanIn({ vid, site, group }, by.cluster, inNetBox);
    const seen = { vid, site, group, known, name: this.#vlanName({ vid, site }, inNetBox) };
    // A VLAN group may be for one cluster: others have another VLAN then.
    const id = known !== undefined && "object" in known ? ` ${known.object.id}` : "";
    const { name } = this.vlans.see(`${placeOfVlan(seen)}${id}`, by, () => seen);
    if (known === undefined) return vlanRef(vid, group ?? site, name);
    if ("object" in known) return known.stub as VLANRef;
    leave(part, known, by);
    return undefined;
  }

  /** Before the first thing names the VLAN. */
  nameVlan(vid: number, site: string, name: string): void {
    const key = `${vid} ${site}`;
    if (!this.#vlanNames.has(key)) this.#vlanNames.set(key, name);
  }

  /** NetBox takes a name once in a VLAN group. */
  #vlanName(
    { vid, site }: Pick<SharedVlan, "vid" | "site">,
    group: Found | undefined,
  ): string | undefined {
    const name = this.#vlanNames.get(`${vid} ${site}`);
    const isTaken = name !== undefined && group !== undefined &&
      this.#target.objects.having(NETBOX_VLAN, BY_NAME, name)
        .some((vlan) => partOf(vlan, "group", "id") === group.object.id);
    return isTaken ? undefined : name;
  }

  seePrefix(prefix: SharedPrefix, by: Sighting): void {
    const key = `${placeOfPrefix(prefix)} ${prefix.site}`;
    const seen = this.prefixes.see(key, by, () => ({ ...prefix }));
    // A node has an address in the network of a VNet.
    seen.vlan ??= prefix.vlan;
  }
}

type NamedKind = "vrf" | "vlan-group" | "l2vpn";

/** A record about what a thing names. */
function leave(
  part: string,
  { reason, detail }: Obstacle,
  { ledger, origin: { subject } }: RecordedSighting,
): void {
  ledger.leave({ ...subject, what: `${subject.what}/${part}` }, reason, { detail });
}

/** A site has a VLAN ID once, and a VLAN group too. */
export function placeOfVlan(
  { vid, site, group }: Pick<SharedVlan, "vid" | "site" | "group">,
): string {
  return group === undefined ? `${vid} ${site}` : `${vid}\n${JSON.stringify(vlanGroupKey(group))}`;
}
