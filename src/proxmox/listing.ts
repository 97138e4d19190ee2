/** Reads the nodes and guests of a cluster from the cluster-wide listings. The only reader of their rows. */
import { type Answer, dataOf, type NotRead, rowsOf, valueOf } from "./answers.ts";
import { type GuestAddress, type GuestKind, PATHS } from "./endpoints.ts";
import { type ClusterStatusRow, type NodeRow, RESOURCE_KEYS, type ResourceRow } from "./rows.ts";
import { count, type DataRow, flag, record, text } from "./values.ts";

/** A guest as /cluster/resources lists it. */
export interface ListedGuest {
  readonly kind: GuestKind;
  readonly vmid: number;
  readonly node: string | undefined;
  readonly name: string | undefined;
  /** "running", "stopped", …; "unknown" while its node is away. */
  readonly status: string;
  readonly isTemplate: boolean;
}

/** Its VMID and kind, or why it has none. */
export function guestIdOf(
  { type: kind, vmid: written }: ResourceRow,
): { readonly kind: GuestKind; readonly vmid: number } | "other-type" | "no-vmid" {
  if (kind !== "qemu" && kind !== "lxc") return "other-type";
  const vmid = count(written);
  return vmid === undefined ? "no-vmid" : { kind, vmid };
}

export function readGuestRow(row: ResourceRow): ListedGuest | "other-type" | "no-vmid" {
  const id = guestIdOf(row);
  if (typeof id === "string") return id;
  return {
    ...id,
    node: text(row.node),
    name: text(row.name),
    status: text(row.status) ?? "unknown",
    isTemplate: flag(row.template) ?? false,
  };
}

/** Why the agent of a guest, or the container itself, is not asked; undefined: the guest runs. */
export function idleReason(
  { status }: Pick<ResourceRow, "status">,
): "unreachable" | "guest-stopped" | undefined {
  const known = text(status) ?? "unknown";
  if (known === "unknown") return "unreachable";
  return known === "running" ? undefined : "guest-stopped";
}

/** Why a row does not become a virtual machine: the first reason in the order of left-out.json. */
export function unmappedReason(
  row: ResourceRow,
): "other-type" | "no-vmid" | "unreachable" | "no-name" | "template" | undefined {
  const guest = readGuestRow(row);
  if (typeof guest === "string") return guest;
  // A guest on a node that is away has neither name nor sizes. Source: PVE/API2Tools.pm, extract_vm_stats.
  if (guest.name === undefined) return row.status === "unknown" ? "unreachable" : "no-name";
  return guest.isTemplate ? "template" : undefined;
}

/** The name of a row in left-out.json: "vm/101"; "resource/storage/pve1/local" for other things. */
export function rowName(row: ResourceRow): string {
  const id = guestIdOf(row);
  if (typeof id !== "string") return `vm/${id.vmid}`;
  return `resource/${text(row.id) ?? text(row.name) ?? text(row.type) ?? "?"}`;
}

export type AddressedGuest = ListedGuest & GuestAddress;

/** Without rows of another type, and without those that lack a VMID or a node. */
export function addressedGuests(rows: readonly ResourceRow[]): AddressedGuest[] {
  return rows.flatMap((row) => {
    const guest = readGuestRow(row);
    if (typeof guest === "string" || guest.node === undefined) return [];
    return [{ ...guest, node: guest.node }];
  });
}

/** What has answers by API path: a file of the run folder, or a Map. Of long lists, `keys` are enough. */
export interface AnswerSource {
  get(path: string, keys?: readonly string[]): Answer | undefined;
}

export interface ClusterListing {
  /** The row of the cluster itself; undefined on a node outside a cluster. */
  readonly cluster: ClusterStatusRow | undefined;
  /** Node → its row of /cluster/status. */
  readonly members: ReadonlyMap<string, ClusterStatusRow>;
  /** Node → its row of /nodes. */
  readonly nodes: ReadonlyMap<string, NodeRow>;
  /** The path of each row that has no node name. */
  readonly nameless: readonly string[];
  /** Rows of /cluster/resources. */
  readonly resources: readonly DataRow[];
  /** The listings that were not read. */
  readonly notRead: { readonly [Name in "clusterStatus" | "nodes" | "resources"]?: NotRead };
}

export function readListing(
  answers: AnswerSource,
  guestKeys: readonly string[] = RESOURCE_KEYS,
): ClusterListing {
  const clusterStatus = rowsOf(answers.get(PATHS.clusterStatus));
  const nodes = rowsOf(answers.get(PATHS.nodes));
  const resources = rowsOf(answers.get(PATHS.resources, guestKeys));
  const status = valueOf(clusterStatus) ?? [];
  const nameless: string[] = [];
  const byNode = (path: string, key: string, rows: readonly DataRow[]): Map<string, DataRow> => {
    const named = new Map<string, DataRow>();
    for (const row of rows) {
      const name = text(row[key]);
      if (name === undefined) nameless.push(path);
      else named.set(name, row);
    }
    return named;
  };
  return {
    cluster: status.find(({ type }) => type === "cluster"),
    members: byNode(PATHS.clusterStatus, "name", status.filter(({ type }) => type === "node")),
    nodes: byNode(PATHS.nodes, "node", valueOf(nodes) ?? []),
    nameless,
    resources: valueOf(resources) ?? [],
    notRead: {
      ...("reason" in clusterStatus ? { clusterStatus } : {}),
      ...("reason" in nodes ? { nodes } : {}),
      ...("reason" in resources ? { resources } : {}),
    },
  };
}

/** The nodes that either listing has. */
export function nodeNames({ nodes, members }: ClusterListing): Set<string> {
  return new Set([...nodes.keys(), ...members.keys()]);
}

/** As the listings have it; whether the node answers is another question. */
export function isOnline(node: string, { nodes, members }: ClusterListing): boolean {
  const row = nodes.get(node);
  return row === undefined ? flag(members.get(node)?.online) ?? true : row.status !== "offline";
}

/** The answer of /version → "9.1.4", "7.4-16". */
export function versionOf(answer: Answer | undefined): string | undefined {
  return text(record(valueOf(dataOf(answer)))?.["version"]);
}

/** 9, 7 */
export function majorOf(answer: Answer | undefined): number | undefined {
  return count(/^\d+/.exec(versionOf(answer) ?? "")?.[0]);
}
