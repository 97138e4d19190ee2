/** Of the types with many objects, those that the entities of a run can meet. */
import pMap from "p-map";
import { autoSlug } from "../names.ts";
import { CLUSTER_TYPE_NAME } from "../types/cluster-type.ts";
import { type NetBoxObject, partOf, textOf } from "../types/object-type.ts";
import type { SurveyedName, SurveyedType } from "../types/surveyed.ts";
import type { NetBox, Query } from "./client.ts";
import { fieldsQuery, type StartedList, startList } from "./pages.ts";
import { queriesOf } from "./queries.ts";

/** What the entities of a run are found by. */
export interface RunKeys {
  readonly vids: ReadonlySet<string>;
  readonly nodes: ReadonlySet<string>;
  readonly clusters: ReadonlySet<string>;
  readonly hostTags: ReadonlySet<string>;
  readonly prefixes: ReadonlySet<string>;
  /** Without masks. */
  readonly addresses: ReadonlySet<string>;
}

/** The objects of a type that was read before. */
export type EarlierObjects = (name: SurveyedName) => AsyncIterable<readonly NetBoxObject[]>;

type Queries = (keys: RunKeys, earlier: EarlierObjects) => Promise<readonly Query[]>;

/** TABLE: type → the queries that find its objects; other types are read completely. */
const QUERIES: Partial<Readonly<Record<SurveyedName, Queries>>> = {
  "vlan": async ({ vids }) => [...queriesOf("vid", vids)],
  "device": async ({ nodes, hostTags }, earlier) => [
    ...queriesOf("name__ie", nodes),
    // As an FQDN.
    ...queriesOf("name__isw", [...nodes].map((node) => `${node}.`)),
    // NetBox finds only objects that have all the tags of a query.
    ...(await slugsOf(hostTags, earlier)).map((slug): Query => [["tag", slug]]),
  ],
  "interface": async (_, earlier) => [...queriesOf("device_id", await idsOf("device", earlier))],
  "virtual-machine": inClusters,
  "vm-interface": inClusters,
  "virtual-disk": async (_, earlier) => [
    ...queriesOf("virtual_machine_id", await idsOf("virtual-machine", earlier)),
  ],
  "prefix": async ({ prefixes }) => [...queriesOf("prefix", prefixes)],
  "ip-address": async ({ addresses }, earlier) => [
    ...queriesOf("address", addresses),
    ...queriesOf("device_id", await idsOf("device", earlier)),
    ...queriesOf("virtual_machine_id", await idsOf("virtual-machine", earlier)),
  ],
};

export interface RunScope {
  readonly keys: RunKeys;
  readonly earlier: EarlierObjects;
  /** Only objects with a higher id; 0: all. */
  readonly after: number;
  /** Requests under way at once. */
  readonly concurrency: number;
}

/**
 * The objects of a type, by id, each once; their number is not known before they are read. undefined: the type is to
 * be read completely.
 */
export function scopedList(
  netbox: NetBox,
  { name, type: { path }, keys: fields }: SurveyedType,
  { keys, earlier, after, concurrency }: RunScope,
): StartedList | undefined {
  const queriesOfType = QUERIES[name];
  if (queriesOfType === undefined) return undefined;
  return {
    count: 0,
    async *objects() {
      const found = new Map<number, NetBoxObject>();
      const queries = await queriesOfType(keys, earlier);
      // A single query, such as for a cluster, may have many pages.
      const pagesAtOnce = queries.length === 1 ? concurrency : 1;
      await pMap(queries, async (query) => {
        const list = await startList(netbox, {
          path,
          query: [...query, fieldsQuery(fields)],
          after,
          concurrency: pagesAtOnce,
        });
        for await (const objects of list.objects()) {
          for (const object of objects) found.set(object.id, object);
        }
      }, { concurrency });
      yield [...found.values()].sort((a, b) => a.id - b.id);
    },
  };
}

/** Of the run's clusters, by name in any case, by type or by a host tag: the name may have changed in NetBox. */
async function inClusters(
  { clusters, hostTags }: RunKeys,
  earlier: EarlierObjects,
): Promise<readonly Query[]> {
  const names = new Set([...clusters].map((name) => name.toLowerCase()));
  const types = new Set(
    await idsOf(
      "cluster-type",
      earlier,
      ({ name, slug }) => name === CLUSTER_TYPE_NAME || slug === autoSlug(CLUSTER_TYPE_NAME),
    ),
  );
  const ids = await idsOf(
    "cluster",
    earlier,
    (cluster) =>
      names.has(String(cluster["name"]).toLowerCase()) ||
      types.has(String(partOf(cluster, "type", "id"))) ||
      tagsOf(cluster).some((tag) => hostTags.has(tag)),
  );
  return [...queriesOf("cluster_id", ids)];
}

async function idsOf(
  name: SurveyedName,
  earlier: EarlierObjects,
  isMeant: (object: NetBoxObject) => boolean = () => true,
): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const objects of earlier(name)) {
    for (const object of objects) if (isMeant(object)) ids.push(String(object.id));
  }
  return ids;
}

async function slugsOf(
  tags: ReadonlySet<string>,
  earlier: EarlierObjects,
): Promise<readonly string[]> {
  const slugs: string[] = [];
  for await (const objects of earlier("tag")) {
    for (const { name, slug } of objects) {
      if (tags.has(String(name)) && textOf(slug) !== null) slugs.push(String(slug));
    }
  }
  return slugs;
}

function tagsOf({ tags }: NetBoxObject): readonly string[] {
  return Array.isArray(tags) ? tags.map((tag) => String(partOf(tag, "name"))) : [];
}
