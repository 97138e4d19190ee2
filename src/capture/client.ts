/** GET a path of the API: token, time limit, retries, another host when one is away; the answer, redacted. */
import { createFetch } from "ofetch";
import { Agent } from "undici";
import { USER_AGENT } from "../base/tool.ts";
import { type Certificate, type Connector, createConnector } from "../http/certificate.ts";
import { fetchOver } from "../http/client.ts";
import { retryAfterMs, withinTime } from "../http/retry.ts";
import { record, text } from "../proxmox/values.ts";
import type { Answer, Answered } from "../proxmox/answers.ts";
import {
  failureOf,
  isPassing,
  isUnconnected,
  LONGEST_RETRY_AFTER_MS,
  Passing,
  retrying,
  type RetryTimes,
  unauthorized,
} from "./failures.ts";
import { redact } from "./redact.ts";
import type { CaptureOptions, Endpoint } from "./settings.ts";

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

/** One HTTP answer → an answer of the snapshot. */

export interface Response {
  readonly status: number;
  /** The reason phrase, in which Proxmox VE up to 8.3 alone tells what went wrong. */
  readonly reason: string;
  readonly body: string;
}

/** Words that mean something to the reader of a snapshot, wherever they came from. */
const OWN_WORDS = new Set(["status", "error", "failed", "skipped", "message"]);

/** What stands beside `data` is kept: `total`, `changes`, `errors`. Source: PVE/APIServer/AnyEvent.pm. */
export function answerOf({ status, reason, body }: Response): Answered {
  const envelope = parse(body);
  const beside = Object.entries(envelope ?? {}).filter(([key]) =>
    !OWN_WORDS.has(key) && (status === 200 || key !== "data")
  );
  const kept = Object.fromEntries(beside);
  if (status !== 200) {
    const error = text(envelope?.["message"]) ?? text(reason);
    return { ...kept, status, ...(error === undefined ? {} : { error }) };
  }
  if (envelope === undefined) return { status, error: "The body is no answer of Proxmox VE" };
  return "data" in kept ? { ...kept, status } : { ...kept, status, error: "The body has no data" };
}

function parse(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return record(JSON.parse(body));
  } catch {
    return undefined;
  }
}

/** Connections to pveproxy, kept as long as it keeps them. */

export interface Fetcher {
  readonly fetch: typeof globalThis.fetch;
  close(): Promise<void>;
}

// pveproxy closes a connection that was idle for 5 s, or had 100 requests. Source: PVE/APIServer/AnyEvent.pm.
const IDLE_MS = 4000;
const REQUESTS_PER_CONNECTION = 100;

export function createFetcher(connect: Connector, connections: number): Fetcher {
  const agent = new Agent({
    connect,
    connections,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
    maxRequestsPerClient: REQUESTS_PER_CONNECTION,
    pipelining: 1,
  });
  return { fetch: fetchOver(agent), close: () => agent.destroy() };
}
