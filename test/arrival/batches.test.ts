/** batches splits a sequence into lists of limited length. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { batches } from "../../src/arrival/compare.ts";

async function* each<Item>(items: readonly Item[]) {
  for (const item of items) yield await Promise.resolve(item);
}

test("batches contain each item once, in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat()), fc.integer({ min: 1, max: 9 }), async (items, size) => {
      const found: number[][] = [];
      for await (const batch of batches(each(items), size)) found.push(batch);
      expect(found.flat()).toEqual(items);
      expect(found.every((batch) => batch.length > 0 && batch.length <= size)).toBe(true);
    }),
  );
});
