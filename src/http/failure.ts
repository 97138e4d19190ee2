/** Why a server did not do what it was asked, and what that means for the next attempt. */

/**
 * passing: the same request may be taken later. token: with another token. refused: not from this
 * client, or not at this place. rejected: not with this content.
 */
export type Verdict = "passing" | "token" | "refused" | "rejected";

export interface FailureDetails {
  readonly hint?: string | undefined;
  /** The server said when to come back. */
  readonly retryAfterMs?: number | undefined;
}

/** `message` is one line and holds no secret; there is no cause, since causes may. */
export class RemoteFailure extends Error {
  override readonly name = "RemoteFailure";
  readonly verdict: Verdict;
  readonly hint: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(verdict: Verdict, message: string, details: FailureDetails = {}) {
    super(message);
    this.verdict = verdict;
    this.hint = details.hint;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** What can be wrong below HTTP and does not pass by itself. */
export type NetworkFault =
  | "certificate"
  | "no-tls"
  | "needs-tls"
  | "unknown-host"
  | "bad-port"
  | "proxy";

/** What the user can do about each, in the words of the stage's settings. */
export type NetworkHints = Readonly<Record<NetworkFault, string>>;

const CERTIFICATE_REGEXP =
  /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|ERR_TLS_CERT)|certificate/i;
const NO_TLS_REGEXP = /^(?:ERR_SSL_|EPROTO)|wrong version number|InvalidContentType/i;
/** The server speaks TLS, and ends the handshake: it wants another version, or a certificate. */
const TLS_ALERT_REGEXP = /^ERR_SSL_\w*ALERT|\balert\b/i;

interface FaultRow {
  readonly match: RegExp;
  /** Absent: there is no hint that always helps. */
  readonly fault?: NetworkFault;
}

/** TABLE: a code or a message of a runtime → the fault; the first row that matches decides. */
const FAULTS: readonly FaultRow[] = [
  { match: CERTIFICATE_REGEXP, fault: "certificate" },
  { match: TLS_ALERT_REGEXP },
  { match: NO_TLS_REGEXP, fault: "no-tls" },
  { match: /ENOTFOUND|failed to lookup/i, fault: "unknown-host" },
  { match: /bad port/, fault: "bad-port" },
  { match: /Proxy response \(4\d\d\)/, fault: "proxy" },
];

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

/** What fetch or a socket threw. */
export function networkFailure(error: unknown, hints: NetworkHints): RemoteFailure {
  const { code, message } = innermost(error);
  const text = code === "" || message.includes(code) ? message : `${code}: ${message}`;
  const row = FAULTS.find(({ match }) => match.test(code) || match.test(message));
  return row === undefined
    ? new RemoteFailure("passing", text)
    : new RemoteFailure("refused", text, { hint: row.fault && hints[row.fault] });
}

/** Did it fail below HTTP, so that no server said a word? */
export function isOfNetwork(error: unknown): boolean {
  return innermost(error).code !== "";
}

/** Libraries wrap; the first that went wrong says most. */
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
