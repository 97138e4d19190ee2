/**
 * How many calls run at once: in all, to one node, and to the guest agents of one node. Agents have a
 * budget of their own, so that dead ones, 3 s each, do not stand before everything else.
 */
import pLimit, { type LimitFunction } from "p-limit";
import type { Attempt } from "./client.ts";
import type { LimitOptions } from "./options.ts";
import { Pace } from "./pace.ts";

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
