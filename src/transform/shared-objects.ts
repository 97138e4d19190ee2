/**
 * Objects that guests, nodes and clusters share: tags, platforms, VLANs and prefixes. Each is one
 * entity, made last, when everything that has it is known; custom fields, the cluster type and the
 * clusters are made with them.
 */
import { compareNatural } from "../base/natural-order.ts";
import type { TagRef } from "../netbox/types/fields.ts";
import { type PlatformRef, platformRef } from "../netbox/types/platform.ts";
import { GLOBAL_TAGS, tagRef } from "../netbox/types/tag.ts";
import type { AnswerRef } from "../run-folder/left-out.ts";
import { tagsOfHosts } from "./cluster.ts";
import { type Made, make, type MakeOptions } from "./made.ts";
import { CUSTOM_FIELDS } from "./mapping/custom-field.ts";
import type { Slugs } from "./slugs.ts";
import type { ClusterSource, Origin } from "./sources.ts";

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

export class SharedObjects {
  readonly tags: ObjectsByKey<TagRef>;
  readonly platforms: ObjectsByKey<PlatformRef>;
  readonly vlans: ObjectsByKey<{ readonly vid: number; readonly site: string }>;
  /** `answer` is the first that has it. */
  readonly prefixes: ObjectsByKey<
    { readonly network: string; readonly site: string; readonly answer: AnswerRef }
  >;
  readonly #withDevices = new Set<ClusterSource>();

  constructor(keepsOrigins: boolean) {
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

  seeVlan(vid: number, site: string, by: Sighting): void {
    this.vlans.see(`${vid} ${site}`, by, () => ({ vid, site }));
  }
}

/** Source: the mapping document, "Tag Colors"; NetBox takes six lower-case hex digits. */
const TAG_COLORS: Readonly<Record<(typeof GLOBAL_TAGS)[number], string>> = {
  "proxmox-ve": "e57000",
  "discovered": "198754",
};
const HOST_TAG_COLOR = "fd7e14";

export function makeShared(
  clusters: readonly ClusterSource[],
  shared: SharedObjects,
  slugs: Slugs,
): Made[] {
  const all = optionsOf(clusters, slugs);
  return [
    ...makeTags(clusters, shared, slugs),
    ...CUSTOM_FIELDS.map((field) => make("custom-field", field, all)),
    make("cluster-type", { tags: tagsOf(clusters) }, all),
    ...clusters.map((cluster) => make("cluster", cluster, optionsOf([cluster], slugs))),
    ...shared.platforms.inOrder().map((object) => {
      const { name } = object.value;
      const source = { name, slug: slugs.of("platform", name), ...holdersOf(object) };
      return make("platform", source, optionsOf(object.clusters, slugs));
    }),
    ...shared.vlans.inOrder().map((object) => {
      const source = { ...object.value, ...holdersOf(object) };
      return make("vlan", source, optionsOf(object.clusters, slugs));
    }),
    ...makePrefixes(shared, slugs),
  ];
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
  slugs: Slugs,
): Made[] {
  const made = new Map<string, Made>();
  const ofGuests = new Map(shared.tags.inOrder().map((object) => [object.value.name, object]));
  // A guest's tag that has the name of one of the others is one entity with it.
  const add = (name: string, holders: readonly ClusterSource[], color?: string): void => {
    if (made.has(name)) return;
    const { clusters: more = [], origins = [] } = ofGuests.get(name) ?? {};
    const source = { name, slug: slugs.of("tag", name), color, origins };
    made.set(name, make("tag", source, optionsOf([...holders, ...more], slugs)));
  };
  for (const name of GLOBAL_TAGS) add(name, clusters, TAG_COLORS[name]);
  for (const { hostTag } of clusters) {
    add(hostTag, clusters.filter((cluster) => cluster.hostTag === hostTag), HOST_TAG_COLOR);
  }
  for (const name of ofGuests.keys()) add(name, []);
  return [...made].sort(([a], [b]) => compareNatural(a, b)).map(([, tag]) => tag);
}

function makePrefixes(shared: SharedObjects, slugs: Slugs): Made[] {
  return networksOf(shared).flatMap(({ network, bySite, isUnscoped }) => {
    if (isUnscoped) {
      const clusters = [...new Set(bySite.flatMap((object) => object.clusters))];
      const origins = bySite.flatMap((object) => object.origins);
      const source = { network, site: undefined, ...holdersOf({ clusters, origins }) };
      return [make("prefix", source, optionsOf(clusters, slugs))];
    }
    return bySite.map((object) => {
      const source = { ...object.value, ...holdersOf(object) };
      return make("prefix", source, optionsOf(object.clusters, slugs));
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
function optionsOf(clusters: readonly ClusterSource[], slugs: Slugs): MakeOptions {
  const times = clusters.map(({ capturedAt }) => capturedAt);
  return { capturedAt: times.reduce((newest, time) => (time > newest ? time : newest), ""), slugs };
}
