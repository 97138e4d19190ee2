/** Again, after a pause, what may pass; never what cannot. */
import { setTimeout as wait } from "node:timers/promises";
import { RemoteFailure } from "./failure.ts";

export interface RetryOptions {
  /** After failures that pass. */
  readonly maxRetries: number;
  /** Of refused tokens in a row; 0 where a token cannot be replaced. */
  readonly maxAuthRetries: number;
  /** Before the first repetition; doubles each time. */
  readonly retryDelayMs: number;
  readonly signal: AbortSignal;
  /** Called before each pause. */
  readonly onRetry: (failure: RemoteFailure, pauseMs: number) => void;
}

/** Source: diode-sdk-python, pull request 95. */
const FACTOR = 2;
const MAX_PAUSE_MS = 30_000;
const MAX_JITTER = 0.25;

/** @throws RemoteFailure, the last one, when repeating it is of no use any more. */
export async function withRetries<Value>(
  attempt: () => Promise<Value>,
  options: RetryOptions,
): Promise<Value> {
  const { maxRetries, maxAuthRetries, signal } = options;
  let failed = 0;
  let refusedTokens = 0;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof RemoteFailure) || signal.aborted) throw error;
      if (error.verdict === "token" && refusedTokens < maxAuthRetries) {
        refusedTokens += 1;
        continue;
      }
      if (error.verdict !== "passing" || failed >= maxRetries) throw error;
      refusedTokens = 0;
      const pauseMs = Math.max(pauseBefore(failed, options.retryDelayMs), error.retryAfterMs ?? 0);
      failed += 1;
      options.onRetry(error, pauseMs);
      await wait(pauseMs, undefined, { signal });
    }
  }
}

/** Many senders that failed at once do not come back at once. */
function pauseBefore(failed: number, retryDelayMs: number): number {
  const pause = Math.min(retryDelayMs * FACTOR ** failed, MAX_PAUSE_MS);
  return pause * (1 + Math.random() * MAX_JITTER);
}

/** The header Retry-After → a pause. Source: RFC 9110, 10.2.3. */

/** However long a server of the later stages asks for. */
export const MAX_RETRY_AFTER_MS = 30_000;

/** "120", "Wed, 21 Oct 2026 07:28:00 GMT" → ms from now, `longestMs` at the most; undefined: none is asked for. */
export function retryAfterMs(header: string | null, longestMs: number): number | undefined {
  if (header === null || header.trim() === "") return undefined;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), longestMs);
}

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
