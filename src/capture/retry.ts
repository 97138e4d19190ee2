/** Which answers pass by waiting, and how long to wait. */
import { setTimeout } from "node:timers/promises";
import pRetry from "p-retry";
import type { Answer, Failure } from "../snapshot/schema.ts";

export interface RetryTimes {
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
}

/** Source: the mapping document, "Retry Behaviour". */
export const RETRY_TIMES: RetryTimes = {
  attempts: 5,
  firstDelayMs: 500,
  longestDelayMs: 10_000,
};

const PASSING_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** No answer in time has cost enough already, and what is wrong with TLS stays wrong. */
const PASSING_FAILURES: ReadonlySet<Failure> = new Set<Failure>(["dns", "refused", "reset"]);
/** However long a server asks for. */
export const LONGEST_RETRY_AFTER_MS = 60_000;

export function isPassing(answer: Answer): boolean {
  if ("failed" in answer) return PASSING_FAILURES.has(answer.failed);
  return "status" in answer && PASSING_STATUSES.has(answer.status);
}

/** An answer that is worth another attempt; thrown, and after the last attempt it stands. */
export class Passing extends Error {
  readonly answer: Answer;
  readonly retryAfterMs: number;

  constructor(answer: Answer, retryAfterMs: number) {
    super("This passes");
    this.answer = answer;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * The first answer that does not pass, or the last one. Waits twice as long each time, with jitter, or as
 * long as the server asks for if that is longer.
 */
export async function retrying(
  attempt: () => Promise<Answer>,
  { attempts, firstDelayMs, longestDelayMs, signal }: RetryTimes & { readonly signal: AbortSignal },
): Promise<Answer> {
  try {
    return await pRetry(attempt, {
      retries: attempts - 1,
      minTimeout: firstDelayMs,
      maxTimeout: longestDelayMs,
      randomize: true,
      signal,
      shouldRetry: ({ error }) => error instanceof Passing,
      onFailedAttempt: async ({ error, retriesLeft, retryDelay }) => {
        const isAsked = error instanceof Passing && retriesLeft > 0;
        // p-retry itself waits `retryDelay` after this.
        if (isAsked) await wait(error.retryAfterMs - retryDelay, signal);
      },
    });
  } catch (error) {
    if (error instanceof Passing) return error.answer;
    throw error;
  }
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  // What it was aborted with is not told by every runtime.
  if (ms > 0) await setTimeout(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
