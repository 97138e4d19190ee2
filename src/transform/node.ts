/** The second pass: a node's device and all of its guests. */
import { compareNatural } from "../base/natural-order.ts";
import type { PlatformRef } from "../netbox/types/schema.ts";
import { objectOf, valueOf } from "../proxmox/answers.ts";
import { guestOfConfig, PATHS } from "../proxmox/endpoints.ts";
import { text } from "../proxmox/values.ts";
import { isDevice } from "./cluster.ts";
import type { NodeContext } from "./context.ts";
import type { NamedNode } from "./first-pass.ts";
import { countThings, type GuestParts, readGuest } from "./guest.ts";
import { type Guest, openGuest } from "./inventory.ts";
import { clusterAnswer, leaveUnexpectedValues } from "./ledger.ts";
import { nodePlatform } from "./platform.ts";
import type { NodeSource, Origin } from "./sources.ts";

/** undefined: the node becomes no device. */
export function readDevice(
  { entry, name, ref, network }: NamedNode,
  node: NodeContext,
): NodeSource | undefined {
  if (!isDevice(entry)) return undefined;
  const { cluster: { label }, ledger, source: cluster, what } = node;
  const path = PATHS.nodeStatus(entry.node);
  const found = objectOf(node.get(path));
  const subject = { what, answer: node.at(path) };
  if ("reason" in found) {
    const { reason, detail } = found;
    ledger.leave({ ...subject, what: `${what}/status` }, reason, { detail });
    ledger.note(subject, "status-not-read");
  }
  const nodeStatus = valueOf(found);
  const origin: DeviceOrigin = {
    subject,
    places: {
      nodes: clusterAnswer(PATHS.nodes, label),
      clusterStatus: clusterAnswer(PATHS.clusterStatus, label),
      nodeStatus: subject.answer,
    },
    ...(entry.row === undefined ? {} : { nodes: entry.row }),
    ...(entry.statusRow === undefined ? {} : { clusterStatus: entry.statusRow }),
    ...(nodeStatus === undefined ? {} : { nodeStatus }),
  };
  leaveUnexpectedValues(origin, ledger);
  return {
    ...origin,
    cluster,
    node: entry.node,
    name,
    site: entry.site,
    ref,
    sharedTags: node.run.shared.deviceTags(),
    platform: readPlatform(origin, node),
    primary: network?.primary ?? { 4: undefined, 6: undefined },
  };
}

type DeviceOrigin = Origin<"nodes" | "clusterStatus" | "nodeStatus">;

function readPlatform(origin: DeviceOrigin, node: NodeContext): PlatformRef | undefined {
  const { nodeStatus, subject } = origin;
  if (nodeStatus === undefined) return undefined;
  const name = nodePlatform(nodeStatus);
  if (name !== undefined) {
    return node.run.shared.seePlatform(name, { cluster: node.source, origin });
  }
  const detail = text(nodeStatus.pveversion);
  node.ledger.leave({ ...subject, what: `${node.what}/pveversion` }, "unparsable", { detail });
  return undefined;
}

/** By VMID, each read when it is asked for. */
export function* readGuests(node: NodeContext): Generator<GuestParts> {
  for (const entry of node.entry.guests) {
    const guest = openGuest(entry);
    const { id, fate } = guest;
    if (typeof fate === "string" && id !== undefined) yield readGuest({ ...guest, id }, fate, node);
    else leaveGuest(guest, node);
  }
  leaveUnlisted(node);
}

/** One record, with what the answers hold of the guest counted on it. */
function leaveGuest(guest: Guest, node: NodeContext): void {
  const { id, what, fate } = guest;
  const reason = typeof fate === "string" ? "unparsable" : fate.reason;
  const children = id === undefined ? undefined : countThings({ ...guest, id }, node);
  node.ledger.leave({ what, answer: node.listing }, reason, { children });
}

/**
 * Configs of guests that are not in the listing, perhaps written by hand. A config that a guest left
 * behind when it moved does not count: the guest is listed on its new node.
 */
function leaveUnlisted(node: NodeContext): void {
  const { vmids, unlisted: { reason, detail } } = node.cluster;
  const found = [...(node.answers?.paths() ?? [])].flatMap((path) => {
    const id = guestOfConfig(path);
    return id === undefined || vmids.has(id.vmid) ? [] : [{ path, id }];
  });
  for (const { path, id } of found.sort((a, b) => compareNatural(a.path, b.path))) {
    if (!("value" in objectOf(node.get(path)))) continue;
    const what = `vm/${id.vmid}`;
    const children = countThings({ row: {}, what, id, fate: { reason } }, node);
    node.ledger.leave({ what, answer: node.at(path) }, reason, { detail, children });
  }
}
