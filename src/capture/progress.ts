/** How far a capture is. A stage tells it to whoever called it, and prints nothing. */
import { type Answer, incompleteOf } from "../proxmox/answers.ts";
import type { Inventory } from "./overview.ts";

export interface CaptureProgress {
  readonly nodes: Part;
  readonly guests: Part;
  /** That came from the cluster in this run. */
  readonly answers: number;
  /** Of these. */
  readonly gaps: number;
}

export interface Part {
  readonly done: number;
  readonly total: number;
}

export class ProgressCounter {
  readonly #tell: (progress: CaptureProgress) => void;
  #state: CaptureProgress = {
    nodes: { done: 0, total: 0 },
    guests: { done: 0, total: 0 },
    answers: 0,
    gaps: 0,
  };

  constructor(tell: (progress: CaptureProgress) => void) {
    this.#tell = tell;
  }

  get state(): CaptureProgress {
    return this.#state;
  }

  /** What there is to do, from the start. */
  expect({ nodes }: Inventory): void {
    const asked = nodes.filter(({ isInScope }) => isInScope);
    const guests = asked.reduce((sum, node) => sum + node.guests.length, 0);
    this.#change({
      nodes: { done: 0, total: asked.length },
      guests: { done: 0, total: guests },
    });
  }

  nodeDone(): void {
    this.#change({ nodes: oneMore(this.#state.nodes) });
  }

  guestDone(): void {
    this.#change({ guests: oneMore(this.#state.guests) });
  }

  answered(path: string, answer: Answer): void {
    const { answers, gaps } = this.#state;
    const isGap = incompleteOf(path, answer) !== undefined;
    this.#change({ answers: answers + 1, gaps: gaps + (isGap ? 1 : 0) });
  }

  #change(part: Partial<CaptureProgress>): void {
    this.#state = { ...this.#state, ...part };
    this.#tell(this.#state);
  }
}

function oneMore({ done, total }: Part): Part {
  return { done: done + 1, total };
}
