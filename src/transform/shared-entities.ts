/** The steps whose objects all nodes and clusters share: made last, when all that hold them are known. */
import type { ClusterSource } from "./sources.ts";
import { tagsOfHosts } from "./cluster.ts";
import type { SharedTables } from "./context.ts";
import { type Held, newestCapture } from "./shared.ts";
import { GLOBAL_TAGS } from "../netbox/types/global-tags.ts";
import { compareNatural } from "../base/natural-order.ts";
import type { AnswerRef } from "../run-folder/left-out.ts";
import type { TagRef } from "../netbox/types/schema.ts";
import { CUSTOM_FIELDS } from "./mapping/custom-field.ts";
import { type Made, make, type MakeOptions } from "./made.ts";
import type { Slugs } from "./slugs.ts";
import { tagRef } from "../netbox/types/stubs.ts";

/** Source: the mapping document, "Tag Colors"; NetBox takes six lower-case hex digits. */
const TAG_COLORS: Readonly<Record<(typeof GLOBAL_TAGS)[number], string>> = {
  "proxmox-ve": "e57000",
  "discovered": "198754",
};
const HOST_TAG_COLOR = "fd7e14";

/** Tags, custom fields, cluster type, clusters, platforms, VLANs and prefixes. */
export function makeShared(
  clusters: readonly ClusterSource[],
  tables: SharedTables,
  slugs: Slugs,
): Made[] {
  const all = optionsOf(clusters, slugs);
  const tags = tagsOf(clusters);
  return [
    ...makeTags(clusters, tables, slugs),
    ...CUSTOM_FIELDS.map((field) => make("custom-field", field, all)),
    make("cluster-type", { tags }, all),
    ...clusters.map((cluster) => make("cluster", cluster, optionsOf([cluster], slugs))),
    ...tables.platforms.inOrder().map((held) => {
      const { name } = held.value;
      const source = { name, slug: slugs.of("platform", name), ...heldBy(held) };
      return make("platform", source, optionsOf(held.clusters, slugs));
    }),
    ...tables.vlans.inOrder().map((held) =>
      make("vlan", { ...held.value, ...heldBy(held) }, optionsOf(held.clusters, slugs))
    ),
    ...makePrefixes(tables, slugs),
  ];
}

/** The static entities of the mapping document's bootstrap mode. */
export function makeBootstrap(capturedAt: string): Made[] {
  const tags = GLOBAL_TAGS.map((name) =>
    make("tag", { name, slug: undefined, color: TAG_COLORS[name], origins: [] }, { capturedAt })
  );
  return [
    ...tags.toSorted((a, b) => compareNatural(nameOf(a), nameOf(b))),
    ...CUSTOM_FIELDS.map((field) => make("custom-field", field, { capturedAt })),
    make("cluster-type", { tags: GLOBAL_TAGS.map(tagRef) }, { capturedAt }),
  ];
}

/** Networks that stand in several sites: one prefix, without a scope. `answer` is one that has it. */
export function unscopedPrefixes(
  tables: SharedTables,
): { readonly network: string; readonly sites: readonly string[]; readonly answer: AnswerRef }[] {
  return [...sitesByNetwork(tables)].flatMap(([network, { bySite, isUnscoped }]) => {
    const [first] = bySite;
    if (first === undefined || !isUnscoped) return [];
    return [{ network, sites: bySite.map(({ value }) => value.site), answer: first.value.answer }];
  });
}

function makeTags(
  clusters: readonly ClusterSource[],
  tables: SharedTables,
  slugs: Slugs,
): Made[] {
  const made = new Map<string, Made>();
  const ofGuests = tables.tags.inOrder();
  const heldByGuests = new Map(ofGuests.map((held) => [held.value.name, held]));
  // A guest tag that is named like one of the others is one entity with it.
  const add = (name: string, holders: readonly ClusterSource[], color?: string): void => {
    if (made.has(name)) return;
    const { clusters: more = [], origins = [] } = heldByGuests.get(name) ?? {};
    const source = { name, slug: slugs.of("tag", name), color, origins };
    made.set(name, make("tag", source, optionsOf([...holders, ...more], slugs)));
  };
  for (const name of GLOBAL_TAGS) add(name, clusters, TAG_COLORS[name]);
  for (const cluster of clusters) {
    add(
      cluster.hostTag,
      clusters.filter(({ hostTag }) => hostTag === cluster.hostTag),
      HOST_TAG_COLOR,
    );
  }
  for (const { value } of ofGuests) add(value.name, []);
  return [...made].sort(([a], [b]) => compareNatural(a, b)).map(([, tag]) => tag);
}

function makePrefixes(tables: SharedTables, slugs: Slugs): Made[] {
  return [...sitesByNetwork(tables)].flatMap(([network, { bySite, isUnscoped }]) => {
    if (isUnscoped) {
      const clusters = [...new Set(bySite.flatMap((held) => held.clusters))];
      const origins = bySite.flatMap((held) => held.origins);
      const source = { network, site: undefined, ...heldBy({ clusters, origins }) };
      return [make("prefix", source, optionsOf(clusters, slugs))];
    }
    return bySite.map((held) =>
      make("prefix", { ...held.value, ...heldBy(held) }, optionsOf(held.clusters, slugs))
    );
  });
}

interface Network {
  readonly bySite: ReturnType<SharedTables["prefixes"]["inOrder"]>;
  readonly isUnscoped: boolean;
}

/** In natural order of networks, then sites. */
function sitesByNetwork(tables: SharedTables): Map<string, Network> {
  const networks = Map.groupBy(tables.prefixes.inOrder(), ({ value }) => value.network);
  return new Map(
    [...networks].map(([network, bySite]) => {
      const holders = bySite.flatMap(({ clusters }) => clusters);
      const perSite = holders.some(({ policy }) => policy.prefixScope === "site");
      return [network, { bySite, isUnscoped: bySite.length > 1 && !perSite }];
    }),
  );
}

function heldBy({ clusters, origins }: Omit<Held<unknown>, "value">) {
  return { tags: tagsOf(clusters), origins };
}

/** The global tags and those of all hosts that hold the object, sorted. */
function tagsOf(clusters: readonly ClusterSource[]): TagRef[] {
  return tagsOfHosts(clusters.map(({ hostTag }) => hostTag).sort(compareNatural));
}

function optionsOf(clusters: readonly ClusterSource[], slugs: Slugs): MakeOptions {
  return { capturedAt: newestCapture(clusters), slugs };
}

function nameOf(made: Made): string {
  return "name" in made.entity && typeof made.entity.name === "string" ? made.entity.name : "";
}
