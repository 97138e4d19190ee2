/** The names that NetBox keeps slugs of, seen in the first pass: entities are written in the second. */
import { GLOBAL_TAGS } from "../../entities/global-tags.ts";
import { PATHS } from "../../snapshot/paths.ts";
import type { AnswersFile } from "../../snapshot/schema.ts";
import type { Names } from "../slugs.ts";
import { platformRef } from "../stubs.ts";
import { objectOf } from "../../snapshot/reading.ts";
import { type Cluster, isDevice, type NodeEntry } from "./cluster.ts";
import { readOsinfo } from "./guest-agent.ts";
import { tagNames } from "./guest-tags.ts";
import { type ListedGuest, openGuest } from "./inventory.ts";
import { nodePlatformName, platformName } from "./platform.ts";
import { type GuestScene, guestSceneOf, type NodeScene } from "./scene.ts";
import { guestSite } from "./sites.ts";

/** What no node has a say in. */
export function seeClusterNames(
  { source: { hostTag, policy, site } }: Cluster,
  names: Names,
): void {
  for (const tag of [...GLOBAL_TAGS, hostTag]) names.see("tag", tag);
  if (site !== undefined) names.see("site", site);
  if (policy.tenantName !== undefined) names.see("tenant", policy.tenantName);
  names.see("manufacturer", policy.nodeManufacturer);
  names.see("device-type", policy.nodeDeviceType);
  names.see("device-role", policy.nodeDeviceRole);
}

/** Of a node and of its guests, of those alone that become entities. */
export function seeNodeNames(
  { cluster, entry, scene }: {
    readonly cluster: Cluster;
    readonly entry: NodeEntry;
    readonly scene: NodeScene;
  },
  answers: AnswersFile | undefined,
): void {
  const { shared: { names } } = scene;
  const seePlatform = (name: string | null | undefined): void => {
    if (typeof name === "string") names.see("platform", platformRef(name).name);
  };
  if (isDevice(entry)) {
    names.see("site", entry.site);
    const status = objectOf(answers?.get(PATHS.nodeStatus(entry.node)));
    if ("value" in status) seePlatform(nodePlatformName(status.value));
  }
  const guestScene = guestSceneOf(scene, { node: entry.node, label: cluster.label, answers });
  for (const row of entry.guests) {
    const { id, ...guest } = openGuest(row);
    if (id === undefined || typeof guest.fate !== "string") continue;
    const { platform, tags } = guestNames({ ...guest, id }, guestScene);
    names.see("site", guestSite(cluster.source, entry.site));
    seePlatform(platform);
    for (const { name } of tags) names.see("tag", name);
  }
}

function guestNames({ id, what, row }: ListedGuest, scene: GuestScene) {
  const { cluster: { policy } } = scene;
  const found = objectOf(scene.answers?.get(PATHS.config({ node: scene.node, ...id })));
  const config = "value" in found ? found.value : undefined;
  const { vmid, kind } = id;
  const osinfo = kind === "qemu"
    ? readOsinfo({ what, vmid, row, config: found }, scene)
    : undefined;
  return {
    platform: platformName({
      osinfo: osinfo !== undefined && "value" in osinfo ? osinfo.value : undefined,
      config,
      policy,
    }),
    tags: tagNames({ resources: row, ...(config === undefined ? {} : { config }) }) ?? [],
  };
}
