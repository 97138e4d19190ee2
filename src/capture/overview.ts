/** Reads the cluster-wide answers: nodes and guests to request, rights of the token, warnings. */
import { AppError, usageError } from "../base/errors.ts";
import { compareNatural } from "../base/natural-order.ts";
import { type Answer, incompleteOf, rowsOf } from "../proxmox/answers.ts";
import {
  CLUSTER_ENDPOINTS,
  clusterQuestion,
  isAskedWith,
  nodeFile,
  PATHS,
  type Question,
  vnetQuestion,
} from "../proxmox/endpoints.ts";
import { Rights } from "../proxmox/rights.ts";
import {
  type AddressedGuest,
  addressedGuests,
  type ClusterListing,
  isOnline,
  majorOf,
  nodeNames,
  readListing,
  versionOf,
} from "../proxmox/listing.ts";
import { vnetNames } from "../proxmox/sdn.ts";
import { flag, text } from "../proxmox/values.ts";
import type { CaptureJournal } from "../run-folder/capture-journal.ts";
import { filteredPaths, grantsFor, SDN_PATHS_SINCE } from "./access.ts";
import { type Client, type ClientRun, connect } from "./client.ts";
import type { CaptureOptions } from "./settings.ts";

/** Without the answers themselves: the listing of a large cluster is long, and mostly telemetry. */
export interface Overview {
  readonly inventory: Inventory;
  /** Names of those in scope. */
  readonly nodes: readonly string[];
  /** What is asked about the VNets of SDN; empty without NETWORK_DEPTH=full. */
  readonly vnets: readonly Question[];
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

type Scope = Pick<CaptureOptions, "nodes" | "token" | "extensions">;

/** Asks the cluster-wide questions. */
export async function readOverview(
  ask: (question: Question) => Promise<Answer>,
  { nodes: scope, token, extensions }: Scope,
): Promise<Overview> {
  const questions = CLUSTER_ENDPOINTS.filter((name) => isAskedWith(name, extensions))
    .map(clusterQuestion);
  const asked = questions.map(async (question) => [question.path, await ask(question)] as const);
  const answers = new Map(await Promise.all(asked));
  const listing = readListing(answers);
  const inventory = readInventory(listing, scope);
  const [permissions, acl] = [answers.get(PATHS.permissions), answers.get(PATHS.acl)];
  const rights = Rights.of(permissions, acl, token.principals);
  const version = answers.get(PATHS.version);
  const major = majorOf(version) ?? NEWEST_MAJOR;
  const nodes = inventory.nodes.filter(({ isInScope }) => isInScope).map(({ node }) => node);
  const nodeAnswer = answers.get(PATHS.nodes);
  const vnets = vnetQuestions(answers.get(PATHS.sdnVnets));
  const lists = [PATHS.sdnZones, PATHS.sdnVnets].filter((path) =>
    "value" in rowsOf(answers.get(path))
  );
  const subnets = major < SDN_PATHS_SINCE ? vnets.map(({ path }) => path) : [];
  return {
    inventory,
    nodes,
    vnets,
    rights,
    major,
    version: versionOf(version),
    clusterName: text(listing.cluster?.name),
    hasQuorum: flag(listing.cluster?.quorate) !== false,
    nodesGap: nodeAnswer && incompleteOf(PATHS.nodes, nodeAnswer)?.reason,
    filtered: rights === undefined
      ? [PATHS.permissions]
      : filteredPaths({ rights, major, nodes }, [...lists, ...subnets]),
  };
}

function vnetQuestions(answer: Answer | undefined): Question[] {
  return vnetNames(answer).sort(compareNatural)
    .flatMap((vnet) => vnetQuestion("sdnSubnets", vnet) ?? []);
}

/** For commands that capture nothing. @throws AppError "remote" when no host answers or the token is refused. */
export async function lookAt<Result>(
  options: CaptureOptions,
  run: ClientRun,
  use: (overview: Overview, client: Client) => Result,
): Promise<Result> {
  const { client, version } = await connect(options, run);
  try {
    const overview = await readOverview(
      async ({ endpoint, path }) =>
        endpoint === "version" ? version.answer : (await client.get(path)).answer,
      options,
    );
    const result = use(overview, client);
    for (const warning of warningsOf(overview, options)) run.onWarning(warning);
    return result;
  } finally {
    await client.close();
  }
}

/** Rights may have been granted since: what the token saw only a part of is to be asked again. */
export async function forgetFiltered(journal: CaptureJournal, scope: Scope): Promise<void> {
  const unread: Answer = { failed: "reset" };
  const ask = async ({ path }: Question): Promise<Answer> => await journal.answer(path) ?? unread;
  const { filtered } = await readOverview(ask, scope);
  for (const path of [PATHS.permissions, PATHS.acl, ...filtered]) journal.forget(path);
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
    ...inventory.refused.map((node) =>
      `Ignoring node "${node}": not a valid node name, or it differs from another in case only`
    ),
  ];
}

/** A node of the listings, or one that a guest is listed on. */
export interface NodeGuests {
  readonly node: string;
  readonly isInScope: boolean;
  /** In the listings; whether the node answers is another matter. */
  readonly isOnline: boolean;
  /** By VMID. */
  readonly guests: readonly AddressedGuest[];
}

export interface Inventory {
  /** In natural order: listed nodes, and those that have a listed guest. */
  readonly nodes: readonly NodeGuests[];
  /** Names of nodes about which nothing can be asked, or that differ from another in case only. */
  readonly refused: readonly string[];
}

/** `scope`: undefined for all nodes. */
function readInventory(
  listing: ClusterListing,
  scope: ReadonlySet<string> | undefined,
): Inventory {
  const guests = Map.groupBy(addressedGuests(listing.resources), ({ node }) => node);
  const names = [...new Set([...nodeNames(listing), ...guests.keys()])].sort(compareNatural);
  const valid = names.filter((node) => nodeFile(node) !== undefined);
  // Names of hosts are the same in any case, and so are names of files on Windows and macOS.
  const good = new Set(
    [...Map.groupBy(valid, (node) => node.toLowerCase()).values()].flatMap(([node]) => node ?? []),
  );
  return {
    nodes: [...good].map((node) => ({
      node,
      isInScope: scope?.has(node) ?? true,
      isOnline: isOnline(node, listing),
      guests: byVmid(guests.get(node) ?? []),
    })),
    refused: names.filter((node) => !good.has(node)),
  };
}

/** Without doubles. */
function byVmid(guests: readonly AddressedGuest[]): AddressedGuest[] {
  const unique = new Map(guests.map((guest) => [`${guest.kind}/${guest.vmid}`, guest]));
  return [...unique.values()].sort((a, b) => a.vmid - b.vmid || compareNatural(a.kind, b.kind));
}
