/** The tags that every object of a cluster has, and which tags of a machine are its own. */
import { naturalKey } from "./natural-key.ts";
import type { Cluster, ClusterRef, TagRef, VirtualMachine } from "./schema.ts";

/** Of every run. Source: the mapping document, "Global Tags". */
export const GLOBAL_TAGS = ["proxmox-ve", "discovered"] as const;

const HOST_TAG_PREFIX = "proxmox-";

/** In one piece: every entity has it, and JSON.stringify is slow with texts that were put together. */
export function hostTagName(host: string): string {
  return [HOST_TAG_PREFIX, host].join("");
}

/**
 * The host tags of a run, as its cluster entities name them. By name and not by place: files that
 * another program made, such as with a Diode SDK, have them in any order. By cluster: a guest may
 * have a tag of its own that is called like the host tag of another cluster.
 */
export class HostTags {
  /** Natural key of a cluster → its host tags; one, in what `transform` made. */
  readonly #ofCluster = new Map<string, ReadonlySet<string>>();

  add(cluster: Cluster): void {
    const names = tagsIn(cluster).map(({ name }) => name).filter((name) =>
      name.startsWith(HOST_TAG_PREFIX) && !isGlobal(name)
    );
    this.#ofCluster.set(naturalKey("cluster", cluster), new Set(names));
  }

  /** What clusters, devices and machines of one host have in common: "proxmox-pve1". */
  ofCluster(cluster: ClusterRef): string | undefined {
    const [first] = this.#of(cluster);
    return first;
  }

  /** Of a device, which does not name its cluster; it has no tags of its own. */
  among(tags: readonly TagRef[]): string | undefined {
    const all = [...this.#ofCluster.values()];
    return tags.find(({ name }) => all.some((names) => names.has(name)))?.name;
  }

  /** Without the global tags and the host's. A tag of the guest with one of these names is one with it. */
  ownTags(machine: Pick<VirtualMachine, "cluster" | "tags">): readonly TagRef[] {
    const hosts = this.#of(machine.cluster);
    return tagsIn(machine).filter(({ name }) => !isGlobal(name) && !hosts.has(name));
  }

  #of(cluster: ClusterRef): ReadonlySet<string> {
    return this.#ofCluster.get(naturalKey("cluster", cluster as object as Cluster)) ?? new Set();
  }
}

/** Protobuf JSON leaves out a list that is empty. */
function tagsIn({ tags }: { readonly tags?: readonly TagRef[] }): readonly TagRef[] {
  return tags ?? [];
}

function isGlobal(name: string): boolean {
  return (GLOBAL_TAGS as readonly string[]).includes(name);
}
