/** Guests that leave their node once the listing has named it. */
import { usageError } from "../../base/errors.ts";

/** Where a guest goes: another node or, without one, out of the cluster. */
export interface Move {
  readonly vmid: number;
  readonly node?: string;
}

/** "101:pve2", or "101" for a guest that is removed. */
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

  /** From now on the guests are where they go: called when the listing is answered. */
  finish(): void {
    this.#isDone = true;
  }

  /** The node that a guest of `home` is on now; undefined when it is on none. */
  nodeOf(vmid: number, home: string): string | undefined {
    const move = this.#isDone ? this.#moves.get(vmid) : undefined;
    return move === undefined ? home : move.node;
  }
}
