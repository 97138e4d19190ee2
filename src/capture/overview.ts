/** The cluster-wide answers → what there is to ask about, what the token may see, and what is odd. */
import { AppError, usageError } from "../base/errors.ts";
import { compareNatural } from "../base/natural-order.ts";
import { type Answer, incompleteOf } from "../proxmox/answers.ts";
import {
  CLUSTER_ENDPOINTS,
  clusterQuestion,
  type GuestAddress,
  nodeFile,
  PATHS,
  type Question,
} from "../proxmox/endpoints.ts";
import { Rights } from "../proxmox/rights.ts";
import { count, flag, records, text } from "../proxmox/values.ts";
import type { CaptureJournal } from "../run-folder/capture-journal.ts";
import { filteredPaths, grantsFor, majorOf, versionOf } from "./access.ts";
import type { Connection } from "./client.ts";
import type { CaptureOptions } from "./settings.ts";

type ClusterAnswers = Readonly<Record<(typeof CLUSTER_ENDPOINTS)[number], Answer>>;

/** Without the answers themselves: the listing of a large cluster is long, and mostly telemetry. */
export interface Overview {
  readonly inventory: Inventory;
  /** Names of those in scope. */
  readonly nodes: readonly string[];
  /** undefined: they could not be read. */
  readonly rights: Rights | undefined;
  /** Of Proxmox VE; the newest when it is not known. */
  readonly major: number;
  readonly version: string | undefined;
  /** undefined: a single node without a cluster, or the token may not read it. */
  readonly clusterName: string | undefined;
  readonly hasQuorum: boolean;
  /** Why no nodes are listed; undefined when the call succeeded. */
  readonly nodesGap: string | undefined;
  /** API paths of answers of which the token sees only a part. */
  readonly filtered: readonly string[];
}

const NEWEST_MAJOR = 9;

type Scope = Pick<CaptureOptions, "nodes" | "token">;

/** Asks the cluster-wide questions. */
export async function readOverview(
  ask: (question: Question) => Promise<Answer>,
  { nodes: scope, token }: Scope,
): Promise<Overview> {
  const pairs = CLUSTER_ENDPOINTS.map(async (endpoint) =>
    [endpoint, await ask(clusterQuestion(endpoint))] as const
  );
  const answers = Object.fromEntries(await Promise.all(pairs)) as ClusterAnswers;
  const inventory = readInventory(answers, scope);
  const rights = Rights.of(answers.permissions, answers.acl, token.principals);
  const major = majorOf(answers.version) ?? NEWEST_MAJOR;
  const nodes = inventory.nodes.filter(({ isInScope }) => isInScope).map(({ node }) => node);
  const { clusterStatus } = answers;
  const status = "data" in clusterStatus ? records(clusterStatus.data) : [];
  const cluster = status.find(({ type }) => type === "cluster");
  return {
    inventory,
    nodes,
    rights,
    major,
    version: versionOf(answers.version),
    clusterName: text(cluster?.["name"]),
    hasQuorum: flag(cluster?.["quorate"]) !== false,
    nodesGap: incompleteOf(PATHS.nodes, answers.nodes)?.reason,
    filtered: rights === undefined ? [PATHS.permissions] : filteredPaths({ rights, major, nodes }),
  };
}

/** Without a journal, for commands that capture nothing. */
export async function readOverviewOnce(
  { client, version }: Connection,
  scope: Scope,
): Promise<Overview> {
  return await readOverview(
    async ({ endpoint, path }) =>
      endpoint === "version" ? version.answer : (await client.get(path)).answer,
    scope,
  );
}

/** Rights may have been granted since: what the token saw only a part of is to be asked again. */
export async function forgetFiltered(journal: CaptureJournal, scope: Scope): Promise<void> {
  const unread: Answer = { failed: "reset" };
  const ask = async ({ path }: Question): Promise<Answer> => await journal.answer(path) ?? unread;
  const { filtered } = await readOverview(ask, scope);
  for (const path of [PATHS.permissions, ...filtered]) journal.forget(path);
}

/** @throws AppError when the snapshot would be empty. */
export function refuseEmpty(
  { inventory: { nodes }, rights, nodesGap }: Overview,
  { token, nodes: scope }: Pick<CaptureOptions, "token" | "nodes">,
): void {
  if (rights?.isEmpty && !nodes.some(({ guests }) => guests.length > 0)) {
    throw new AppError("remote", `The API token ${token.id} has no rights, so it sees no guest`, {
      hint: `On a node: ${
        grantsFor([{ privilege: "VM.Audit", path: "/" }], token, rights).map(({ text }) => text)
          .join("; ")
      }`,
    });
  }
  if (nodes.length === 0) {
    const reason = nodesGap ?? "the list is empty";
    throw new AppError("remote", `Proxmox VE lists no node: ${reason}`);
  }
  refuseScope(nodes, scope);
}

/** @throws AppError "usage" when none of the nodes is in scope. */
export function refuseScope(
  nodes: Inventory["nodes"],
  scope: ReadonlySet<string> | undefined,
): void {
  if (scope !== undefined && nodes.length > 0 && !nodes.some(({ isInScope }) => isInScope)) {
    const given = [...scope].join(",");
    throw usageError(
      `PROXMOX_NODES (--nodes) is "${given}", and the cluster has none of these nodes`,
      {
        hint: `Its nodes: ${nodes.map(({ node }) => node).join(", ")}`,
      },
    );
  }
}

/** What the user should know, beside the gaps of the snapshot. */
export function warningsOf(
  { inventory, rights, hasQuorum }: Overview,
  { nodes: scope = new Set() }: Pick<CaptureOptions, "nodes">,
): string[] {
  const names = new Set(inventory.nodes.map(({ node }) => node));
  const unknown = [...scope].filter((node) => !names.has(node));
  return [
    ...(hasQuorum ? [] : ["The cluster has no quorum: its answers may be out of date"]),
    ...(rights === undefined
      ? ["The token's rights could not be read: incomplete lists may look complete"]
      : rights.acl === undefined && rights.has(["Sys.Audit"], "/access")
      ? ["The access control list could not be read: entries that hide guests go unnoticed"]
      : []),
    ...unknown.map((node) => `PROXMOX_NODES names node "${node}", which the cluster does not have`),
    ...inventory.refused.map((node) => `Ignoring node "${node}": not a valid node name`),
  ];
}

/** The listings → the nodes and guests that there are to ask about. */

export interface Guest extends GuestAddress {
  /** Known only while its node is. */
  readonly isTemplate: boolean;
  /** "running", "stopped", "unknown", … */
  readonly status: string;
}

export interface NodeGuests {
  readonly node: string;
  readonly isInScope: boolean;
  /** In the listing; whether the node answers is another matter. */
  readonly isOnline: boolean;
  /** By VMID. */
  readonly guests: readonly Guest[];
}

export interface Inventory {
  /** In natural order: listed nodes, and those that have a listed guest. */
  readonly nodes: readonly NodeGuests[];
  /** Invalid names of nodes, about which nothing can be asked. */
  readonly refused: readonly string[];
}

export interface Listings {
  readonly nodes: Answer;
  readonly resources: Answer;
  readonly clusterStatus: Answer;
}

/** `scope`: undefined for all nodes. */
export function readInventory(
  listings: Listings,
  scope: ReadonlySet<string> | undefined,
): Inventory {
  const nodeRows = rowsOf(listings.nodes);
  const guests = rowsOf(listings.resources).flatMap((row) => guestOf(row) ?? []);
  const members = rowsOf(listings.clusterStatus).filter(({ type }) => type === "node");
  const online = new Map([
    ...guests.map(({ node }) => [node, true] as const),
    ...members.map((row) => [text(row["name"]) ?? "", flag(row["online"]) ?? true] as const),
    ...nodeRows.map((row) => [text(row["node"]) ?? "", row["status"] !== "offline"] as const),
  ]);
  const byNode = Map.groupBy(guests, ({ node }) => node);
  const names = [...online.keys()].sort(compareNatural);
  const good = names.filter((node) => nodeFile(node) !== undefined);
  return {
    nodes: good.map((node) => ({
      node,
      isInScope: scope?.has(node) ?? true,
      isOnline: online.get(node) ?? true,
      guests: guestsOf(byNode.get(node) ?? []),
    })),
    refused: names.filter((node) => node !== "" && nodeFile(node) === undefined),
  };
}

type Row = Readonly<Record<string, unknown>>;

function rowsOf(answer: Answer): readonly Row[] {
  return "data" in answer ? records(answer.data) : [];
}

/** undefined for what has no config: a row of another type, or without a VMID. */
function guestOf(row: Row): Guest | undefined {
  const vmid = count(row["vmid"]);
  const kind = row["type"];
  const node = text(row["node"]);
  if (vmid === undefined || node === undefined || (kind !== "qemu" && kind !== "lxc")) {
    return undefined;
  }
  return {
    node,
    kind,
    vmid,
    isTemplate: flag(row["template"]) ?? false,
    status: text(row["status"]) ?? "unknown",
  };
}

/** Each once. */
function guestsOf(rows: readonly Guest[]): Guest[] {
  const unique = new Map(rows.map((guest) => [`${guest.kind}/${guest.vmid}`, guest]));
  return [...unique.values()].sort((a, b) => a.vmid - b.vmid || compareNatural(a.kind, b.kind));
}
