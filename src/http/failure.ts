/** Why a server did not do what it was asked, and retries of what may pass. */
import { setTimeout as wait } from "node:timers/promises";

/**
 * passing: the same request may be accepted later. token: with another token. refused: not from this
 * client, or not at this place. rejected: not with this content.
 */
export type Verdict = "passing" | "token" | "refused" | "rejected";

/** What happened below HTTP, when there was no whole answer. */
export interface ConnectionFailure {
  readonly reason: "dns" | "refused" | "reset" | "timeout" | "tls";
  /** The server never got the request, so that another host may be asked. */
  readonly isUnsent: boolean;
}

export interface FailureDetails {
  readonly hint?: string | undefined;
  /** As the server asked. */
  readonly retryAfterMs?: number | undefined;
  readonly connection?: ConnectionFailure;
}

/** `message` is one line and holds no secret; there is no cause, since causes may. */
export class RemoteFailure extends Error {
  override readonly name = "RemoteFailure";
  readonly verdict: Verdict;
  readonly hint: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly connection: ConnectionFailure | undefined;

  constructor(verdict: Verdict, message: string, details: FailureDetails = {}) {
    super(message);
    this.verdict = verdict;
    this.hint = details.hint;
    this.retryAfterMs = details.retryAfterMs;
    this.connection = details.connection;
  }
}

/** Faults that the user can correct. */
export type NetworkFault =
  | "certificate"
  | "no-tls"
  | "needs-tls"
  | "unknown-host"
  | "bad-port"
  | "proxy";

/** What to do about each, with the settings of the stage. */
export type NetworkHints = Readonly<Record<NetworkFault, string>>;

interface FaultRow {
  /** A code or a message of a runtime. */
  readonly match: RegExp;
  readonly reason: ConnectionFailure["reason"];
  /** "passing" when absent. */
  readonly verdict?: "passing" | "refused";
  /** Absent: there is no hint that always helps. */
  readonly fault?: NetworkFault;
}

/** TABLE: what a runtime says of a connection that failed → the fault; the first row that matches decides. */
const FAULTS: readonly FaultRow[] = [
  {
    match:
      /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|ERR_TLS_CERT)|certificate/i,
    reason: "tls",
    verdict: "refused",
    fault: "certificate",
  },
  // The server speaks TLS, and ends the handshake: it wants another version, or a certificate.
  { match: /^ERR_SSL_\w*ALERT|\balert\b/i, reason: "tls", verdict: "refused" },
  {
    match: /^(?:ERR_SSL_|EPROTO)|wrong version number|InvalidContentType/i,
    reason: "tls",
    verdict: "refused",
    fault: "no-tls",
  },
  { match: /^ERR_TLS_/, reason: "tls" },
  {
    match: /ENOTFOUND|failed to lookup/i,
    reason: "dns",
    verdict: "refused",
    fault: "unknown-host",
  },
  { match: /^EAI_/, reason: "dns" },
  { match: /bad port/, reason: "refused", verdict: "refused", fault: "bad-port" },
  { match: /Proxy response \(4\d\d\)/, reason: "refused", verdict: "refused", fault: "proxy" },
  // EACCES, EPERM: a firewall on this machine.
  {
    match: /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|EADDRNOTAVAIL|EACCES|EPERM)$/,
    reason: "refused",
  },
  { match: /^(?:ETIMEDOUT|UND_ERR_\w+_TIMEOUT)$/, reason: "timeout" },
];

/** What fetch or a socket threw. */
export function networkFailure(error: unknown, hints?: NetworkHints): RemoteFailure {
  const { code, message } = innermost(error);
  const text = code === "" || message.includes(code) ? message : `${code}: ${message}`;
  const row = FAULTS.find(({ match }) => match.test(code) || match.test(message));
  const { reason = "reset", verdict = "passing", fault }: Partial<FaultRow> = row ?? {};
  const isUnsent = reason === "dns" || reason === "refused" || code === "UND_ERR_CONNECT_TIMEOUT";
  return new RemoteFailure(verdict, text, {
    hint: fault && hints?.[fault],
    connection: { reason, isUnsent },
  });
}

/** Did it fail below HTTP, without any answer? */
export function isOfNetwork(error: unknown): boolean {
  return innermost(error).code !== "";
}

/** Libraries wrap errors; the first cause says most. */
function innermost(error: unknown): { readonly code: string; readonly message: string } {
  let found = { code: "", message: "" };
  for (let each: unknown = error; each instanceof Error; each = causeOf(each)) {
    const code = "code" in each && typeof each.code === "string" ? each.code : "";
    if (code !== "" || found.code === "") found = { code, message: each.message || code };
  }
  return { ...found, message: found.message.split("\n", 1)[0] ?? "" };
}

/** A host with several addresses fails once for each. */
function causeOf(error: Error): unknown {
  return error.cause ?? (error instanceof AggregateError ? error.errors[0] : undefined);
}

/**
 * What servers answer to plain HTTP on a port that speaks TLS, all with HTTP 400: nginx ("The plain
 * HTTP request was sent to HTTPS port"), Apache ("You're speaking plain HTTP to an SSL-enabled server
 * port"), and Go's net/http, so Caddy and Traefik ("Client sent an HTTP request to an HTTPS server").
 * Source: nginx, src/http/ngx_http_special_response.c; httpd, modules/ssl/ssl_engine_kernel.c; Go,
 * src/net/http/server.go.
 */
const NEEDS_TLS_REGEXP =
  /plain HTTP request was sent to HTTPS port|speaking plain HTTP to an SSL|sent an HTTP request to an HTTPS server/i;

/** undefined: the answer does not say that the port speaks TLS only. */
export function needsTlsFailure(
  { status, text }: { readonly status: number; readonly text: string },
  hints: NetworkHints,
): RemoteFailure | undefined {
  if (status !== 400 || !NEEDS_TLS_REGEXP.test(text)) return undefined;
  return new RemoteFailure("refused", "HTTP 400: plain HTTP was sent to a port that speaks TLS", {
    hint: hints["needs-tls"],
  });
}

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
