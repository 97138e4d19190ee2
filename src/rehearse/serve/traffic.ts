/** What was asked of the server, counted: how often, and how much at the same time. */
import type { Question } from "./endpoints.ts";

export interface Visit {
  /** How often this path has been asked, this time included. */
  readonly count: number;
  /** The request is answered or, without a status, given up. False when that was known already. */
  leave(status: number | undefined): boolean;
}

/** Under way now, and the most that ever were. */
class Gauge {
  #now = 0;
  most = 0;

  enter(): void {
    this.#now += 1;
    this.most = Math.max(this.most, this.#now);
  }

  leave(): void {
    this.#now -= 1;
  }
}

export class Traffic {
  /** Path → how often it was asked. */
  readonly asked = new Map<string, number>();
  /** Status → how often it was answered; 0 for those that got no answer. */
  readonly answered = new Map<number, number>();
  /** Method → how often it was used. */
  readonly methods = new Map<string, number>();
  #connections = 0;
  readonly #all = new Gauge();
  readonly #nodes = new Map<string, Gauge>();
  readonly #agents = new Map<string, Gauge>();

  /** TLS connections that were made. */
  get connections(): number {
    return this.#connections;
  }

  get requests(): number {
    return [...this.asked.values()].reduce((sum, count) => sum + count, 0);
  }

  /** The most requests that were under way at once. */
  get most(): number {
    return this.#all.most;
  }

  /** The same by the node that they went to. */
  get mostByNode(): ReadonlyMap<string, number> {
    return mostOf(this.#nodes);
  }

  /** The same of guest agents alone. */
  get mostAgentsByNode(): ReadonlyMap<string, number> {
    return mostOf(this.#agents);
  }

  connect(): void {
    this.#connections += 1;
  }

  enter(method: string, { name, endpoint, variables: { node } }: Question): Visit {
    const count = increase(this.asked, name);
    increase(this.methods, method);
    const gauges = [
      this.#all,
      ...(node === undefined ? [] : [gaugeOf(this.#nodes, node)]),
      ...(node === undefined || endpoint !== "agent" ? [] : [gaugeOf(this.#agents, node)]),
    ];
    for (const gauge of gauges) gauge.enter();
    let isOver = false;
    return {
      count,
      leave: (status) => {
        if (isOver) return false;
        isOver = true;
        increase(this.answered, status ?? 0);
        for (const gauge of gauges) gauge.leave();
        return true;
      },
    };
  }
}

function increase<Key>(counts: Map<Key, number>, key: Key): number {
  const count = (counts.get(key) ?? 0) + 1;
  counts.set(key, count);
  return count;
}

function gaugeOf(gauges: Map<string, Gauge>, node: string): Gauge {
  const gauge = gauges.get(node) ?? new Gauge();
  gauges.set(node, gauge);
  return gauge;
}

function mostOf(gauges: ReadonlyMap<string, Gauge>): Map<string, number> {
  return new Map([...gauges].map(([node, { most }]) => [node, most]));
}
