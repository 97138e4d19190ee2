/** cluster.json → what the cluster is called, where it stands, and which nodes and guests it lists. */
import { GLOBAL_TAGS, hostTagName } from "../../entities/global-tags.ts";
import { compareNatural } from "../../kernel/natural-order.ts";
import { hiddenRows } from "../../snapshot/incomplete.ts";
import { PATHS } from "../../snapshot/paths.ts";
import type { ClusterStatusRow, NodeRow } from "../../snapshot/rows.ts";
import type { TagRef } from "../../entities/schema.ts";
import type { Snapshot } from "../../snapshot/schema.ts";
import { clusterRef, tagRef } from "../stubs.ts";
import { cutName, MAX_LONG_NAME } from "../parse/name.ts";
import { count, text } from "../../snapshot/scalar.ts";
import type { Policy } from "../policy.ts";
import { type ClusterRows, readClusterRows } from "./cluster-rows.ts";
import { type Entry, readEntries } from "./inventory.ts";
import { Ledger, type Subject } from "./ledger.ts";
import { clusterAnswer } from "./places.ts";
import { clusterSite, nodeSite } from "./sites.ts";
import type { ClusterSource } from "./sources.ts";

/** The global tags and those of hosts, each once: the tag of a host "ve" is a global one. */
export function tagsOfHosts(hostTags: readonly string[]): TagRef[] {
  return [...new Set([...GLOBAL_TAGS, ...hostTags])].map(tagRef);
}

/** A node that the cluster lists, that a guest names, or that has a file. */
export interface NodeEntry {
  readonly node: string;
  readonly site: string;
  readonly isInScope: boolean;
  /** Its row of /nodes. */
  readonly row: NodeRow | undefined;
  /** Its row of /cluster/status. */
  readonly statusRow: ClusterStatusRow | undefined;
  /** By VMID. */
  readonly guests: readonly Entry[];
}

/** Becomes a device: in scope, and a node that the cluster lists. */
export function isDevice({ isInScope, row, statusRow }: NodeEntry): boolean {
  return isInScope && (row !== undefined || statusRow !== undefined);
}

export interface Cluster {
  readonly source: ClusterSource;
  readonly snapshot: Snapshot;
  /** In natural order. */
  readonly nodes: readonly NodeEntry[];
  readonly areNodesListed: boolean;
  /** Of every guest that is listed, on whichever node. */
  readonly vmids: ReadonlySet<number | undefined>;
  readonly unlisted: ClusterRows["unlisted"];
  /** What is left out or noted of the cluster itself. */
  readonly ledger: Ledger;
  /** Set when there are several snapshots: the name that records carry. */
  readonly label: string | undefined;
}

export interface ClusterInput {
  readonly snapshot: Snapshot;
  readonly policy: Policy;
  readonly label: string | undefined;
}

/** @throws AppError "input" when cluster.json is missing or changed. */
export async function readCluster({ snapshot, policy, label }: ClusterInput): Promise<Cluster> {
  const answers = await snapshot.cluster();
  const ledger = new Ledger();
  const subjectOf = (what: string, path: string): Subject => ({
    what,
    answer: clusterAnswer(path, label),
  });
  const hidden = hiddenRows(snapshot.manifest, PATHS.resources);
  const rows = readClusterRows(answers, { ledger, subjectOf, hidden });
  const { clusterStatus, rowByNode, statusByNode, areNodesListed, unlisted } = rows;
  const guests = readEntries(rows.resources, {
    policy,
    ledger,
    subject: (what) => subjectOf(what, PATHS.resources),
  });
  const listed = [...new Set([...rowByNode.keys(), ...statusByNode.keys()])];
  const names = [...new Set([...listed, ...guests.keys(), ...snapshot.nodes])];
  const site = clusterSite(policy, areNodesListed ? listed : names);
  const called = policy.clusterName ?? text(clusterStatus?.["name"]) ?? policy.host;
  const name = cutName(called, MAX_LONG_NAME);
  const tagged = hostTagName(policy.host);
  const hostTag = cutName(tagged, MAX_LONG_NAME);
  const subject = subjectOf(`cluster/${name}`, PATHS.clusterStatus);
  if (name !== called) ledger.note(subject, "cut", name);
  if (hostTag !== tagged) ledger.note({ ...subject, what: `${subject.what}/tags` }, "cut", hostTag);
  const source: ClusterSource = {
    subject,
    places: { clusterStatus: subject.answer },
    ...(clusterStatus === undefined ? {} : { clusterStatus }),
    policy,
    name,
    site,
    capturedAt: snapshot.manifest.captured_at,
    ref: clusterRef(name, site),
    tags: tagsOfHosts([hostTag]),
    hostTag,
  };
  if (site === undefined && policy.clusterScope === "auto") {
    ledger.note(subjectOf(`cluster/${name}`, PATHS.nodes), "unscoped");
  }
  const nodes = names.sort(compareNatural).map((node) => ({
    node,
    site: nodeSite(policy, node),
    isInScope: policy.nodes?.has(node) ?? true,
    row: rowByNode.get(node),
    statusRow: statusByNode.get(node),
    guests: guests.get(node) ?? [],
  }));
  const vmids = new Set(
    [...guests.values()].flatMap((entries) => entries.map(({ row }) => count(row.vmid))),
  );
  return { source, snapshot, nodes, areNodesListed, vmids, unlisted, ledger, label };
}
