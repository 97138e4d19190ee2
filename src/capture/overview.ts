/** The cluster-wide answers → what there is to ask about, what the token may see, and what is odd. */
import { AppError, usageError } from "../kernel/errors.ts";
import { incompleteOf } from "../snapshot/incomplete.ts";
import { PATHS } from "../snapshot/paths.ts";
import { flag, records } from "../snapshot/scalar.ts";
import type { Answer } from "../snapshot/schema.ts";
import { filteredPaths, majorOf } from "./access.ts";
import { grantsFor } from "./grants.ts";
import { type Inventory, readInventory } from "./inventory.ts";
import type { CaptureOptions } from "./options.ts";
import { Rights } from "./rights.ts";

export const CLUSTER_ENDPOINTS = [
  "version",
  "permissions",
  "clusterStatus",
  "nodes",
  "resources",
] as const;

export type ClusterAnswers = Readonly<Record<(typeof CLUSTER_ENDPOINTS)[number], Answer>>;

export interface Overview {
  readonly inventory: Inventory;
  /** undefined: not known. */
  readonly rights: Rights | undefined;
  /** Of Proxmox VE, as far as it is known; else the newest. */
  readonly major: number;
  /** API paths of answers of which the token sees only a part. */
  readonly filtered: readonly string[];
}

const NEWEST_MAJOR = 9;

export function readOverview(
  answers: ClusterAnswers,
  { nodes }: Pick<CaptureOptions, "nodes">,
): Overview {
  const inventory = readInventory(answers, nodes);
  const rights = Rights.of(answers.permissions);
  const major = majorOf(answers.version) ?? NEWEST_MAJOR;
  const asked = inventory.nodes.filter(({ isInScope }) => isInScope).map(({ node }) => node);
  return {
    inventory,
    rights,
    major,
    filtered: rights === undefined ? [] : filteredPaths({ rights, major, nodes: asked }),
  };
}

interface Found {
  readonly answers: ClusterAnswers;
  readonly overview: Overview;
}

/** @throws AppError when a snapshot would be empty for a reason that is not the cluster's. */
export function refuseNothing(
  { answers, overview: { inventory, rights } }: Found,
  { token, nodes: scope }: CaptureOptions,
): void {
  const hasGuests = inventory.nodes.some(({ guests }) => guests.length > 0);
  if (rights?.isEmpty && !hasGuests) {
    throw new AppError("remote", `The API token ${token.id} has no rights: it sees no guest`, {
      hint: `On a node: ${grantsFor(["VM.Audit"], token).join("; ")}`,
    });
  }
  if (inventory.nodes.length === 0) {
    const reason = incompleteOf(PATHS.nodes, answers.nodes)?.reason ?? "the list is empty";
    throw new AppError("remote", `Proxmox VE lists no node: ${reason}`);
  }
  if (scope !== undefined && !inventory.nodes.some(({ isInScope }) => isInScope)) {
    const listed = inventory.nodes.map(({ node }) => node).join(", ");
    const given = [...scope].join(",");
    throw usageError(`Setting nodes is "${given}", and the cluster has none of them`, {
      hint: `Its nodes: ${listed}`,
    });
  }
}

/** What the user should know and is no gap of the snapshot. */
export function warningsOf(
  { answers, overview: { inventory, rights } }: Found,
  { nodes: scope }: CaptureOptions,
): string[] {
  const { clusterStatus } = answers;
  const names = new Set(inventory.nodes.map(({ node }) => node));
  const unknown = [...scope ?? []].filter((node) => !names.has(node));
  const rows = "data" in clusterStatus ? records(clusterStatus.data) : [];
  const hasQuorum = rows.every((row) =>
    row["type"] !== "cluster" || flag(row["quorate"]) !== false
  );
  return [
    ...(hasQuorum ? [] : ["The cluster has no quorum: its answers may be out of date"]),
    ...(rights === undefined
      ? ["The token's rights could not be read: lists that it sees only a part of look complete"]
      : []),
    ...unknown.map((node) => `The scope names the node "${node}", which the cluster does not have`),
    ...inventory.refused.map((node) =>
      `The cluster lists a node "${node}", which no node is called`
    ),
  ];
}
