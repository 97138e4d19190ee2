/** Retries transient failures with back-off. */
import { setTimeout as wait } from "node:timers/promises";
import { RemoteFailure } from "./failure.ts";

export interface RetryPolicy {
  /** After transient failures. */
  readonly maxRetries: number;
  /** Before the first retry; doubles each time, up to `maxRetryDelayMs`. */
  readonly retryDelayMs: number;
  /** 30 s when absent, as in the Diode SDKs. Source: diode-sdk-python, pull request 95. */
  readonly maxRetryDelayMs?: number;
  /** After refused tokens in a row, at once; 0 where a token cannot be replaced. */
  readonly maxAuthRetries?: number;
}

export interface RetryOptions extends RetryPolicy {
  readonly signal: AbortSignal;
  /** Called before each pause. */
  readonly onRetry?: (failure: RemoteFailure, pauseMs: number) => void;
}

const FACTOR = 2;
/** So that many requests that failed together are not repeated together. */
const MAX_JITTER = 0.25;

/** @throws RemoteFailure, the last one, when no retry is left or it would not help; what `signal` was aborted with. */
export async function withRetries<Value>(
  attempt: () => Promise<Value>,
  options: RetryOptions,
): Promise<Value> {
  const { maxRetries, retryDelayMs, maxRetryDelayMs = 30_000, maxAuthRetries = 0, signal } =
    options;
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
      const delayMs = Math.min(retryDelayMs * FACTOR ** failed, maxRetryDelayMs) *
        (1 + Math.random() * MAX_JITTER);
      const pauseMs = Math.max(delayMs, error.retryAfterMs ?? 0);
      failed += 1;
      options.onRetry?.(error, pauseMs);
      await wait(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

/** A server may ask for more, and does not get it. */
const MAX_RETRY_AFTER_MS = 60_000;

/**
 * The header Retry-After, "120" or "Wed, 21 Oct 2026 07:28:00 GMT" → ms from now, a minute at most.
 * Source: RFC 9110, 10.2.3.
 */
export function retryAfterMs(header: string | null): number | undefined {
  if (header === null || header.trim() === "") return undefined;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}
