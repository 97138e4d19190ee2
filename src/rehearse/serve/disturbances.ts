/** What shall go wrong while a cluster is rehearsed, and the world that comes of it. */
import { usageError } from "../../base/errors.ts";
import type { Cluster } from "./cluster.ts";
import type { Fault } from "./fault.ts";
import { type Move, Moves } from "./moves.ts";
import { type Denial, Rights } from "./rights.ts";
import type { Token } from "./token.ts";

/** The cluster, and what has befallen it. */
export interface World {
  readonly cluster: Cluster;
  /** Who asks. */
  readonly token: Token;
  readonly rights: Rights;
  readonly moves: Moves;
  /** Names of nodes. */
  readonly offline: ReadonlySet<string>;
}

/** In a hint. */
const MAX_NAMED = 12;

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

/** @throws AppError "usage" for a node, a guest or a privilege that the snapshot does not have. */
export function disturb(
  cluster: Cluster,
  token: Token,
  disturbances: Disturbances,
): World {
  const { offline = [], moves = [], denials = [] } = disturbances;
  const rights = new Rights(cluster.permissions, denials);
  const nodes = [...offline, ...moves.flatMap(({ node }) => node ?? [])];
  const unknown = [
    ...nodes.filter((node) => !cluster.nodes.includes(node)),
    ...moves.filter(({ vmid }) => !cluster.guests.has(vmid)).map(({ vmid }) => vmid),
    ...denials.filter(({ privilege }) => !rights.had(privilege)).map(({ privilege }) => privilege),
  ];
  if (unknown.length > 0) {
    throw usageError(`Cannot find in the snapshot what shall be disturbed: ${unknown.join(", ")}`, {
      hint: `Name nodes (${cluster.nodes.slice(0, MAX_NAMED).join(", ")}), VMIDs and privileges ` +
        "of the token that are in it",
    });
  }
  return { cluster, token, rights, moves: new Moves(moves), offline: new Set(offline) };
}
