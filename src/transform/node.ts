/** The second pass: a node's device and all of its guests. */
import { compareNatural } from "../base/natural-order.ts";
import type { PlatformRef } from "../netbox/types/schema.ts";
import { objectOf } from "../proxmox/answers.ts";
import { guestOfConfig, PATHS } from "../proxmox/endpoints.ts";
import { text } from "../proxmox/values.ts";
import type { AnswersFile } from "../run-folder/snapshot.ts";
import { type Cluster, isDevice } from "./cluster.ts";
import { asideOf, clusterAnswer, type GuestScene, guestSceneOf, nodeAnswer } from "./context.ts";
import type { SurveyedNode } from "./first-pass.ts";
import { countChildren, type GuestParts, readGuest } from "./guest.ts";
import { type Entry, type Guest, openGuest } from "./inventory.ts";
import { leaveMisfits } from "./ledger.ts";
import { nodePlatformName } from "./platform.ts";
import type { NodeSource, Origin } from "./sources.ts";

export interface NodeParts {
  /** undefined: the node becomes no device. */
  readonly device: NodeSource | undefined;
  /** By VMID, each read when it is asked for. */
  readonly guests: Iterable<GuestParts>;
}

/** Adds to the ledger of `surveyed`, which then holds all of the node. */
export function readNode(surveyed: SurveyedNode, answers: AnswersFile | undefined): NodeParts {
  const { cluster, entry } = surveyed;
  const guestScene = guestSceneOf(surveyed.scene, {
    node: entry.node,
    label: cluster.label,
    answers,
  });
  const device = isDevice(entry) ? readDevice(surveyed, answers) : undefined;
  return { device, guests: readGuests(cluster, entry.guests, guestScene) };
}

function* readGuests(
  cluster: Cluster,
  entries: readonly Entry[],
  scene: GuestScene,
): Generator<GuestParts> {
  for (const entry of entries) {
    const guest = openGuest(entry);
    const { id, fate } = guest;
    if (typeof fate === "string" && id !== undefined) {
      yield readGuest({ ...guest, id }, fate, scene);
    } else leaveGuest(guest, scene);
  }
  leaveUnlisted(cluster, scene);
}

function readDevice(
  { cluster, entry, scene, name, ref, network }: SurveyedNode,
  answers: AnswersFile | undefined,
): NodeSource {
  const path = PATHS.nodeStatus(entry.node);
  const found = objectOf(answers?.get(path));
  const subject = { what: scene.what, answer: nodeAnswer(entry.node, path, cluster.label) };
  if ("reason" in found) {
    scene.ledger.leave({ ...subject, what: `${scene.what}/status` }, found.reason, {
      detail: found.detail,
    });
    scene.ledger.note(subject, "status-not-read");
  }
  const nodeStatus = "value" in found ? found.value : undefined;
  const origin: Origin<"nodes" | "clusterStatus" | "nodeStatus"> = {
    subject,
    places: {
      nodes: clusterAnswer(PATHS.nodes, cluster.label),
      clusterStatus: clusterAnswer(PATHS.clusterStatus, cluster.label),
      nodeStatus: subject.answer,
    },
    ...(entry.row === undefined ? {} : { nodes: entry.row }),
    ...(entry.statusRow === undefined ? {} : { clusterStatus: entry.statusRow }),
    ...(nodeStatus === undefined ? {} : { nodeStatus }),
  };
  leaveMisfits(origin, scene.ledger);
  return {
    ...origin,
    cluster: scene.cluster,
    node: entry.node,
    name,
    site: entry.site,
    ref,
    sharedTags: scene.shared.deviceTags(),
    platform: nodeStatus === undefined ? undefined : nodePlatform(nodeStatus, origin, scene),
    primary: network?.primary ?? { 4: undefined, 6: undefined },
  };
}

function nodePlatform(
  nodeStatus: Readonly<Record<string, unknown>>,
  origin: Origin<"nodes" | "clusterStatus" | "nodeStatus">,
  scene: SurveyedNode["scene"],
): PlatformRef | undefined {
  const name = nodePlatformName(nodeStatus);
  if (name === undefined) {
    const subject = { ...origin.subject, what: `${scene.what}/pveversion` };
    scene.ledger.leave(subject, "unparsable", { detail: text(nodeStatus["pveversion"]) });
    return undefined;
  }
  return scene.shared.seePlatform(name, { cluster: scene.cluster, origin });
}

/** One record, with what the answers hold of the guest counted on it. */
function leaveGuest(guest: Guest, scene: GuestScene): void {
  const reason = typeof guest.fate === "string" ? "unparsable" : guest.fate.reason;
  const subject = { what: guest.what, answer: scene.listing };
  const { id } = guest;
  const children = id === undefined ? undefined : countChildren({ ...guest, id }, asideOf(scene));
  scene.ledger.leave(subject, reason, { children });
}

/**
 * Configs of guests that the listing names nowhere: a hand may have written them. What a guest left
 * behind when it moved is no such thing: it is listed on its new node.
 */
function leaveUnlisted({ vmids, unlisted }: Cluster, scene: GuestScene): void {
  const found = [...(scene.answers?.paths() ?? [])].flatMap((path) => {
    const id = guestOfConfig(path);
    return id === undefined || vmids.has(id.vmid) ? [] : [{ path, id }];
  });
  for (const { path, id } of found.sort((a, b) => compareNatural(a.path, b.path))) {
    if (!("value" in objectOf(scene.answers?.get(path)))) continue;
    const what = `vm/${id.vmid}`;
    const children = countChildren(
      { row: {}, what, id, fate: unlisted },
      asideOf(scene),
    );
    const remark = { detail: unlisted.detail, children };
    scene.ledger.leave({ what, answer: scene.at(path) }, unlisted.reason, remark);
  }
}
