/** The second pass: makes the entities of a node, its guests and their parts. */
import { compareNatural } from "../base/natural-order.ts";
import type { PlatformRef } from "../netbox/types/platform.ts";
import { ENTITY_TYPES } from "../netbox/types/order.ts";
import type { StepName } from "../netbox/types/steps.ts";
import { objectOf, valueOf } from "../proxmox/answers.ts";
import { guestOfConfig, PATHS } from "../proxmox/endpoints.ts";
import { text } from "../proxmox/values.ts";
import type { Reason } from "../run-folder/left-out.ts";
import { isDevice, isIdentified, type NamedGuest, openGuest } from "./cluster.ts";
import type { NodeContext } from "./context.ts";
import type { NamedNode } from "./first-pass.ts";
import { type GuestParts, readGuest } from "./guest.ts";
import { decideGuest, type GuestReading, partCounts, readGuestReading } from "./guest-answers.ts";
import { skipText } from "./rules/texts.ts";
import { clusterAnswer, leaveUnexpectedValues, type Ledger } from "./ledger.ts";
import { type Batch, batchOf, fit, type Made, make, type MakeOptions } from "./made.ts";
import { nodePlatform } from "./mapping/platform.ts";
import { platformObstacle } from "./target/machines.ts";
import type { Slugs } from "./slugs.ts";
import type { AddressSource, InterfaceSource, NicSource, NodeSource, Origin } from "./sources.ts";

/** Small enough that a batch is garbage before it grows old, large enough that batches cost nothing. */
const GUESTS_PER_BATCH = 64;

/** A node's own entities, then those of its guests. */
export function* makeNode(node: NamedNode, context: NodeContext, slugs: Slugs): Generator<Batch> {
  const { network, ledger } = node;
  const { capturedAt, policy } = context.source;
  const { target } = context.run;
  const options = { capturedAt, clearEmpty: policy.clearEmpty, slugs, target };
  const device = readDevice(node, context);
  const own: Made[] = [];
  makeParts(
    { ports: network?.interfaces ?? [], addresses: network?.addresses ?? [] },
    { options, ledger, add: (entity) => own.push(fit(entity, ledger)) },
  );
  if (device !== undefined && isAccepted("device", device, { options, ledger })) {
    own.push(make("device", device, options));
  }
  yield batchOf(own, ledger);
  let made: Made[] = [];
  let count = 0;
  for (const guest of readGuests(context)) {
    makeGuest(guest, { options, ledger, add: (entity) => made.push(fit(entity, ledger)) });
    count += 1;
    if (count % GUESTS_PER_BATCH !== 0) continue;
    yield batchOf(made, ledger);
    made = [];
  }
  yield batchOf(made, ledger);
}

interface Making {
  readonly options: MakeOptions;
  readonly ledger: Ledger;
  readonly add: (entity: Made) => void;
}

function makeGuest({ guest, nics, disks, addresses }: GuestParts, making: Making): void {
  const { options, add } = making;
  makeParts({ nics, addresses }, making);
  if (isAccepted("virtual-machine", guest, making)) add(make("virtual-machine", guest, options));
  for (const source of disks) {
    if (isAccepted("virtual-disk", source, making)) add(make("virtual-disk", source, options));
  }
}

/** Interfaces and their addresses. A new interface that NetBox would refuse takes its addresses with it. */
function makeParts(
  { nics = [], ports = [], addresses }: {
    readonly nics?: readonly NicSource[];
    readonly ports?: readonly InterfaceSource[];
    readonly addresses: readonly AddressSource[];
  },
  making: Making,
): void {
  const { options, add } = making;
  const refused = new Set<unknown>();
  for (const source of nics) {
    if (isAccepted("vm-interface", source, making)) add(make("vm-interface", source, options));
    else if (source.found === undefined) refused.add(source.ref);
    const { termination } = source;
    if (termination === undefined) continue;
    if (refused.has(source.ref)) {
      making.ledger.leave(termination.subject, "required-field", { detail: "of its interface" });
    } else if (isAccepted("l2vpn-termination", termination, making)) {
      add(make("l2vpn-termination", termination, options));
    }
  }
  for (const source of ports) {
    if (isAccepted("interface", source, making)) add(make("interface", source, options));
    else if (source.found === undefined) refused.add(source.ref);
  }
  for (const source of addresses) {
    const { assigned_object_vm_interface: nic, assigned_object_interface: port } = source.ref;
    const { subject } = source;
    if (refused.has(nic ?? port)) {
      making.ledger.leave(subject, "required-field", { detail: "of its interface" });
    } else if (isAccepted("ip-address", source, making)) add(make("ip-address", source, options));
  }
}

/** An object is left out if NetBox requires a custom field that it has no value of. */
function isAccepted(
  step: StepName,
  source: Origin,
  { options, ledger }: Pick<Making, "options" | "ledger">,
): boolean {
  const refusal = options.target?.refusal(ENTITY_TYPES[step], source.found);
  if (refusal !== undefined) {
    ledger.leave(source.subject, refusal.reason, { detail: refusal.detail });
  }
  return refusal === undefined;
}

/** undefined: the node becomes no device. */
function readDevice(
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
    found: entry.device.found,
    ...(entry.row === undefined ? {} : { nodes: entry.row }),
    ...(entry.statusRow === undefined ? {} : { clusterStatus: entry.statusRow }),
    ...(nodeStatus === undefined ? {} : { nodeStatus }),
    rules: entry.ruled?.values,
  };
  leaveUnexpectedValues(origin, ledger);
  return {
    ...origin,
    cluster,
    node: entry.node,
    name,
    site: entry.site,
    ref,
    policy: entry.policy,
    tags: node.run.shared.seeTags([], { cluster, origin }),
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
    const { source: cluster, ledger, run } = node;
    const obstacle = platformObstacle(run.target, name, {
      device: origin.found,
      manufacturer: node.entry.policy.nodeManufacturer,
    });
    if (obstacle === undefined) return run.shared.seePlatform(name, { cluster, origin });
    const { reason, detail: why } = obstacle;
    ledger.leave({ ...subject, what: `${node.what}/platform` }, reason, { detail: why });
    return undefined;
  }
  const detail = text(nodeStatus.pveversion);
  node.ledger.leave({ ...subject, what: `${node.what}/pveversion` }, "unparsable", { detail });
  return undefined;
}

/** By VMID, each read when it is asked for. */
function* readGuests(node: NodeContext): Generator<GuestParts> {
  const { requiredFields } = node.cluster;
  for (const entry of node.entry.guests) {
    const guest = openGuest(entry.row);
    if ("reason" in entry) leaveGuest(guest, entry, node);
    else if (entry.found === undefined && requiredFields.length > 0) {
      const detail = requiredFields.join(", ");
      leaveGuest(guest, { reason: "required-field", detail }, node);
    } else if (isIdentified(guest)) {
      const reading = readGuestReading(guest, node);
      const ruled = decideGuest(reading, entry);
      const skippedBy = ruled?.machine.skippedBy;
      if (skippedBy === undefined) yield readGuest(reading, entry, ruled);
      else leaveGuest(guest, { reason: "by-rule", detail: skipText(skippedBy), reading }, node);
    }
  }
  leaveUnlisted(node);
}

/** One record, with what the answers hold of the guest counted on it. */
function leaveGuest(
  guest: NamedGuest,
  { reason, detail, reading }: {
    readonly reason: Reason;
    readonly detail?: string;
    readonly reading?: GuestReading | undefined;
  },
  node: NodeContext,
): void {
  const read = reading ?? (isIdentified(guest) ? readGuestReading(guest, node) : undefined);
  const children = read && partCounts(read);
  node.ledger.leave({ what: guest.what, answer: node.listing }, reason, { detail, children });
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
    const children = partCounts(readGuestReading({ row: {}, what, id }, node));
    node.ledger.leave({ what, answer: node.at(path) }, reason, { detail, children });
  }
}
