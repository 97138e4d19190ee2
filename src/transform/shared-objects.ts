/**
 * Objects that guests, nodes and clusters share: tags, platforms, VLANs and prefixes. Each is one
 * entity, made last, when everything that has it is known; custom fields, the cluster type and the
 * clusters are made with them.
 */
import type { Found } from "../netbox/objects.ts";
import { compareNatural } from "../base/natural-order.ts";
import type { TagRef } from "../netbox/types/fields.ts";
import { CLUSTER_TYPE_NAME } from "../netbox/types/cluster-type.ts";
import { NETBOX_CUSTOM_FIELD } from "../netbox/types/custom-field.ts";
import { BY_NAME, type NetBoxObject, partOf } from "../netbox/types/object-type.ts";
import { ENTITY_TYPES, entitySortKey } from "../netbox/types/order.ts";
import { NETBOX_PREFIX } from "../netbox/types/prefix.ts";
import { type PlatformRef, platformRef } from "../netbox/types/platform.ts";
import type { StepName } from "../netbox/types/steps.ts";
import { GLOBAL_TAGS, tagRef } from "../netbox/types/tag.ts";
import { NETBOX_VLAN, type VLANRef, vlanRef } from "../netbox/types/vlan.ts";
import type { AnswerRef } from "../run-folder/left-out.ts";
import { tagsOfHosts } from "./cluster.ts";
import type { Ledger } from "./ledger.ts";
import { type Made, make, type MakeOptions } from "./made.ts";
import { CUSTOM_FIELDS, type CustomFieldSource } from "./mapping/custom-field.ts";
import type { Slugs } from "./slugs.ts";
import type { ClusterSource, Origin } from "./sources.ts";
import { findPrefix, findVlan } from "./target/network.ts";
import { nameOf, type NetBoxTarget, type Obstacle } from "./target/target.ts";

/** A thing that has the object, and its cluster. */
interface Sighting {
  readonly cluster: ClusterSource;
  readonly origin: Origin;
}

interface SharedObject<Value> {
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

interface KnownVlan {
  readonly vid: number;
  readonly site: string;
  /** What NetBox has of it. */
  readonly known: Found | Obstacle | undefined;
}

export class SharedObjects {
  readonly tags: ObjectsByKey<TagRef>;
  readonly platforms: ObjectsByKey<PlatformRef>;
  readonly vlans: ObjectsByKey<KnownVlan>;
  /** `answer` is the first that has it. */
  readonly prefixes: ObjectsByKey<
    { readonly network: string; readonly site: string; readonly answer: AnswerRef }
  >;
  /** Network → addresses in it that NetBox has in a routing table. */
  readonly inVrf = new Map<string, NetBoxObject[]>();
  readonly #withDevices = new Set<ClusterSource>();
  readonly #target: NetBoxTarget;
  /** What NetBox has of a VLAN ID at a site, for a cluster. */
  readonly #vlansIn = new Map<string, Found | Obstacle | undefined>();

  constructor(keepsOrigins: boolean, target: NetBoxTarget) {
    this.#target = target;
    this.tags = new ObjectsByKey(keepsOrigins);
    this.platforms = new ObjectsByKey(keepsOrigins);
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

  seePlatform(name: string, by: Sighting): PlatformRef {
    const ref = platformRef(name);
    return this.platforms.see(ref.name, by, () => ref);
  }

  seeVrf(network: string | undefined, address: NetBoxObject): void {
    if (network === undefined) return;
    const others = this.inVrf.get(network);
    if (others === undefined) this.inVrf.set(network, [address]);
    else others.push(address);
  }

  #vlanIn(vid: number, site: string, { found }: ClusterSource): Found | Obstacle | undefined {
    if (!this.#target.isKnown) return undefined;
    const cluster = found?.object;
    const key = `${vid} ${cluster?.id} ${site}`;
    if (!this.#vlansIn.has(key)) {
      const known = findVlan(this.#target, { vid, site, cluster });
      this.#vlansIn.set(key, known ?? this.#target.refusal(NETBOX_VLAN));
    }
    return this.#vlansIn.get(key);
  }

  /** undefined: NetBox has several that fit, or would refuse it; that is in the ledger. */
  seeVlan(
    vid: number,
    site: string,
    { ledger, ...by }: Sighting & { readonly ledger: Ledger },
  ): VLANRef | undefined {
    const known = this.#vlanIn(vid, site, by.cluster);
    // A VLAN group may be for one cluster: others have another VLAN then.
    const id = known !== undefined && "object" in known ? ` ${known.object.id}` : "";
    this.vlans.see(`${vid} ${site}${id}`, by, () => ({ vid, site, known }));
    if (known === undefined) return vlanRef(vid, site);
    if ("object" in known) return known.stub as VLANRef;
    const { subject } = by.origin;
    ledger.leave({ ...subject, what: `${subject.what}/vlan` }, known.reason, {
      detail: known.detail,
    });
    return undefined;
  }
}

/** Source: the mapping document, "Tag Colors"; NetBox takes six lower-case hex digits. */
const TAG_COLORS: Readonly<Record<(typeof GLOBAL_TAGS)[number], string>> = {
  "proxmox-ve": "e57000",
  "discovered": "198754",
};
const HOST_TAG_COLOR = "fd7e14";

/** What shared objects are written by. */
interface Names {
  readonly slugs: Slugs;
  readonly target: NetBoxTarget;
}

export function makeShared(
  clusters: readonly ClusterSource[],
  { shared, target }: { readonly shared: SharedObjects; readonly target: NetBoxTarget },
  { slugs, ledger }: { readonly slugs: Slugs; readonly ledger: Ledger },
): Made[] {
  const names = { slugs, target };
  const noteName = (what: string, detail: string): void => {
    const [cluster] = clusters;
    if (cluster !== undefined) ledger.note({ ...cluster.subject, what }, "keeps-name", detail);
  };
  const all = optionsOf(clusters, names);
  const accepted = (made: Made, what: string, [cluster] = clusters): Made[] => {
    const refusal = target.refusal(ENTITY_TYPES[made.step], made.found);
    if (refusal === undefined || cluster === undefined) return [made];
    ledger.leave({ ...cluster.subject, what }, refusal.reason, { detail: refusal.detail });
    return [];
  };
  return [
    ...makeTags(clusters, shared, { ...names, ledger, noteName }),
    ...CUSTOM_FIELDS.flatMap((field) => makeCustomField(field, all, { target, ledger, clusters })),
    ...accepted(
      make("cluster-type", {
        tags: tagsOf(clusters),
        found: slugs.found("cluster-type", CLUSTER_TYPE_NAME),
      }, all),
      `cluster-type/${CLUSTER_TYPE_NAME}`,
    ),
    ...clusters.flatMap((cluster) =>
      accepted(make("cluster", cluster, optionsOf([cluster], names)), cluster.subject.what, [
        cluster,
      ])
    ),
    ...sorted(
      "platform",
      shared.platforms.inOrder().flatMap((object) => {
        const { name } = object.value;
        const source = { ...namingOf("platform", name, slugs), ...holdersOf(object) };
        if (source.found !== undefined && nameOf(source.found.object) !== name) {
          noteName(`platform/${name}`, `${name} → ${nameOf(source.found.object)}`);
        }
        return accepted(
          make("platform", source, optionsOf(object.clusters, names)),
          `platform/${name}`,
        );
      }),
    ),
    ...sorted(
      "vlan",
      makeVlans(shared, names).flatMap(({ made, vid }) => accepted(made, `vlan/${vid}`)),
    ),
    ...sorted("prefix", makePrefixes(shared, names, ledger)),
  ];
}

function namingOf(kind: "platform" | "tag", name: string, slugs: Slugs) {
  return { name, slug: slugs.of(kind, name), found: slugs.found(kind, name) };
}

/** Names of NetBox may be in another order than those of Proxmox VE. */
function sorted(step: StepName, made: readonly Made[]): Made[] {
  const keyOf = ({ entity }: Made): string => (entitySortKey(step, entity) ?? []).join(" ");
  return made.toSorted((a, b) => compareNatural(keyOf(a), keyOf(b)));
}

/** Left out where NetBox has a custom field of this name and of another type. */
function makeCustomField(
  field: CustomFieldSource,
  options: MakeOptions,
  { target, ledger, clusters: [cluster] }: {
    readonly target: NetBoxTarget;
    readonly ledger: Ledger;
    readonly clusters: readonly ClusterSource[];
  },
): Made[] {
  const [object] = target.objects.having(NETBOX_CUSTOM_FIELD, BY_NAME, field.name);
  if (object === undefined) return [make("custom-field", field, options)];
  const found = target.found(NETBOX_CUSTOM_FIELD, object);
  const type = partOf(object, "type", "value");
  if (type === field.type) return [make("custom-field", { ...field, found }, options)];
  if (cluster !== undefined) {
    const subject = { ...cluster.subject, what: `custom-field/${field.name}` };
    const place = target.placeOf(NETBOX_CUSTOM_FIELD, object);
    ledger.leave(subject, "other-kind", { detail: `${type} instead of ${field.type}, ${place}` });
  }
  return [];
}

/** VLANs of several sites may be one VLAN of NetBox. */
function makeVlans(
  shared: SharedObjects,
  names: Names,
): { readonly made: Made; readonly vid: number }[] {
  const objects = shared.vlans.inOrder().filter(({ value: { known } }) =>
    known === undefined || "object" in known
  );
  const keyOf = ({ value: { known, vid, site } }: SharedObject<KnownVlan>): unknown =>
    known !== undefined && "object" in known ? known.object : `${vid} ${site}`;
  return [...Map.groupBy(objects, keyOf).values()].map((same) => {
    const [first] = same as [SharedObject<KnownVlan>];
    const clusters = [...new Set(same.flatMap((object) => object.clusters))];
    const origins = same.flatMap((object) => object.origins);
    const { vid, site, known } = first.value;
    const found = known !== undefined && "object" in known ? known : undefined;
    const source = { vid, site, found, ...holdersOf({ clusters, origins }) };
    return { made: make("vlan", source, optionsOf(clusters, names)), vid };
  });
}

/** The static entities of the mapping document's bootstrap mode. */
export function makeBootstrap(capturedAt: string): Made[] {
  return [
    ...GLOBAL_TAGS.toSorted(compareNatural).map((name) => {
      const source = { name, slug: undefined, color: TAG_COLORS[name], origins: [] };
      return make("tag", source, { capturedAt });
    }),
    ...CUSTOM_FIELDS.map((field) => make("custom-field", field, { capturedAt })),
    make("cluster-type", { tags: GLOBAL_TAGS.map(tagRef) }, { capturedAt }),
  ];
}

function makeTags(
  clusters: readonly ClusterSource[],
  shared: SharedObjects,
  names: Names & {
    readonly ledger: Ledger;
    readonly noteName: (what: string, detail: string) => void;
  },
): Made[] {
  const { slugs, target, ledger, noteName } = names;
  const made = new Map<string, Made>();
  const ofGuests = new Map(shared.tags.inOrder().map((object) => [object.value.name, object]));
  // A guest's tag that has the name of one of the others is one entity with it.
  const add = (name: string, holders: readonly ClusterSource[], color?: string): void => {
    if (made.has(name)) return;
    const { clusters: more = [], origins = [] } = ofGuests.get(name) ?? {};
    const source = { ...namingOf("tag", name, slugs), color, origins };
    const options = optionsOf([...holders, ...more], names);
    made.set(name, make("tag", source, options));
    const { found } = source;
    if (found !== undefined && nameOf(found.object) !== name) {
      noteName(`tag/${name}`, `${name} → ${nameOf(found.object)}`);
    }
    const limit = target.limitOf(found === undefined ? name : nameOf(found.object));
    const [holder = clusters[0]] = [...holders, ...more];
    if (limit === undefined || holder === undefined) return;
    const subject = { ...holder.subject, what: `tag/${name}` };
    ledger.leave(subject, limit.reason, { detail: limit.detail });
  };
  for (const name of GLOBAL_TAGS) add(name, clusters, TAG_COLORS[name]);
  for (const { hostTag } of clusters) {
    add(hostTag, clusters.filter((cluster) => cluster.hostTag === hostTag), HOST_TAG_COLOR);
  }
  for (const name of ofGuests.keys()) add(name, []);
  return sorted("tag", [...made.values()]);
}

function makePrefixes(shared: SharedObjects, names: Names, ledger: Ledger): Made[] {
  return networksOf(shared).flatMap(({ network, bySite, isUnscoped }) => {
    const groups = isUnscoped ? [bySite] : bySite.map((object) => [object]);
    const prefixes = groups.map((group) => {
      const [{ value: { site, answer } }] = group as [typeof bySite[0]];
      const scope = isUnscoped ? undefined : site;
      const found = findPrefix(names.target, network, {
        site: scope,
        addresses: shared.inVrf.get(network) ?? [],
      });
      const refusal = found === undefined || "object" in found
        ? names.target.refusal(NETBOX_PREFIX, found)
        : undefined;
      return { group, scope, answer, known: refusal ?? found };
    });
    // NetBox may have one prefix for several sites.
    const keyOf = ({ known, scope }: (typeof prefixes)[0]): unknown =>
      known !== undefined && "object" in known ? known.object : scope;
    return [...Map.groupBy(prefixes, keyOf).values()].flatMap((same) => {
      const [{ scope, answer, known }] = same as [(typeof prefixes)[0]];
      if (known !== undefined && !("object" in known)) {
        const subject = { what: `prefix/${network}`, answer };
        ledger.leave(subject, known.reason, { detail: known.detail });
        return [];
      }
      const all = same.flatMap(({ group }) => group);
      const clusters = [...new Set(all.flatMap((object) => object.clusters))];
      const origins = all.flatMap((object) => object.origins);
      const source = { network, site: scope, found: known, ...holdersOf({ clusters, origins }) };
      return [make("prefix", source, optionsOf(clusters, names))];
    });
  });
}

/** Networks of several sites: one prefix, without a scope. `answer` is one that has it. */
export function unscopedPrefixes(
  shared: SharedObjects,
): { readonly network: string; readonly sites: readonly string[]; readonly answer: AnswerRef }[] {
  return networksOf(shared).flatMap(({ network, bySite, isUnscoped }) => {
    const [first] = bySite;
    if (first === undefined || !isUnscoped) return [];
    return [{ network, sites: bySite.map(({ value }) => value.site), answer: first.value.answer }];
  });
}

/** In natural order of networks, then sites. */
function networksOf(shared: SharedObjects) {
  const networks = Map.groupBy(shared.prefixes.inOrder(), ({ value }) => value.network);
  return [...networks].map(([network, bySite]) => {
    const clusters = bySite.flatMap((object) => object.clusters);
    const perSite = clusters.some(({ policy }) => policy.prefixScope === "site");
    return { network, bySite, isUnscoped: bySite.length > 1 && !perSite };
  });
}

function holdersOf({ clusters, origins }: Omit<SharedObject<unknown>, "value">) {
  return { tags: tagsOf(clusters), origins };
}

/** The global tags and those of all hosts, sorted. */
function tagsOf(clusters: readonly ClusterSource[]): TagRef[] {
  return tagsOfHosts(clusters.map(({ hostTag }) => hostTag).sort(compareNatural));
}

/** An object has the newest time at which any of its clusters was captured. */
function optionsOf(clusters: readonly ClusterSource[], names: Names): MakeOptions {
  const times = clusters.map(({ capturedAt }) => capturedAt);
  const capturedAt = times.reduce((newest, time) => (time > newest ? time : newest), "");
  return { capturedAt, ...names };
}
