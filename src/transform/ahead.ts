/** Items and what is loaded for each, in order; the next one loads while the last one is worked on. */

export async function* loadAhead<Item, Loaded>(
  items: readonly Item[],
  load: (item: Item) => Promise<Loaded>,
): AsyncGenerator<readonly [Item, Loaded]> {
  let next = items[0] === undefined ? undefined : started(load(items[0]));
  for (const [i, item] of items.entries()) {
    const loaded = await next;
    const following = items[i + 1];
    next = following === undefined ? undefined : started(load(following));
    yield [item, loaded as Loaded];
  }
}

/** A failure is for whoever awaits it; one that nobody awaits any more is no crash. */
function started<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}
