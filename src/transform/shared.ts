/** Objects that guests, nodes and clusters share: each appears once, with all that hold it. */
import { compareNatural } from "../base/natural-order.ts";
import type { ClusterSource, Origin } from "./sources.ts";

/** A thing that has the object, and its cluster. */
export interface Sighting {
  readonly cluster: ClusterSource;
  readonly origin: Origin;
}

export interface Held<Value> {
  readonly value: Value;
  /** In the order in which they came; mostly one. */
  readonly clusters: ClusterSource[];
  /** Every thing that has it. */
  readonly origins: Origin[];
}

export class Shared<Value> {
  readonly #held = new Map<string, Held<Value>>();
  readonly #keepsOrigins: boolean;

  /** Origins hold answers: kept, they are the weight of the whole snapshot. */
  constructor(keepsOrigins: boolean) {
    this.#keepsOrigins = keepsOrigins;
  }

  /** `key` is the natural key: the order of the step, and what NetBox knows the object by. */
  see(key: string, { cluster, origin }: Sighting, make: () => Value): Value {
    const held = this.#held.get(key) ?? { value: make(), clusters: [], origins: [] };
    if (held.clusters.length === 0) this.#held.set(key, held);
    if (!held.clusters.includes(cluster)) held.clusters.push(cluster);
    if (this.#keepsOrigins) held.origins.push(origin);
    return held.value;
  }

  /** In natural order of the keys. */
  inOrder(): Held<Value>[] {
    return [...this.#held].sort(([a], [b]) => compareNatural(a, b)).map(([, held]) => held);
  }
}

/** The newest time at which any of the clusters was captured. */
export function newestCapture(clusters: readonly ClusterSource[]): string {
  return clusters.reduce(
    (newest, { capturedAt }) => (capturedAt > newest ? capturedAt : newest),
    "",
  );
}
