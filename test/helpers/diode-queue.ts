/**
 * Diode's queue of ingestion logs. An entity has one log, however often it is sent: sent again, it is
 * queued again at its first place, unless it is still queued. One that failed is not tried again until then.
 * Workers claim batches in the order of the logs, and a batch comes out of the database in no order.
 *
 * Source: github.com/netboxlabs/diode, diode-server/dbstore/postgres/queries/ingestion_logs.sql,
 * BulkMarkDuplicates and ClaimQueuedForAutoApply.
 */
import { canonicalJson } from "../../src/base/json.ts";
import type { Step } from "../../src/netbox/types/steps.ts";
import { shuffled } from "./shuffled.ts";

/** Source: the same repository, diode-server/docker/sample.env, AUTO_APPLY_PROCESSOR_BATCH_SIZE. */
export const BATCH_SIZE = 50;

export interface QueuedEntity {
  readonly step: Step;
  readonly entity: Readonly<Record<string, unknown>>;
}

export type LogState = "queued" | "claimed" | "applied" | "failed";

interface Log<Sent> {
  readonly sent: Sent;
  state: LogState;
}

export class Queue<Sent extends QueuedEntity = QueuedEntity> {
  /** Canonical JSON of an entity → its log; in the order of the first arrival. */
  readonly #logs = new Map<string, Log<Sent>>();
  readonly #random: () => number;

  /** `random` decides the order within each batch. */
  constructor(random: () => number) {
    this.#random = random;
  }

  add(entities: readonly Sent[]): void {
    for (const sent of entities) {
      const key = keyOf(sent);
      const log = this.#logs.get(key);
      if (log === undefined) this.#logs.set(key, { sent, state: "queued" });
      else if (log.state !== "claimed") log.state = "queued";
    }
  }

  /** A worker takes the next batch; empty if nothing is queued. */
  take(): readonly Sent[] {
    const logs = [...this.#logs.values()].filter(({ state }) => state === "queued")
      .slice(0, BATCH_SIZE);
    for (const log of logs) log.state = "claimed";
    return shuffled(logs.map(({ sent }) => sent), this.#random);
  }

  /** The worker is done with an entity that it took. */
  settle(sent: Sent, state: "applied" | "failed"): void {
    const log = this.#logs.get(keyOf(sent));
    if (log !== undefined) log.state = state;
  }

  /**
   * The batches that these entities are claimed in. A real worker may claim before all of a push has arrived. Here
   * all of it has: the fullest batches are those with the most in them that can be in the wrong order.
   */
  claim(entities: readonly Sent[]): Sent[][] {
    this.add(entities);
    const batches: Sent[][] = [];
    for (let batch = this.take(); batch.length > 0; batch = this.take()) {
      for (const sent of batch) this.settle(sent, "applied");
      batches.push([...batch]);
    }
    return batches;
  }

  in(...states: readonly LogState[]): readonly Sent[] {
    return [...this.#logs.values()].filter(({ state }) => states.includes(state))
      .map(({ sent }) => sent);
  }
}

/** Timestamps are not part of the key. */
function keyOf({ step, entity }: QueuedEntity): string {
  return canonicalJson({ [step.field]: entity });
}
