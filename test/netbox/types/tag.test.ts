/** A machine's own tags, and those of its cluster: known by name, in any order. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Cluster, ClusterRef } from "../../../src/netbox/types/cluster.ts";
import type { TagRef } from "../../../src/netbox/types/fields.ts";
import { GLOBAL_TAGS, hostTagName, HostTags } from "../../../src/netbox/types/tag.ts";

const refs = (names: readonly string[]): TagRef[] => names.map((name) => ({ name, slug: name }));

function clusterRef(name: string): ClusterRef {
  return { name, type: { name: "Proxmox" } };
}

function cluster(name: string, tags: readonly string[]): Cluster {
  return { ...clusterRef(name), status: "active", tags: refs(tags) };
}

function known(...clusters: readonly Cluster[]): HostTags {
  const tags = new HostTags();
  for (const each of clusters) tags.add(each);
  return tags;
}

function ownNames(tags: HostTags, of: string, names: readonly string[]): string[] {
  return tags.ownTags({ cluster: clusterRef(of), tags: refs(names) }).map(({ name }) => name);
}

const hostA = hostTagName("pve-a");
const hostB = hostTagName("pve-b");
const lab = known(
  cluster("a", [...GLOBAL_TAGS, hostA]),
  // As an SDK may have written it.
  cluster("b", ["zone", hostB, "discovered", "proxmox-ve"]),
);

test("a machine's own tags are all that its cluster does not have, in any order", () => {
  const own = fc.uniqueArray(
    fc.oneof(fc.string(), fc.constantFrom("prod", "proxmox-backup", "proxmox", hostB, "zone")),
  ).map((names) => names.filter((name) => ![...GLOBAL_TAGS, hostA].includes(name)));
  const list = own.chain((names) =>
    fc.record({
      names: fc.constant(names),
      all: fc.shuffledSubarray([...names, ...GLOBAL_TAGS, hostA], {
        minLength: names.length + GLOBAL_TAGS.length + 1,
      }),
    })
  );
  fc.assert(fc.property(list, ({ names, all }) => {
    const found = ownNames(lab, "a", all);
    expect(found.toSorted()).toEqual(names.toSorted());
    expect(found).toEqual(all.filter((name) => names.includes(name)));
  }));
});

test("a cluster's tag from another program is not taken for the host tag", () => {
  expect(lab.ofCluster(clusterRef("b"))).toBe(hostB);
  expect(ownNames(lab, "b", ["zone", "proxmox-ve", hostB, hostA])).toEqual(["zone", hostA]);
});

test("a device has the host tag of its cluster, anywhere in the list", () => {
  expect(lab.among(refs(["discovered", hostB, "proxmox-ve"]))).toBe(hostB);
  expect(lab.among(refs([hostA, ...GLOBAL_TAGS]))).toBe(hostA);
  expect(lab.among(refs([...GLOBAL_TAGS, "proxmox-other"]))).toBeUndefined();
});

test("without its cluster, only the tags of every run are known", () => {
  expect(ownNames(known(), "a", ["web", "discovered", "proxmox-ve"])).toEqual(["web"]);
});

test("a host called ve has no tag but the global one", () => {
  const tags = known(cluster("a", ["proxmox-ve", "discovered"]));
  expect(tags.ofCluster(clusterRef("a"))).toBeUndefined();
  expect(ownNames(tags, "a", ["proxmox-ve", "discovered", "db"])).toEqual(["db"]);
});
