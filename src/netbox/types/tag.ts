/** extras.Tag: the tags of guests, and the tags that every object of a cluster has. */
import { type Cluster, type ClusterIdentity, clusterKey } from "./cluster.ts";
import { type TagRef, textField } from "./fields.ts";
import { BY_NAME_THEN_SLUG, hasSlug, NAMED, type Named, type WithSlug } from "./object-type.ts";
import { type EntityType } from "./entity-type.ts";
import { type ObjectOf, optional } from "./shape.ts";
import type { VirtualMachine } from "./virtual-machine.ts";

const FIELDS = {
  name: textField(),
  slug: optional(textField()),
  color: optional(textField({ definition: "/^[0-9a-f]{6}$/" })),
};
export type Tag = ObjectOf<typeof FIELDS>;

export const NETBOX_TAG = {
  model: "Tag",
  path: "extras/tags",
  plural: "tags",
  fields: FIELDS,
  ...NAMED,
  sortedBy: ({ name }: Named) => [name],
  reads: ["name", "slug", "object_types"],
  filters: BY_NAME_THEN_SLUG,
  resembles: hasSlug,
} satisfies EntityType<WithSlug>;

export function tagRef(name: string): TagRef {
  return { name };
}

/** Every object of every run has them. Source: the mapping document, "Global Tags". */
export const GLOBAL_TAGS = ["proxmox-ve", "discovered"] as const;

export const HOST_TAG_PREFIX = "proxmox-";

/** One flat string: every entity has it, and JSON.stringify is slow with concatenated ones. */
export function hostTagName(host: string): string {
  return [HOST_TAG_PREFIX, host].join("");
}

/**
 * The host tags of a run, as its cluster entities name them. Lookup by name, not by position: files of
 * other programs have tags in any order. Kept by cluster: a guest may have a tag of its own that is
 * named like the host tag of another cluster.
 */
export class HostTags {
  /** Key of a cluster → its host tags; a single one in what `transform` wrote. */
  readonly #ofCluster = new Map<string, ReadonlySet<string>>();

  add(cluster: Cluster): void {
    const names = tagsIn(cluster).map(({ name }) => name).filter((name) =>
      name.startsWith(HOST_TAG_PREFIX) && !isGlobal(name)
    );
    this.#ofCluster.set(textOfKey(cluster), new Set(names));
  }

  /** The tag that all objects of one cluster have: "proxmox-pve1". */
  ofCluster(cluster: ClusterIdentity): string | undefined {
    const [first] = this.#of(cluster);
    return first;
  }

  /** The host tag among a device's tags. A device does not name its cluster, and has no tags of its own. */
  among(tags: readonly TagRef[]): string | undefined {
    const all = [...this.#ofCluster.values()];
    return tags.find(({ name }) => all.some((names) => names.has(name)))?.name;
  }

  /** Without the global tags and the host tag. A guest's tag of the same name is the same tag. */
  ownTags(machine: Pick<VirtualMachine, "cluster" | "tags">): readonly TagRef[] {
    const hosts = this.#of(machine.cluster);
    return tagsIn(machine).filter(({ name }) => !isGlobal(name) && !hosts.has(name));
  }

  #of(cluster: ClusterIdentity): ReadonlySet<string> {
    return this.#ofCluster.get(textOfKey(cluster)) ?? new Set();
  }
}

function textOfKey(cluster: ClusterIdentity): string {
  return JSON.stringify(clusterKey(cluster));
}

/** Protobuf JSON leaves out an empty list. */
function tagsIn({ tags }: { readonly tags?: readonly TagRef[] }): readonly TagRef[] {
  return tags ?? [];
}

function isGlobal(name: string): boolean {
  return (GLOBAL_TAGS as readonly string[]).includes(name);
}
