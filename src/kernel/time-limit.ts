/** So much time for a task, and no longer than somebody wants it at all. */

/**
 * AbortSignal.any of AbortSignal.timeout would do the same, but keeps all that hears of it until the time
 * is over, long after the task: of a capture, the answers of the last half minute.
 * @param task given a signal that is aborted with a DOMException "TimeoutError" after `ms`, or with the
 * reason of `signal`.
 */
export async function withinTime<Result>(
  { signal, ms }: { readonly signal: AbortSignal; readonly ms: number },
  task: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const giveUp = (): void => controller.abort(signal.reason);
  if (signal.aborted) giveUp();
  signal.addEventListener("abort", giveUp);
  const timer = setTimeout(() => {
    controller.abort(new DOMException(`${ms} ms are over`, "TimeoutError"));
  }, ms);
  try {
    return await task(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
  }
}
