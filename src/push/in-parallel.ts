/** Several at once, in order of their start; after the first failure nothing more is started. */

export interface ParallelOptions {
  readonly concurrency: number;
  /** Once it is aborted, nothing more is started. */
  readonly signal: AbortSignal;
}

/** Waits for all that was started, then throws the first failure if there was one. */
export async function inParallel<Item>(
  items: readonly Item[],
  { concurrency, signal }: ParallelOptions,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      if (failures.length > 0 || signal.aborted) return;
      await work(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  if (failures.length > 0) throw failures[0];
}
