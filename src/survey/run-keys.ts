/** The keys by which the entities of a run are found in NetBox. */
import { hostOf } from "../base/ip-address.ts";
import type { RunKeys } from "../netbox/rest/run-scope.ts";
import { HostTags } from "../netbox/types/tag.ts";
import type { TransformedSet } from "../run-folder/entity-set.ts";
import { entitiesOf } from "../run-folder/set-difference.ts";

/** @throws AppError "input". */
export async function readRunKeys(set: TransformedSet): Promise<RunKeys> {
  const keys = {
    vids: new Set<string>(),
    nodes: new Set<string>(),
    clusters: new Set<string>(),
    hostTags: new Set<string>(),
    prefixes: new Set<string>(),
    addresses: new Set<string>(),
  };
  const tags = new HostTags();
  for await (const { entity } of entitiesOf(set, "cluster")) {
    keys.clusters.add(entity.name);
    tags.add(entity);
    const hostTag = tags.ofCluster(entity);
    if (hostTag !== undefined) keys.hostTags.add(hostTag);
  }
  for await (const { entity } of entitiesOf(set, "vlan")) keys.vids.add(entity.vid);
  for await (const { entity } of entitiesOf(set, "device")) keys.nodes.add(entity.name);
  // NODE_DEVICE_MAP names devices that are called otherwise than their nodes.
  for (const { policy } of set.manifest.snapshots) {
    for (const pair of policy["NODE_DEVICE_MAP"]?.split(",") ?? []) {
      keys.nodes.add(pair.slice(pair.indexOf(":") + 1).trim());
    }
  }
  for await (const { entity } of entitiesOf(set, "prefix")) keys.prefixes.add(entity.prefix);
  for await (const { entity: { address } } of entitiesOf(set, "ip-address")) {
    keys.addresses.add(hostOf(address));
  }
  return keys;
}
