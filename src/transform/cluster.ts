/** Reads cluster.json: the cluster with its name and site, and its nodes with their guests. */
import type { Found } from "../netbox/objects.ts";
import { compareCodeUnits, compareNatural } from "../base/natural-order.ts";
import { cutName, isLonger, MAX_LONG_NAME, MAX_NAME } from "../netbox/names.ts";
import { CLUSTER_TYPE_NAME } from "../netbox/types/cluster-type.ts";
import { type ClusterRef, clusterRef, NETBOX_CLUSTER } from "../netbox/types/cluster.ts";
import { type DevicePolicy, NETBOX_DEVICE } from "../netbox/types/device.ts";
import { NETBOX_VIRTUAL_MACHINE } from "../netbox/types/virtual-machine.ts";
import type { TagRef } from "../netbox/types/fields.ts";
import { GLOBAL_TAGS, hostTagName, tagRef } from "../netbox/types/tag.ts";
import { siteOfScope } from "../netbox/types/scope.ts";
import { hiddenRows, type NotRead } from "../proxmox/answers.ts";
import { type GuestKind, PATHS } from "../proxmox/endpoints.ts";
import {
  type ClusterListing,
  guestIdOf,
  nodeNames,
  readListing,
  rowName,
  unmappedReason,
} from "../proxmox/listing.ts";
import {
  type ClusterStatusRow,
  type NodeRow,
  RESOURCE_KEYS,
  type ResourceRow,
} from "../proxmox/rows.ts";
import { count, text } from "../proxmox/values.ts";
import type { AnswerRef, Reason } from "../run-folder/left-out.ts";
import type { Snapshot } from "../run-folder/snapshot.ts";
import { clusterAnswer, Ledger } from "./ledger.ts";
import type { Observations } from "./plan/collect.ts";
import { clusterSite, identifyNode, nodePolicy } from "./node-identity.ts";
import { ClusterSdn } from "./sdn.ts";
import type { MachineDecision } from "./rules/match.ts";
import type { Policy } from "./policy.ts";
import type { ClusterSource, Subject } from "./sources.ts";
import { findCluster, type GuestIdentity, hostTagsOfCluster } from "./target/clusters.ts";
import { findDevice, type FoundDevice, GuestNames, siteOf } from "./target/machines.ts";
import { requiredByNew } from "./target/names.ts";
import { deviceName, nameOf, type NetBoxTarget } from "./target/target.ts";

/** The global tags and those of hosts, each once: the tag of a host "ve" is a global one. */
export function tagsOfHosts(hostTags: readonly string[]): TagRef[] {
  return [...new Set([...GLOBAL_TAGS, ...hostTags])].map(tagRef);
}

/** A node that the cluster lists, that a guest names, or that has a file. */
export interface NodeEntry {
  readonly node: string;
  readonly site: string;
  readonly isInScope: boolean;
  /** What the rules say about it, of which only the address in the cluster is known so far. */
  readonly ruled: MachineDecision | undefined;
  /** With what they say about its device type and role. */
  readonly policy: DevicePolicy;
  /** The device's; undefined: it has no name of its own yet. */
  readonly device: FoundDevice;
  /** Custom fields that NetBox requires of a new device: without a value there can be none. */
  readonly requiredFields: readonly string[];
  /** Its row of /nodes. */
  readonly row: NodeRow | undefined;
  /** Its row of /cluster/status. */
  readonly statusRow: ClusterStatusRow | undefined;
  /** By VMID. */
  readonly guests: readonly GuestEntry[];
}

/** Becomes a device: in scope, a node that the cluster lists, no rule leaves it out, and NetBox accepts it. */
export function isDevice(entry: NodeEntry): boolean {
  return isListed(entry) && entry.isInScope && entry.ruled?.skippedBy === undefined &&
    entry.requiredFields.length === 0;
}

export function isListed({ row, statusRow }: NodeEntry): boolean {
  return row !== undefined || statusRow !== undefined;
}

export interface SnapshotCluster {
  readonly source: ClusterSource;
  readonly snapshot: Snapshot;
  /** Of this cluster in NetBox, whatever host its runs named. */
  readonly hostTags: ReadonlySet<string>;
  /** Is the listing of the guests complete? If not, a guest that is not listed may still exist. */
  readonly isComplete: boolean;
  /** Custom fields that NetBox requires of new virtual machines, or of the cluster if it is new. */
  readonly requiredFields: readonly string[];
  /** In natural order. */
  readonly nodes: readonly NodeEntry[];
  /** Was a listing of the nodes read? If not, it is unknown which nodes the cluster has. */
  readonly areNodesListed: boolean;
  /** Of every guest that is listed, on whichever node. */
  readonly vmids: ReadonlySet<number | undefined>;
  /** Why a guest that has a config may not be listed. */
  readonly unlisted: { readonly reason: Reason; readonly detail: string };
  /** What is left out or noted of the cluster itself. */
  readonly ledger: Ledger;
  /** undefined: it was not captured. */
  readonly sdn: ClusterSdn | undefined;
  /** The snapshot's name in records, when there are several. */
  readonly label: string | undefined;
}

/** @throws AppError "input" when cluster.json is missing or changed. */
export async function readCluster(
  { snapshot, policy, label }: Pick<SnapshotCluster, "snapshot" | "label"> & {
    readonly policy: Policy;
  },
  { target, observations }: {
    readonly target: NetBoxTarget;
    readonly observations: Observations | undefined;
  },
): Promise<SnapshotCluster> {
  const answers = await snapshot.cluster();
  const ledger = new Ledger();
  const subjectOf = (what: string, path: string): Subject => ({
    what,
    answer: clusterAnswer(path, label),
  });
  const hidden = hiddenRows(snapshot.manifest, PATHS.resources);
  const listing = readListing(answers);
  leaveUnlisted(
    listing,
    hidden,
    (what, path, { reason, detail }) => ledger.leave(subjectOf(what, path), reason, { detail }),
  );
  const { cluster: clusterStatus, notRead } = listing;
  const areNodesListed = notRead.nodes === undefined || listing.members.size > 0;
  const unlisted: SnapshotCluster["unlisted"] = notRead.resources === undefined
    ? { reason: "no-name", detail: "it is not listed" }
    : { reason: notRead.resources.reason, detail: "the listing of the guests was not read" };
  const rows = sortedRows(listing.resources);
  const listed = [...nodeNames(listing)];
  const names = [
    ...new Set([...listed, ...rows.flatMap(({ node }) => text(node) ?? []), ...snapshot.nodes]),
  ]
    .sort(compareNatural);
  const nodes = names.map((node) => identifyNode(node, { listing, policy, target }));
  const tagged = hostTagName(policy.host);
  const hostTag = cutName(tagged, MAX_LONG_NAME);
  const identities = guestIdentities(rows);
  const hostTags = hostTagsOfCluster(target, hostTag, { nodes, guests: identities });
  const called = policy.clusterName ?? text(clusterStatus?.["name"]) ?? policy.host;
  const wanted = cutName(called, MAX_LONG_NAME);
  const scope = new Set(areNodesListed ? listed : names);
  const wantedSite = clusterSite(policy, nodes.filter(({ node }) => scope.has(node)), target);
  const vmids = new Set(rows.map(({ vmid }) => count(vmid)));
  const known = findCluster(target, clusterRef(wanted, wantedSite), {
    hostTags,
    vmids,
    guests: identities,
    host: policy.host,
  });
  const { found } = known;
  const name = found === undefined ? known.name : nameOf(found.object);
  const site = found === undefined ? wantedSite : siteOfScope(found.object, target.objects);
  const isComplete = hidden === undefined && notRead.resources === undefined;
  const guests = readGuestEntries(rows, {
    policy,
    observations,
    ledger,
    answer: clusterAnswer(PATHS.resources, label),
    names: new GuestNames(target, found?.object, {
      guests: identities,
      hostTags,
      tenant: policy.tenantName,
      isComplete,
    }),
  });
  const subject = subjectOf(`cluster/${name}`, PATHS.clusterStatus);
  if (wanted !== called) ledger.note(subject, "cut", wanted);
  if (found !== undefined && name !== wanted) {
    ledger.note(subject, "keeps-name", `${wanted} → ${name}`);
  }
  if (found === undefined && name !== wanted) ledger.note(subject, "other-cluster", name);
  if (hostTag !== tagged) ledger.note({ ...subject, what: `${subject.what}/tags` }, "cut", hostTag);
  const source: ClusterSource = {
    subject,
    places: { clusterStatus: subject.answer },
    ...(clusterStatus === undefined ? {} : { clusterStatus }),
    policy,
    name,
    called: wanted,
    site,
    capturedAt: snapshot.manifest.captured_at,
    ref: found === undefined ? clusterRef(name, site) : found.stub as ClusterRef,
    found,
    tags: tagsOfHosts([hostTag]),
    hostTag,
  };
  if (found === undefined && site === undefined && policy.clusterScope === "auto") {
    ledger.note(subjectOf(`cluster/${name}`, PATHS.nodes), "unscoped");
  }
  const entries = nodes.map(({ ruled, plainSite, ...identity }): NodeEntry => {
    const { node } = identity;
    const own = nodePolicy(policy, ruled);
    const options = { hostTags, marked: deviceName(node, name), isNewCluster: found === undefined };
    const plain = plainSite === identity.site
      ? undefined
      : findDevice(target, { ...identity, site: plainSite }, options);
    const device = plain?.found === undefined ? findDevice(target, identity, options) : plain;
    return {
      node,
      site: device.found === undefined
        ? identity.site
        : siteOf(device.found.object) ?? identity.site,
      isInScope: policy.nodes?.has(node) ?? true,
      ruled,
      policy: own,
      device,
      requiredFields: device.found === undefined
        ? [
          ...target.requiredFields(NETBOX_DEVICE),
          ...requiredByNew(target, {
            "site": identity.site,
            "tenant": own.tenantName,
            "manufacturer": own.nodeManufacturer,
            "device-type": own.nodeDeviceType,
            "device-role": own.nodeDeviceRole,
          }),
        ]
        : [],
      row: listing.nodes.get(node),
      statusRow: listing.members.get(node),
      guests: guests.get(node) ?? [],
    };
  });
  return {
    source,
    snapshot,
    hostTags,
    isComplete,
    requiredFields: [
      ...target.requiredFields(NETBOX_VIRTUAL_MACHINE),
      ...requiredByNew(target, { site: wantedSite, tenant: policy.tenantName }),
      ...(found === undefined
        ? [
          ...target.requiredFields(NETBOX_CLUSTER),
          ...requiredByNew(target, { "cluster-type": CLUSTER_TYPE_NAME }),
        ]
        : []),
    ],
    nodes: entries,
    areNodesListed,
    vmids,
    unlisted,
    ledger,
    sdn: ClusterSdn.read(answers, label),
    label,
  };
}

/** What was not read of the listings, or has no name, is left out with its reason. */
function leaveUnlisted(
  { notRead, nameless }: ClusterListing,
  hidden: NotRead | undefined,
  leave: (what: string, path: string, left: { reason: Reason; detail?: string }) => void,
): void {
  const { clusterStatus, nodes, resources } = notRead;
  if (clusterStatus !== undefined) leave("cluster/status", PATHS.clusterStatus, clusterStatus);
  if (nodes !== undefined) leave("cluster/nodes", PATHS.nodes, nodes);
  const unlisted = resources ?? hidden;
  if (unlisted !== undefined) leave("cluster/resources", PATHS.resources, unlisted);
  for (const path of nameless) leave("node/?", path, { reason: "no-name" });
}

/** A row of the listing, with the guest's name in NetBox or why it gets none. Small: a fleet has many. */
type GuestEntry =
  & { readonly row: ResourceRow }
  & ({ readonly name: string; readonly found: Found | undefined } | { readonly reason: Reason });

/** By VMID. */
function sortedRows(rows: readonly Readonly<Record<string, unknown>>[]): ResourceRow[] {
  return rows.map(pickKeys).sort((a, b) =>
    (count(a.vmid) ?? 0) - (count(b.vmid) ?? 0) ||
    compareCodeUnits(text(a.id) ?? "", text(b.id) ?? "") ||
    compareCodeUnits(text(a.name) ?? "", text(b.name) ?? "")
  );
}

/** Of the guests that become virtual machines. */
function guestIdentities(rows: readonly ResourceRow[]): GuestIdentity[] {
  return rows.flatMap((row) => {
    const id = guestIdOf(row);
    const isMapped = typeof id !== "string" && unmappedReason(row) === undefined;
    return isMapped ? [{ ...id, name: givenName(row) }] : [];
  });
}

/** Node → its guests by VMID. A row without a node is left out at once. */
function readGuestEntries(
  sorted: readonly ResourceRow[],
  { policy, observations, ledger, answer, names }: {
    readonly policy: Policy;
    readonly observations: Observations | undefined;
    readonly ledger: Ledger;
    readonly answer: AnswerRef;
    readonly names: GuestNames;
  },
): Map<string, GuestEntry[]> {
  const noteName = (row: ResourceRow, name: string): void => {
    const given = givenName(row);
    if (name === given) return;
    const isCut = isLonger(given, MAX_NAME);
    const detail = `${isCut ? `${given.slice(0, 100)}…` : given} → ${name}`;
    ledger.note({ what: rowName(row), answer }, isCut ? "cut" : "renamed", detail);
  };
  const byNode = new Map<string, GuestEntry[]>();
  for (const row of sorted) {
    const node = text(row.node);
    const unmapped = unmappedReason(row);
    if (node === undefined) {
      const detail = "the listing gives it no node";
      ledger.leave({ what: rowName(row), answer }, unmapped ?? "unparsable", { detail });
      continue;
    }
    // A guest out of scope takes its name too: then the others have the same names in every scope.
    const taken = unmapped === undefined
      ? names.take(givenName(row), count(row.vmid), MAX_NAME)
      : undefined;
    // The first reason in the order of the closed list.
    const reason: Reason | undefined = policy.nodes?.has(node) === false
      ? "out-of-scope"
      : unmapped;
    const entry = taken === undefined || reason !== undefined
      ? { row, reason: reason ?? "no-name" as const }
      : { row, name: taken.name, found: taken.found };
    if (taken !== undefined && reason === undefined) {
      const { name, found, keeps, elsewhere, isByVmid } = taken;
      const subject = { what: rowName(row), answer };
      if (found === undefined) noteName(row, name);
      if (keeps !== undefined) ledger.note(subject, "keeps-name", `${keeps} → ${name}`);
      if (keeps !== undefined && found !== undefined && isByVmid && elsewhere === undefined) {
        const { object } = found;
        const type = "virtual-machine";
        observations?.otherNames.push({ type, object, to: keeps, by: "VMID", subject });
      }
      if (elsewhere !== undefined) ledger.note(subject, "keeps-cluster", elsewhere);
    }
    const others = byNode.get(node);
    if (others === undefined) byNode.set(node, [entry]);
    else others.push(entry);
  }
  return byNode;
}

function givenName({ name }: ResourceRow): string {
  return text(name) ?? "";
}

/** Without telemetry: the listing of a large fleet stays in memory until its last node is done. */
function pickKeys(row: Readonly<Record<string, unknown>>): ResourceRow {
  const picked: Record<string, unknown> = {};
  for (const key of RESOURCE_KEYS) {
    if (row[key] !== undefined) picked[key] = row[key];
  }
  return picked;
}

/** A row of the guest listing, with its name in reports. */
export interface NamedGuest {
  readonly row: ResourceRow;
  /** "vm/101". */
  readonly what: string;
  /** Absent for a row of another type, or without a VMID. */
  readonly id?: { readonly vmid: number; readonly kind: GuestKind };
}

/** A guest whose answers can be looked up. */
export type IdentifiedGuest = NamedGuest & Required<Pick<NamedGuest, "id">>;

export function openGuest(row: ResourceRow): NamedGuest {
  const id = guestIdOf(row);
  return typeof id === "string" ? { row, what: rowName(row) } : { row, what: `vm/${id.vmid}`, id };
}

export function isIdentified(guest: NamedGuest): guest is IdentifiedGuest {
  return guest.id !== undefined;
}
