/** Counts what a capture has done, for the progress bar. */
import { type Answer, incompleteOf } from "../proxmox/answers.ts";
import type { Inventory } from "./overview.ts";

/** How far a capture is. */
export interface CaptureProgress {
  readonly nodes: { readonly done: number; readonly total: number };
  readonly guests: { readonly done: number; readonly total: number };
  /** Answers that came from the cluster in this run. */
  readonly answers: number;
  /** Of `answers`, those that are gaps. */
  readonly gaps: number;
}

export class ProgressCounter {
  readonly #report: (progress: CaptureProgress) => void;
  #state: CaptureProgress = {
    nodes: { done: 0, total: 0 },
    guests: { done: 0, total: 0 },
    answers: 0,
    gaps: 0,
  };

  constructor(report: (progress: CaptureProgress) => void) {
    this.#report = report;
  }

  /** Starts over with what there is to do. */
  expect(inventory: Inventory): void {
    const { nodes, guests } = countInScope(inventory);
    this.#change({ nodes: { done: 0, total: nodes }, guests: { done: 0, total: guests } });
  }

  done(part: "nodes" | "guests"): void {
    const { done, total } = this.#state[part];
    this.#change({ [part]: { done: done + 1, total } });
  }

  answered(path: string, answer: Answer): void {
    const { answers, gaps } = this.#state;
    const isGap = incompleteOf(path, answer) !== undefined;
    this.#change({ answers: answers + 1, gaps: gaps + (isGap ? 1 : 0) });
  }

  #change(part: Partial<CaptureProgress>): void {
    this.#state = { ...this.#state, ...part };
    this.#report(this.#state);
  }
}

export function countInScope(
  { nodes }: Inventory,
): { readonly nodes: number; readonly guests: number } {
  const inScope = nodes.filter(({ isInScope }) => isInScope);
  return {
    nodes: inScope.length,
    guests: inScope.reduce((sum, node) => sum + node.guests.length, 0),
  };
}
