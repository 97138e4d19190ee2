/** Several at once, and what they come to in the order of the items. */

/** After a failure nothing more is started; what is under way is for the caller to stop. */
export async function* inOrder<Item, Value>(
  items: AsyncIterable<Item>,
  concurrency: number,
  work: (item: Item) => Promise<Value>,
): AsyncGenerator<Value> {
  const running: Promise<Value>[] = [];
  for await (const item of items) {
    const started = work(item);
    // It may fail while an earlier one is awaited; it is heard when its turn comes.
    started.catch(() => undefined);
    running.push(started);
    if (running.length >= concurrency) yield await (running.shift() as Promise<Value>);
  }
  for (const each of running) yield await each;
}

/** Lists of so many items, the last one of what is left. */
export async function* batches<Item>(items: AsyncIterable<Item>, size: number) {
  let batch: Item[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
