/** Counts of requests: in all, and how many ran at the same time. */
import { type EndpointRow, ENDPOINTS } from "../../proxmox/endpoints.ts";
import type { ApiCall } from "./endpoints.ts";

export interface Visit {
  /** Requests of this path so far, this one included. */
  readonly count: number;
  /** Ends the request, without a status when there was no answer. False: it had ended before. */
  leave(status: number | undefined): boolean;
}

/** Requests that run now, and the maximum so far. */
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
  /** Path → requests. */
  readonly asked = new Map<string, number>();
  /** Status → answers; 0: no answer. */
  readonly answered = new Map<number, number>();
  /** Method → requests. */
  readonly methods = new Map<string, number>();
  #connections = 0;
  readonly #all = new Gauge();
  readonly #nodes = new Map<string, Gauge>();
  readonly #agents = new Map<string, Gauge>();

  /** TLS connections so far. */
  get connections(): number {
    return this.#connections;
  }

  get requests(): number {
    return [...this.asked.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Most requests at the same time. */
  get most(): number {
    return this.#all.most;
  }

  /** Node → most requests at the same time. */
  get mostByNode(): ReadonlyMap<string, number> {
    return mostOf(this.#nodes);
  }

  /** Node → most guest agent calls at the same time. */
  get mostAgentsByNode(): ReadonlyMap<string, number> {
    return mostOf(this.#agents);
  }

  connect(): void {
    this.#connections += 1;
  }

  enter(method: string, { name, endpoint, variables: { node } }: ApiCall): Visit {
    const { isAgent }: Partial<EndpointRow> = endpoint ? ENDPOINTS[endpoint] : {};
    const count = increase(this.asked, name);
    increase(this.methods, method);
    const gauges = [
      this.#all,
      ...(node === undefined ? [] : [gaugeOf(this.#nodes, node)]),
      ...(node === undefined || isAgent !== true ? [] : [gaugeOf(this.#agents, node)]),
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
