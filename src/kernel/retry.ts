/** Again, after a pause, what may pass; never what cannot. */
import { setTimeout as wait } from "node:timers/promises";
import { RemoteFailure } from "./remote-failure.ts";

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
