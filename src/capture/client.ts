/** GET a path of the API: token, time limit, retries, another host when one is away; the answer, redacted. */
import { createFetch } from "ofetch";
import { retryAfterMs } from "../kernel/retry-after.ts";
import { withinTime } from "../kernel/time-limit.ts";
import { USER_AGENT } from "../kernel/tool.ts";
import type { Answer } from "../snapshot/schema.ts";
import { type Certificate, createConnector } from "./certificate.ts";
import { answerOf } from "./envelope.ts";
import { failureOf, isUnconnected } from "./failure.ts";
import { createFetcher } from "./fetch.ts";
import type { CaptureOptions, Endpoint } from "./options.ts";
import { redact } from "./redact.ts";
import { unauthorized } from "./refusals.ts";
import { isPassing, LONGEST_RETRY_AFTER_MS, Passing, retrying, type RetryTimes } from "./retry.ts";

export interface ClientOptions
  extends Pick<CaptureOptions, "hosts" | "token" | "trust" | "timeoutMs" | "limits"> {
  readonly retry: RetryTimes;
  readonly signal: AbortSignal;
}

export interface Client {
  /** `onAttempt` hears of each attempt. @throws AppError "remote" for 401; what `signal` was aborted with. */
  get(path: string, onAttempt?: (attempt: Attempt) => void): Promise<Reply>;
  /** The host that is asked now. */
  host(): Endpoint;
  /** What it showed; undefined before the first connection. */
  certificate(): Certificate | undefined;
  close(): Promise<void>;
}

export interface Attempt {
  readonly ms: number;
  /** Proxmox VE is too busy, or the connection was dropped. */
  readonly isBusy: boolean;
}

export interface Reply {
  readonly answer: Answer;
  /** How many it took. */
  readonly attempts: number;
}

interface Sent {
  readonly answer: Answer;
  /** As Retry-After asks. */
  readonly waitMs: number;
  readonly isWorthAnother: boolean;
}

/** @throws AppError "usage" when the file of authorities cannot be read. */
export async function openClient(options: ClientOptions): Promise<Client> {
  const { hosts, token, timeoutMs, limits, signal } = options;
  let shown: Certificate | undefined;
  const connect = await createConnector(options, (certificate) => {
    shown = certificate;
  });
  const fetcher = createFetcher(connect, 2 * limits.total);
  const ofetch = createFetch({ fetch: fetcher.fetch });
  let current = 0;

  /** What was said, or why nothing was. */
  async function send(path: string): Promise<Sent> {
    const at = current;
    const url = `${originOf(hosts[at] ?? hosts[0])}/api2/json${path}`;
    const headers = {
      authorization: token.authorization,
      "user-agent": USER_AGENT,
    };
    const response = await withinTime({ signal, ms: timeoutMs }, (limit) =>
      ofetch.raw(url, {
        headers,
        responseType: "text",
        ignoreResponseError: true,
        retry: 0,
        signal: limit,
      })).catch((error: unknown) => ({ error }));
    if ("error" in response) {
      signal.throwIfAborted();
      return failed(response.error, at);
    }
    const { status, statusText, _data: body = "" } = response;
    const said = { status, reason: token.scrub(statusText), body: token.scrub(body) };
    const answer = redact(answerOf(said));
    const waitMs = retryAfterMs(response.headers.get("retry-after"), LONGEST_RETRY_AFTER_MS) ?? 0;
    return { answer, waitMs, isWorthAnother: isPassing(answer) };
  }

  function failed(error: unknown, at: number): Sent {
    const answer = { failed: failureOf(error) };
    if (!isUnconnected(error)) return { answer, waitMs: 0, isWorthAnother: isPassing(answer) };
    // Calls that run at the same time all find the same host away: one of them turns to the next.
    if (current === at) current = (at + 1) % hosts.length;
    // A host that has answered before may do so again; one that never did is likely a slip.
    const isWorthAnother = hosts.length > 1 || (shown !== undefined && isPassing(answer));
    return { answer, waitMs: 0, isWorthAnother };
  }

  async function attempt(path: string, onAttempt?: (attempt: Attempt) => void): Promise<Answer> {
    const start = performance.now();
    const { answer, waitMs, isWorthAnother } = await send(path);
    onAttempt?.({ ms: performance.now() - start, isBusy: isWorthAnother });
    if (isWorthAnother) throw new Passing(answer, waitMs);
    if ("status" in answer && answer.status === 401) throw unauthorized(token, answer.error);
    return answer;
  }

  return {
    async get(path, onAttempt) {
      let attempts = 0;
      const answer = await retrying(() => {
        attempts += 1;
        return attempt(path, onAttempt);
      }, { ...options.retry, signal });
      return { answer, attempts };
    },
    host: () => hosts[current] ?? hosts[0],
    certificate: () => shown,
    close: fetcher.close,
  };
}

function originOf({ name, port }: Endpoint): string {
  return `https://${name.includes(":") ? `[${name}]` : name}:${port}`;
}
