/** Objects that guests, nodes and clusters share: each appears once, with all that hold it. */
import { compareNatural } from "../../kernel/natural-order.ts";
import type { ClusterSource } from "./sources.ts";

interface Held<Value> {
  readonly value: Value;
  /** In the order in which they came; mostly one. */
  readonly clusters: ClusterSource[];
}

export class Shared<Value> {
  readonly #held = new Map<string, Held<Value>>();

  /** `key` is the natural key: the order of the step, and what NetBox knows the object by. */
  see(key: string, cluster: ClusterSource, make: () => Value): Value {
    const held = this.#held.get(key);
    if (held === undefined) {
      const value = make();
      this.#held.set(key, { value, clusters: [cluster] });
      return value;
    }
    if (!held.clusters.includes(cluster)) held.clusters.push(cluster);
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
