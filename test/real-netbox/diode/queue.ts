/**
 * Diode's queue of ingestion logs. An entity has one log, however often it is sent: sent again, it is
 * queued again at its first place. Workers claim batches in the order of the logs, and a batch comes
 * out of the database in no order.
 *
 * A real worker may claim before all of a push has arrived. Here all of it has: the fullest batches
 * are those with the most in them that can be in the wrong order.
 *
 * Source: github.com/netboxlabs/diode, diode-server/dbstore/postgres/queries/ingestion_logs.sql,
 * BulkMarkDuplicates and ClaimQueuedForAutoApply.
 */
import { canonicalJson } from "../../../src/base/json.ts";
import { shuffled } from "../../helpers/shuffled.ts";
import type { SentEntity } from "./entity-files.ts";

/** Source: the same repository, diode-server/docker/sample.env, AUTO_APPLY_PROCESSOR_BATCH_SIZE. */
export const BATCH_SIZE = 50;

export class Queue {
  /** Canonical JSON of an entity → the number of its log. */
  readonly #logs = new Map<string, number>();
  readonly #random: () => number;

  /** `random` decides the order within each batch. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** The batches that these entities are claimed in. */
  claim(entities: readonly SentEntity[]): SentEntity[][] {
    const queued = new Map<number, SentEntity>();
    for (const sent of entities) {
      const log = this.#logOf(sent);
      if (!queued.has(log)) queued.set(log, sent);
    }
    const inOrder = [...queued].toSorted(([a], [b]) => a - b).map(([, sent]) => sent);
    const count = Math.ceil(inOrder.length / BATCH_SIZE);
    return Array.from(
      { length: count },
      (_, i) => shuffled(inOrder.slice(i * BATCH_SIZE, (i + 1) * BATCH_SIZE), this.#random),
    );
  }

  /** Timestamps are not part of the key. */
  #logOf({ step, entity }: SentEntity): number {
    const key = canonicalJson({ [step.field]: entity });
    const log = this.#logs.get(key) ?? this.#logs.size;
    this.#logs.set(key, log);
    return log;
  }
}
