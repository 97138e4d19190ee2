/** The cluster-wide answers → what there is to ask about, what the token may see, and what is odd. */
import { AppError, usageError } from "../kernel/errors.ts";
import { incompleteOf } from "../snapshot/incomplete.ts";
import { PATHS } from "../snapshot/paths.ts";
import { flag, records, text } from "../snapshot/scalar.ts";
import { Rights } from "../snapshot/rights.ts";
import type { Answer } from "../snapshot/schema.ts";
import { filteredPaths, majorOf, versionOf } from "./access.ts";
import { grantsFor } from "./grants.ts";
import { type Inventory, readInventory } from "./inventory.ts";
import type { CaptureOptions } from "./options.ts";

export const CLUSTER_ENDPOINTS = [
  "version",
  "permissions",
  "acl",
  "clusterStatus",
  "nodes",
  "resources",
] as const;

export type ClusterAnswers = Readonly<Record<(typeof CLUSTER_ENDPOINTS)[number], Answer>>;

/** Not the answers themselves: the listing of a large cluster is mostly telemetry, and long. */
export interface Overview {
  readonly inventory: Inventory;
  /** Names of those in scope. */
  readonly nodes: readonly string[];
  /** undefined: not known. */
  readonly rights: Rights | undefined;
  /** Of Proxmox VE, as far as it is known; else the newest. */
  readonly major: number;
  readonly version: string | undefined;
  /** undefined: a node that stands alone, or the token may not read it. */
  readonly clusterName: string | undefined;
  readonly hasQuorum: boolean;
  /** Why no nodes are listed; undefined when that call was answered well. */
  readonly nodesGap: string | undefined;
  /** API paths of answers of which the token sees only a part. */
  readonly filtered: readonly string[];
}

const NEWEST_MAJOR = 9;

type Scope = Pick<CaptureOptions, "nodes" | "token">;

export function readOverview(answers: ClusterAnswers, { nodes: scope, token }: Scope): Overview {
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

/** @throws AppError when a snapshot would be empty for a reason that is not the cluster's. */
export function refuseNothing(
  { inventory: { nodes }, rights, nodesGap }: Overview,
  { token, nodes: scope }: Pick<CaptureOptions, "token" | "nodes">,
): void {
  if (rights?.isEmpty && !nodes.some(({ guests }) => guests.length > 0)) {
    throw new AppError("remote", `The API token ${token.id} has no rights: it sees no guest`, {
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
    throw usageError(`Setting nodes is "${given}", and the cluster has none of them`, {
      hint: `Its nodes: ${nodes.map(({ node }) => node).join(", ")}`,
    });
  }
}

/** What the user should know and is no gap of the snapshot. */
export function warningsOf(
  { inventory, rights, hasQuorum }: Overview,
  { nodes: scope = new Set() }: Pick<CaptureOptions, "nodes">,
): string[] {
  const names = new Set(inventory.nodes.map(({ node }) => node));
  const unknown = [...scope].filter((node) => !names.has(node));
  return [
    ...(hasQuorum ? [] : ["The cluster has no quorum: its answers may be out of date"]),
    ...(rights === undefined
      ? ["The token's rights could not be read: lists that it sees only a part of look complete"]
      : rights.acl === undefined && rights.has(["Sys.Audit"], "/access")
      ? ["The access control list could not be read: entries that hide guests would not be noticed"]
      : []),
    ...unknown.map((node) => `The scope names the node "${node}", which the cluster does not have`),
    ...inventory.refused.map((node) =>
      `The cluster lists a node "${node}", which no node is called`
    ),
  ];
}
