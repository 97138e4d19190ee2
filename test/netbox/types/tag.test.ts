/** The tags of a machine, without those of its cluster, in any order. */
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
  // In the order of another program.
  cluster("b", ["zone", hostB, "discovered", "proxmox-ve"]),
);

test("ownTags are all tags that the cluster does not have, in any order", () => {
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

test("the tag of a cluster from another program is not taken for the host tag", () => {
  expect(lab.ofCluster(clusterRef("b"))).toBe(hostB);
  expect(ownNames(lab, "b", ["zone", "proxmox-ve", hostB, hostA])).toEqual(["zone", hostA]);
});

test("the host tag of a device is found anywhere in its tags", () => {
  expect(lab.among(refs(["discovered", hostB, "proxmox-ve"]))).toBe(hostB);
  expect(lab.among(refs([hostA, ...GLOBAL_TAGS]))).toBe(hostA);
  expect(lab.among(refs([...GLOBAL_TAGS, "proxmox-other"]))).toBeUndefined();
});

test("without the cluster, only the global tags are known", () => {
  expect(ownNames(known(), "a", ["web", "discovered", "proxmox-ve"])).toEqual(["web"]);
});

test('a host called "ve" has no tag besides the global one', () => {
  const tags = known(cluster("a", ["proxmox-ve", "discovered"]));
  expect(tags.ofCluster(clusterRef("a"))).toBeUndefined();
  expect(ownNames(tags, "a", ["proxmox-ve", "discovered", "db"])).toEqual(["db"]);
});
