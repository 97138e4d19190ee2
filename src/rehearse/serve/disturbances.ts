/** What shall go wrong while a cluster is rehearsed, and the world that comes of it. */
import { usageError } from "../../kernel/errors.ts";
import type { Cluster } from "./cluster.ts";
import type { Fault } from "./fault.ts";
import { type Move, Moves } from "./moves.ts";
import { type Denial, Rights } from "./rights.ts";
import type { World } from "./views.ts";

export interface Disturbances {
  /** Added to every answer. */
  readonly latencyMs?: number;
  /** How long a guest agent takes, and blocks one of its node's workers. */
  readonly slowAgentMs?: number;
  /** Struck by chance, one at the most for each attempt. */
  readonly faults?: readonly Fault[];
  /** The header that goes with 429 and 503. */
  readonly retryAfterSeconds?: number;
  /** Nodes that have been away for long: listed so, and 595 for all that they are asked. */
  readonly offline?: readonly string[];
  /** Guests that move, or vanish, once the listing has named them. */
  readonly moves?: readonly Move[];
  /** Privileges that the token lacks. */
  readonly denials?: readonly Denial[];
  /** The token expires after so many requests that it opened. */
  readonly expireTokenAfter?: number;
}

/** @throws AppError "usage" for a node or a guest that the cluster does not have. */
export function disturb(cluster: Cluster, disturbances: Disturbances): World {
  const { offline = [], moves = [], denials = [] } = disturbances;
  for (const node of offline) checkNode(cluster, node);
  for (const { vmid, node } of moves) {
    if (!cluster.guests.has(vmid)) throw usageError(`Cannot move ${vmid}: there is no such guest`);
    if (node !== undefined) checkNode(cluster, node);
  }
  return {
    cluster,
    rights: new Rights(cluster.permissions, denials),
    moves: new Moves(moves),
    offline: new Set(offline),
  };
}

function checkNode({ nodes }: Cluster, node: string): void {
  if (nodes.includes(node)) return;
  throw usageError(`Cannot find the node "${node}" in the snapshot`, {
    hint: `Its nodes: ${nodes.slice(0, 20).join(", ")}`,
  });
}
