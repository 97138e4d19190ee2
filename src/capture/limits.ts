/**
 * How many calls run at once: in all, to one node, and to the guest agents of one node. Agents have a
 * budget of their own, so that dead ones, 3 s each, do not stand before everything else.
 */
import pLimit, { type LimitFunction } from "p-limit";
import type { Attempt } from "./client.ts";
import type { LimitOptions } from "./settings.ts";

/**
 * How many calls may be under way at once, by how the cluster takes them: half as many when it says that
 * it is busy or takes far longer than before, one more after a stretch of calls that went well.
 */

/** Calls that are judged together. */
const STRETCH = 20;
const BUSY_SHARE = 0.1;
/** Slower than at its best by so much is slow; what is quick anyway is not. */
const SLOW_FACTOR = 3;
const SLOW_MS = 100;

export class Pace {
  readonly #most: number;
  #allowed: number;
  #best = Infinity;
  #stretch: Attempt[] = [];

  constructor(most: number) {
    this.#most = most;
    this.#allowed = most;
  }

  /** Calls that may now be under way at once. */
  get allowed(): number {
    return this.#allowed;
  }

  /** Of a call that went through no guest agent: those have a pace of their own. */
  observe(call: Attempt): void {
    this.#stretch.push(call);
    if (this.#stretch.length < STRETCH) return;
    const times = this.#stretch.map(({ ms }) => ms).sort((a, b) => a - b);
    const median = times[STRETCH / 2] ?? 0;
    const busy = this.#stretch.filter(({ isBusy }) => isBusy).length;
    this.#stretch = [];
    this.#best = Math.min(this.#best, median);
    const isSlow = median > this.#best * SLOW_FACTOR && median > this.#best + SLOW_MS;
    this.#allowed = busy > STRETCH * BUSY_SHARE || isSlow
      ? Math.max(1, Math.floor(this.#allowed / 2))
      : Math.min(this.#most, this.#allowed + 1);
  }
}

export interface Lane {
  readonly node?: string | undefined;
  readonly isAgent: boolean;
}

export class Limits {
  readonly #options: LimitOptions;
  readonly #pace: Pace;
  readonly #all: LimitFunction;
  readonly #agents: LimitFunction;
  readonly #nodes = new Map<string, LimitFunction>();

  constructor(options: LimitOptions) {
    this.#options = options;
    this.#pace = new Pace(options.total);
    this.#all = pLimit(options.total);
    this.#agents = pLimit(options.total);
  }

  async run<Result>(lane: Lane, task: () => Promise<Result>): Promise<Result> {
    const inAll = (): Promise<Result> => (lane.isAgent ? this.#agents : this.#all)(task);
    return lane.node === undefined ? await inAll() : await this.#laneOf(lane.node, lane)(inAll);
  }

  observe(call: Attempt): void {
    this.#pace.observe(call);
    this.#all.concurrency = this.#pace.allowed;
    this.#agents.concurrency = this.#pace.allowed;
  }

  #laneOf(node: string, { isAgent }: Lane): LimitFunction {
    const key = isAgent ? `${node}/agent` : node;
    const { perNode, agentsPerNode } = this.#options;
    const limit = this.#nodes.get(key) ?? pLimit(isAgent ? agentsPerNode : perNode);
    this.#nodes.set(key, limit);
    return limit;
  }
}
