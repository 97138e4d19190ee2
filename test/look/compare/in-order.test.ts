/** Several at once, and what comes of them in the order of the items. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { batches, inOrder } from "../../../src/look/compare/compare.ts";

async function* each<Item>(items: readonly Item[]) {
  for (const item of items) yield await Promise.resolve(item);
}

async function listOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test("the order is that of the items, however they end, and never more run than may", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(5), { maxLength: 20 }),
      fc.integer({ min: 1, max: 6 }),
      async (turns, concurrency) => {
        let running = 0;
        let most = 0;
        const work = async (index: number): Promise<number> => {
          running += 1;
          most = Math.max(most, running);
          for (let turn = 0; turn < (turns[index] ?? 0); turn += 1) {
            await new Promise((resolve) => setImmediate(resolve));
          }
          running -= 1;
          return index;
        };
        const indexes = turns.map((_, index) => index);
        expect(await listOf(inOrder(each(indexes), concurrency, work))).toEqual(indexes);
        expect(most).toBeLessThanOrEqual(concurrency);
      },
    ),
    { numRuns: 50 },
  );
});

test("so many run at once as may", async () => {
  const waiting: (() => void)[] = [];
  // Each ends when three run.
  const work = (item: number): Promise<number> =>
    new Promise((resolve) => {
      waiting.push(() => resolve(item));
      if (waiting.length === 3) { for (const go of waiting.splice(0)) go(); }
    });
  expect(await listOf(inOrder(each([1, 2, 3]), 3, work))).toEqual([1, 2, 3]);
});

test("a failure comes in its turn, and nothing is started after it", async () => {
  const started: number[] = [];
  const found: number[] = [];
  const work = (item: number): Promise<number> => {
    started.push(item);
    return item === 2 ? Promise.reject(new Error("two")) : Promise.resolve(item);
  };
  const all = async (): Promise<void> => {
    for await (const item of inOrder(each([1, 2, 3, 4, 5, 6]), 2, work)) found.push(item);
  };
  await expect(all()).rejects.toThrow("two");
  expect(found).toEqual([1]);
  expect(started.length).toBeLessThan(5);
});

test("batches hold every item once, in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat()), fc.integer({ min: 1, max: 9 }), async (items, size) => {
      const found = await listOf(batches(each(items), size));
      expect(found.flat()).toEqual(items);
      expect(found.every((batch) => batch.length > 0 && batch.length <= size)).toBe(true);
    }),
  );
});
