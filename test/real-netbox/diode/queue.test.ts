/** The order in which Diode claims entities. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stepCalled } from "../../../src/netbox/types/steps.ts";
import { numbersFrom } from "../../helpers/shuffled.ts";
import type { SentEntity } from "./entity-files.ts";
import { BATCH_SIZE, Queue } from "../../helpers/diode-queue.ts";

const tag = (name: number): SentEntity => ({
  step: stepCalled("tag"),
  file: "01-tag-0001.json",
  line: name + 2,
  entity: { name: `tag-${name}` },
});
const names = (batch: readonly SentEntity[]): unknown[] =>
  batch.map(({ entity }) => entity["name"]);
const ascending = (batch: readonly SentEntity[]): SentEntity[] =>
  batch.toSorted((a, b) => a.line - b.line);

const SEED = fc.integer();
const DISTINCT = fc.uniqueArray(fc.nat({ max: 500 }), { minLength: 1, maxLength: 200 });

describe("the simulated queue of Diode", () => {
  it("claims full batches in the order of arrival, with any order inside a batch", () => {
    fc.assert(fc.property(SEED, DISTINCT, (seed, sent) => {
      const entities = sent.map(tag);
      const batches = new Queue<SentEntity>(numbersFrom(seed)).claim(entities);
      expect(batches.map((batch) => ascending(batch))).toEqual(
        batches.map((_, i) => ascending(entities.slice(i * BATCH_SIZE, (i + 1) * BATCH_SIZE))),
      );
      expect(batches.flat()).toHaveLength(entities.length);
    }));
  });

  it("has the same order for the same seed, and another order for another seed", () => {
    const entities = Array.from({ length: BATCH_SIZE }, (_, i) => tag(i));
    const claimed = (seed: number): unknown[] =>
      new Queue<SentEntity>(numbersFrom(seed)).claim(entities).flatMap(names);
    expect(claimed(1)).toEqual(claimed(1));
    expect(claimed(1)).not.toEqual(claimed(2));
    expect(claimed(1)).not.toEqual(names(entities));
  });

  it("claims an entity once when it is sent twice at the same time", () => {
    fc.assert(fc.property(SEED, DISTINCT, (seed, sent) => {
      const entities = [...sent, ...sent].map(tag);
      const claimed = new Queue<SentEntity>(numbersFrom(seed)).claim(entities).flat();
      expect(claimed).toHaveLength(sent.length);
    }));
  });

  it("claims repeated entities at their first position, before new ones", () => {
    const queue = new Queue<SentEntity>(numbersFrom(1));
    const first = Array.from({ length: BATCH_SIZE }, (_, i) => tag(i));
    const later = Array.from({ length: BATCH_SIZE }, (_, i) => tag(BATCH_SIZE + i));
    queue.claim(first);
    const [again = [], fresh = []] = queue.claim([...later, ...first.toReversed()]);
    expect(ascending(again)).toEqual(first);
    expect(ascending(fresh)).toEqual(later);
  });
});
