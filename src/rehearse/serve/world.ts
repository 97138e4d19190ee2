/** What a call meets: the cluster, the privileges of the token, offline nodes and guests that move. */
import { usageError } from "../../base/errors.ts";
import type { ServedCluster } from "./cluster.ts";
import type { Rights } from "./rights.ts";
import type { Token } from "./token.ts";

/** The cluster with its disturbances. */
export interface World {
  readonly cluster: ServedCluster;
  /** The token of the client. */
  readonly token: Token;
  readonly rights: Rights;
  readonly moves: Moves;
  /** Names of nodes. */
  readonly offline: ReadonlySet<string>;
}

/** A guest that moves to another node after the listing was read; without `node` it is removed. */
export interface Move {
  readonly vmid: number;
  readonly node?: string;
}

/** "101:pve2", or "101" for a removed guest. @throws AppError "usage". */
export function parseMove(text: string): Move {
  const [, vmid, node] = /^(\d{3,9})(?::([A-Za-z0-9.-]+))?$/.exec(text) ?? [];
  if (vmid === undefined) {
    throw usageError(`Cannot move "${text}"`, { hint: 'Write a VMID and a node: "101:pve2"' });
  }
  return { vmid: Number(vmid), ...(node === undefined ? {} : { node }) };
}

export class Moves {
  readonly #moves: ReadonlyMap<number, Move>;
  #isDone = false;

  constructor(moves: readonly Move[]) {
    this.#moves = new Map(moves.map((move) => [move.vmid, move]));
  }

  /** Moves the guests; called once the listing was sent. */
  finish(): void {
    this.#isDone = true;
  }

  /** The node of a guest that was captured on `home`; undefined: it was removed. */
  nodeOf(vmid: number, home: string): string | undefined {
    const move = this.#isDone ? this.#moves.get(vmid) : undefined;
    return move === undefined ? home : move.node;
  }
}
