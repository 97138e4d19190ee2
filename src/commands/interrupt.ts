/** Ctrl-C, and what a pipeline sends to end a job: work stops where it can go on later. */

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** `work` is given a signal that an interruption aborts; a second one ends the program at once. */
export async function interruptible<Value>(
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  for (const signal of SIGNALS) process.once(signal, stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}
