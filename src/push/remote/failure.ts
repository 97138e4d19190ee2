/** Why a request was not acknowledged, and what that means for it. */

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

const CERTIFICATE_REGEXP =
  /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|ERR_TLS_CERT)|certificate/i;
const NO_TLS_REGEXP = /^(?:ERR_SSL_|EPROTO)|wrong version number|InvalidContentType/i;

/** TABLE: a failure below HTTP that does not pass by itself; the first row that matches decides. */
const LASTING: readonly { readonly match: RegExp; readonly hint: string }[] = [
  {
    match: CERTIFICATE_REGEXP,
    hint: "Name the certificate of its authority with DIODE_CERT_FILE",
  },
  { match: NO_TLS_REGEXP, hint: "The port may speak no TLS: try grpc:// in DIODE_TARGET" },
  { match: /ENOTFOUND|failed to lookup/i, hint: "Look at the host name in DIODE_TARGET" },
  { match: /bad port/, hint: "No HTTP client goes to this port: look at DIODE_TARGET" },
  {
    match: /Proxy response \(4\d\d\)/,
    hint: "The proxy refuses: look at HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
  },
];

/** What fetch or a socket threw. */
export function networkFailure(error: unknown): RemoteFailure {
  const { code, message } = innermost(error);
  const text = code === "" || message.includes(code) ? message : `${code}: ${message}`;
  const row = LASTING.find(({ match }) => match.test(code) || match.test(message));
  return row === undefined
    ? new RemoteFailure("passing", text)
    : new RemoteFailure("refused", text, { hint: row.hint });
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
