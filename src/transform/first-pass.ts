/**
 * The first pass: what every node is called and which addresses it holds, and all names that NetBox
 * keeps slugs of. Nodes come before guests when two claim one address, so all networks are read before
 * the first guest is.
 */
import { isLonger, MAX_NAME, NamePool } from "../netbox/names.ts";
import { GLOBAL_TAGS } from "../netbox/types/global-tags.ts";
import type { DeviceRef } from "../netbox/types/schema.ts";
import { deviceRef, platformRef } from "../netbox/types/stubs.ts";
import {
  asRows,
  hasUnappliedChanges,
  hiddenDetail,
  hiddenRows,
  listOf,
  objectOf,
} from "../proxmox/answers.ts";
import { PATHS } from "../proxmox/endpoints.ts";
import type { AnswersFile } from "../run-folder/snapshot.ts";
import { loadAhead } from "./ahead.ts";
import { type Cluster, isDevice, type NodeEntry } from "./cluster.ts";
import {
  asideOf,
  type Claims,
  clusterAnswer,
  type GuestScene,
  guestSceneOf,
  MacHolders,
  nodeAnswer,
  type NodeScene,
  seeGuestMacs,
  type SharedTables,
} from "./context.ts";
import { readOsinfo } from "./guest-agent.ts";
import { tagNames } from "./guest-config.ts";
import { type ListedGuest, openGuest } from "./inventory.ts";
import { Ledger } from "./ledger.ts";
import { type NodeNetwork, readNetwork, withOwnMacs } from "./network.ts";
import { nodePlatformName, platformName } from "./platform.ts";
import { guestSite } from "./sites.ts";
import type { Names } from "./slugs.ts";

/** A node after the first pass. */
export interface SurveyedNode {
  readonly cluster: Cluster;
  readonly entry: NodeEntry;
  readonly scene: NodeScene;
  /** As NetBox shall call it. */
  readonly name: string;
  readonly ref: DeviceRef;
  /** undefined: it becomes no device, or its network was not read. */
  readonly network: NodeNetwork | undefined;
}

/** Adds to `claims` and `shared`. @throws AppError "input" when a file is missing or changed. */
export async function surveyNodes(
  clusters: readonly Cluster[],
  tables: { readonly claims: Claims; readonly shared: SharedTables },
): Promise<SurveyedNode[]> {
  const namesBySite = new Map<string, NamePool>();
  const macs = new MacHolders();
  const surveyed: SurveyedNode[] = [];
  const nodes = clusters.flatMap((cluster) => cluster.nodes.map((entry) => ({ cluster, entry })));
  for (const cluster of clusters) seeClusterNames(cluster, tables.shared.names);
  const load = ({ cluster, entry }: (typeof nodes)[number]) => cluster.snapshot.node(entry.node);
  for await (const [{ cluster, entry }, answers] of loadAhead(nodes, load)) {
    const names = namesBySite.get(entry.site) ?? new NamePool();
    namesBySite.set(entry.site, names);
    const node = surveyNode({ cluster, entry, answers }, { ...tables, macs, names });
    seeNodeNames(node, answers);
    surveyed.push(node);
  }
  return surveyed.map(({ network, ...node }) => ({
    ...node,
    network: network && {
      ...network,
      interfaces: withOwnMacs(network.interfaces, node.scene),
    },
  }));
}

interface LoadedNode {
  readonly cluster: Cluster;
  readonly entry: NodeEntry;
  readonly answers: AnswersFile | undefined;
}

function surveyNode(
  { cluster, entry, answers }: LoadedNode,
  tables: Pick<NodeScene, "claims" | "shared" | "macs"> & { readonly names: NamePool },
): SurveyedNode {
  const { node, site } = entry;
  const { source } = cluster;
  const ledger = new Ledger();
  const path = PATHS.network(node);
  const answer = nodeAnswer(node, path, cluster.label);
  const given = answers?.get(path);
  const isUnapplied = hasUnappliedChanges(given);
  const hidden = hiddenRows(cluster.snapshot.manifest, path);
  const scene: NodeScene = {
    ...tables,
    cluster: source,
    site,
    ledger,
    labelled: (what) => cluster.label === undefined ? what : `${what} of ${cluster.label}`,
    what: `node/${node}`,
    subject: (what) => ({ what, answer }),
    isNetworkWhole: !isUnapplied && hidden === undefined,
    // A token that may not read the access control list would otherwise never give a node a primary address.
    isNetworkFiltered: hidden !== undefined &&
      !(hidden.path === PATHS.acl && hidden.cause === "filtered"),
  };
  if (source.policy.allInterfaces && answers !== undefined) seeGuestMacs(answers, scene);
  if (!isDevice(entry)) {
    leaveNode({ cluster, entry, answers }, scene);
    const ref = deviceRef(node, { site, policy: source.policy });
    return { cluster, entry, scene, name: node, ref, network: undefined };
  }
  tables.shared.seeDevice(source);
  const name = tables.names.take(node, source.name, MAX_NAME);
  if (name !== node) {
    ledger.note(
      scene.subject(scene.what),
      isLonger(node, MAX_NAME) ? "cut" : "renamed",
      `${node} → ${name}`,
    );
  }
  const ref = deviceRef(name, { site, policy: source.policy });
  const found = listOf(given);
  if ("reason" in found) {
    ledger.leave(scene.subject(`${scene.what}/network`), found.reason, { detail: found.detail });
    return { cluster, entry, scene, name, ref, network: undefined };
  }
  if (hidden !== undefined) {
    const detail = hiddenDetail(hidden, path);
    ledger.leave(scene.subject(`${scene.what}/network`), "denied", { detail });
  }
  if (isUnapplied) ledger.note(scene.subject(scene.what), "unapplied-changes");
  return {
    cluster,
    entry,
    scene,
    name,
    ref,
    network: readNetwork(asRows(found.value), ref, scene),
  };
}

/** A node that becomes no device: one record, with what its network holds counted on it. */
function leaveNode({ cluster, entry, answers }: LoadedNode, scene: NodeScene): void {
  const found = listOf(answers?.get(PATHS.network(entry.node)));
  const ref = deviceRef(entry.node, { site: entry.site, policy: scene.cluster.policy });
  const network = "value" in found
    ? readNetwork(asRows(found.value), ref, asideOf(scene))
    : undefined;
  const children = network?.things;
  const subject = scene.subject(scene.what);
  if (!entry.isInScope) {
    scene.ledger.leave(subject, "out-of-scope", { children });
    return;
  }
  const listing = clusterAnswer(PATHS.resources, cluster.label);
  const naming = answers === undefined ? { ...subject, answer: listing } : subject;
  const unread = cluster.areNodesListed ? undefined : "the list of the nodes was not read";
  scene.ledger.note(naming, "node-not-listed", unread);
  if (children === undefined) return;
  const detail = unread ?? "the cluster does not list it";
  scene.ledger.leave(subject, "failed", { detail, children });
}

/** The names that NetBox keeps slugs of, seen in the first pass: entities are written in the second. */

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
