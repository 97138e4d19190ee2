/**
 * The first pass: the name and the addresses of every node, and all names that NetBox keeps slugs of.
 * A node's address has priority over a guest's, so all networks are read before the first guest is.
 */
import { pMapIterable } from "p-map";
import { isLonger, MAX_NAME, NamePool } from "../netbox/names.ts";
import { type DeviceRef, deviceRef, NETBOX_DEVICE } from "../netbox/types/device.ts";
import { CLUSTER_TYPE_NAME } from "../netbox/types/cluster-type.ts";
import { platformRef } from "../netbox/types/platform.ts";
import { GLOBAL_TAGS } from "../netbox/types/tag.ts";
import { objectOf, valueOf } from "../proxmox/answers.ts";
import { guestOfConfig, PATHS } from "../proxmox/endpoints.ts";
import { nicsOf } from "../proxmox/nics.ts";
import {
  isDevice,
  isIdentified,
  isListed,
  type NodeEntry,
  openGuest,
  type SnapshotCluster,
} from "./cluster.ts";
import { hostIn, NodeContext, type RunState } from "./context.ts";
import { decideGuest, guestTags, readGuestAnswers, readGuestReading } from "./guest-answers.ts";
import { keepValue } from "./kept-values.ts";
import type { Ledger } from "./ledger.ts";
import { type NodeNetwork, readNetwork, sendsMacs, withOwnMacs } from "./network.ts";
import { guestPlatform, nodePlatform } from "./mapping/platform.ts";
import { ruledText, skipText } from "./rules/texts.ts";
import { devicesAtSite } from "./target/machines.ts";
import { NAMED_BY_RULES, type NamedValue } from "./target/ruled-names.ts";
import { nameOf } from "./target/target.ts";
import { guestSite, siteIn } from "./node-identity.ts";
import { seeSdnNames, vnetOfNic, vrfOfZone } from "./vnets.ts";

/** A node after the first pass. */
export interface NamedNode {
  readonly cluster: SnapshotCluster;
  readonly entry: NodeEntry;
  readonly ledger: Ledger;
  /** The device's. */
  readonly name: string;
  readonly ref: DeviceRef;
  /** undefined: it becomes no device, or its network was not read. */
  readonly network: NodeNetwork | undefined;
}

/** Nodes with their answers, in order; the next ones are read while a node is worked on. */
export function withAnswers<
  Node extends { readonly cluster: SnapshotCluster; readonly entry: NodeEntry },
>(
  nodes: readonly Node[],
) {
  const load = async (node: Node) => ({
    node,
    answers: await node.cluster.snapshot.node(node.entry.node),
  });
  return pMapIterable(nodes, load, { concurrency: 1 });
}

/** Adds to `run`. @throws AppError "input" when a file is missing or changed. */
export async function readNodes(
  clusters: readonly SnapshotCluster[],
  run: RunState,
): Promise<NamedNode[]> {
  const namesBySite = new Map<string, NamePool>();
  const named: NamedNode[] = [];
  for (const cluster of clusters) seeClusterNames(cluster, run);
  seeSdnNames(clusters, run);
  const isIntended = clusters.some(({ source }) => source.policy.cloudInitAddresses);
  const nodes = clusters.flatMap((cluster) => cluster.nodes.map((entry) => ({ cluster, entry })));
  for await (const { node, answers } of withAnswers(nodes)) {
    const { site } = node.entry;
    const names = namesBySite.get(site) ?? new NamePool(devicesAtSite(run.target, site));
    namesBySite.set(site, names);
    const context = new NodeContext({ ...node, answers }, run);
    named.push(readNode(context, names));
    seeNodeNames(context);
    if (isIntended) seeRealAddresses(context);
  }
  if (!named.some(({ cluster }) => sendsMacs(cluster.source.policy))) return named;
  return named.map(({ network, ...node }) => {
    const context = new NodeContext({ ...node, answers: undefined }, run, node.ledger);
    return { ...node, network: network && withOwnMacs(network, context) };
  });
}

function readNode(context: NodeContext, names: NamePool): NamedNode {
  const { cluster, entry, ledger, run } = context;
  const { node, site } = entry;
  const { policy } = cluster.source;
  if (sendsMacs(policy)) seeGuestMacs(context);
  if (!isDevice(entry)) {
    const ref = deviceRef(node, { site, policy: entry.policy });
    leaveNode(context, ref);
    return { cluster, entry, ledger, name: node, ref, network: undefined };
  }
  run.shared.seeDevice(cluster.source);
  const { found, taken } = entry.device;
  const subject = context.networkSubject(context.what);
  const mapped = policy.nodeDevices.get(node);
  const isMapped = found !== undefined &&
    nameOf(found.object).toLowerCase() === mapped?.toLowerCase();
  if (mapped !== undefined && run.target.isKnown && !isMapped) {
    ledger.note(subject, "unknown-device", `NODE_DEVICE_MAP names "${mapped}" for ${node}`);
  }
  if (found !== undefined) {
    const name = nameOf(found.object);
    if (name !== node) ledger.note(subject, "keeps-name", `${node} → ${name}`);
    keepValue("tenant", entry.ruled?.values.tenant, {
      type: "device",
      object: found.object,
      subject: { ...subject, what: `${subject.what}/tenant` },
      node: context,
    });
    const ruledSite = entry.ruled?.values.site;
    if (ruledSite !== undefined && siteIn(run.target, ruledSite.value) !== site) {
      const detail = `${ruledText("site", ruledSite)}; the device is at "${site}" in NetBox`;
      ledger.note({ ...subject, what: `${subject.what}/site` }, "rule-not-applied", detail);
    }
    const ref = found.stub as DeviceRef;
    return { cluster, entry, ledger, name, ref, network: readNetwork(ref, context) };
  }
  if (taken !== undefined) {
    ledger.note(subject, "foreign-device", run.target.placeOf(NETBOX_DEVICE, taken));
  }
  const name = names.take(node, cluster.source.name, MAX_NAME);
  if (name !== node) {
    const code = isLonger(node, MAX_NAME) ? "cut" : "renamed";
    ledger.note(subject, code, `${node} → ${name}`);
  }
  const ref = deviceRef(name, { site, policy: entry.policy });
  return { cluster, entry, ledger, name, ref, network: readNetwork(ref, context) };
}

/** A node that becomes no device: one record, with what its network holds counted on it. */
function leaveNode(context: NodeContext, ref: DeviceRef): void {
  const { cluster, entry, answers, ledger } = context;
  const children = readNetwork(ref, context.forCounting())?.counts;
  const subject = context.networkSubject(context.what);
  if (!entry.isInScope) {
    ledger.leave(subject, "out-of-scope", { children });
    return;
  }
  if (entry.ruled?.skippedBy !== undefined && isListed(entry)) {
    ledger.leave(subject, "by-rule", { detail: skipText(entry.ruled.skippedBy), children });
    return;
  }
  if (entry.requiredFields.length > 0 && isListed(entry)) {
    const detail = entry.requiredFields.join(", ");
    ledger.leave(subject, "required-field", { detail, children });
    return;
  }
  const unread = cluster.areNodesListed ? undefined : "the list of the nodes was not read";
  const naming = answers === undefined ? { ...subject, answer: context.listing } : subject;
  ledger.note(naming, "node-not-listed", unread);
  if (children === undefined) return;
  ledger.leave(subject, "failed", { detail: unread ?? "the cluster does not list it", children });
}

/** The NICs of all guest configs in a node's file, those of templates and of guests out of scope too. */
function seeGuestMacs(context: NodeContext): void {
  for (const path of context.answers?.paths() ?? []) {
    const guest = guestOfConfig(path);
    const found = guest === undefined ? undefined : objectOf(context.get(path));
    if (guest === undefined || found === undefined || !("value" in found)) continue;
    for (const { key, net: { mac } } of nicsOf(guest.kind, found.value)) {
      const holder = context.labelled(`vm/${guest.vmid}/${key}`);
      if (mac !== undefined) context.run.macs.see(mac, holder);
    }
  }
}

/** With CLOUD_INIT_ADDRESSES: those that guests are known to have. */
function seeRealAddresses(context: NodeContext): void {
  const { cluster, entry, run } = context;
  for (const listed of entry.guests) {
    const guest = openGuest(listed.row);
    if (!("name" in listed) || !isIdentified(guest)) continue;
    if (listed.found === undefined && cluster.requiredFields.length > 0) continue;
    const reading = readGuestReading(guest, context);
    const ruled = decideGuest(reading, listed);
    for (const found of reading.addresses.occurrences) {
      const { address, nic, holder, intended } = found;
      const isReal = typeof address !== "string" && nic !== undefined && intended === undefined;
      if (!isReal) continue;
      const vrf = ruled?.addresses.get(found)?.values.vrf?.value ??
        vrfOfZone(vnetOfNic(nic.net, context)?.zone, { cluster, run });
      const key = hostIn(address.host, vrf);
      if (!run.realAddresses.has(key)) run.realAddresses.set(key, context.labelled(holder));
    }
  }
}

/** Those of the settings, and of the host's tag. */
function seeClusterNames(
  { source: { hostTag, policy, site } }: SnapshotCluster,
  { names, shared }: RunState,
) {
  for (const tag of [...GLOBAL_TAGS, hostTag]) names.see("tag", tag);
  names.see("cluster-type", CLUSTER_TYPE_NAME);
  if (site !== undefined) names.see("site", site);
  if (policy.tenantName !== undefined) names.see("tenant", policy.tenantName);
  names.see("manufacturer", policy.nodeManufacturer);
  names.see("device-type", policy.nodeDeviceType);
  names.see("device-role", policy.nodeDeviceRole);
  for (const [value, { kind }] of Object.entries(NAMED_BY_RULES)) {
    for (const name of policy.rules.namesOf(value as NamedValue)) {
      if (kind === "vrf") shared.ownVrfs.add(name);
      else names.see(kind, name);
    }
  }
}

/** Those of a node and of its guests that become entities. */
function seeNodeNames(context: NodeContext): void {
  const { cluster: { source }, entry, run: { names } } = context;
  const seePlatform = (name: string | null | undefined): void => {
    if (typeof name === "string") names.see("platform", platformRef(name).name);
  };
  if (isDevice(entry)) {
    names.see("site", entry.site);
    const status = objectOf(context.get(PATHS.nodeStatus(entry.node)));
    if ("value" in status) seePlatform(nodePlatform(status.value));
  }
  for (const listed of entry.guests) {
    const guest = openGuest(listed.row);
    if (!("name" in listed) || !isIdentified(guest)) continue;
    const answers = readGuestAnswers(guest, context);
    const config = valueOf(answers.config);
    names.see("site", guestSite(source, entry.site));
    seePlatform(guestPlatform(config, valueOf(answers.agent?.osinfo), source.policy));
    for (const { name } of guestTags(guest.row, config).tags ?? []) names.see("tag", name);
  }
}
