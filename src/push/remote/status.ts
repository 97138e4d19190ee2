/** TABLE: what a gRPC status means for a request. Source: diode-server, ingester/component.go; nginx.conf. */
import { Code, ConnectError } from "@connectrpc/connect";
import {
  isOfNetwork,
  networkFailure,
  type NetworkHints,
  RemoteFailure,
  type Verdict,
} from "../../http/failure.ts";
import { retryAfterMs } from "../../http/retry.ts";
import { NO_HTTP2_HINT, PATH_HINT, SCOPE_HINT } from "./hints.ts";

interface StatusRow {
  readonly code: Code;
  /** Held against the text; absent: any. */
  readonly text?: RegExp;
  readonly verdict: Verdict;
  readonly hint?: string;
}

/** The first row that matches decides; a code of no row is refused. */
const STATUSES: readonly StatusRow[] = [
  { code: Code.Unavailable, verdict: "passing" },
  { code: Code.Aborted, verdict: "passing" },
  { code: Code.DeadlineExceeded, verdict: "passing" },
  { code: Code.Canceled, verdict: "passing" },
  // The ingester reads the scope itself; a new token of the same client has no other.
  { code: Code.Unauthenticated, text: /scope/, verdict: "refused", hint: SCOPE_HINT },
  // nginx answers for Diode, as plain HTTP, when the token is not or no longer good.
  {
    code: Code.Unauthenticated,
    verdict: "token",
    hint: "Diode takes no token of its own token endpoint: look into the logs of diode-auth",
  },
  { code: Code.PermissionDenied, verdict: "refused", hint: SCOPE_HINT },
  { code: Code.Unimplemented, verdict: "refused", hint: PATH_HINT },
  {
    code: Code.ResourceExhausted,
    text: /larger than max/,
    verdict: "rejected",
    hint: "The server takes smaller requests than Diode's own 4 MiB",
  },
  // The server's Redis is full; it empties as Diode applies what it holds.
  { code: Code.ResourceExhausted, verdict: "passing" },
  // Redis could not be written: the ingester says no word.
  { code: Code.Internal, text: /^$|^http\/2 stream/, verdict: "passing" },
  { code: Code.Internal, text: /^HTTP 4/, verdict: "refused", hint: PATH_HINT },
  { code: Code.Internal, verdict: "rejected" },
  { code: Code.Unknown, text: /^HTTP 5/, verdict: "passing" },
  { code: Code.Unknown, text: /^HTTP/, verdict: "refused", hint: PATH_HINT },
  // The ingester's own checks are errors without a code.
  { code: Code.Unknown, verdict: "rejected" },
  { code: Code.InvalidArgument, verdict: "rejected" },
];

const MAX_TEXT = 500;

/**
 * An answer over HTTP/1.1, or TLS that was not willing to speak HTTP/2: what nginx without `http2 on`
 * does, and a port that wants TLS does the former. The texts are those of nghttp2, OpenSSL and rustls.
 */
const NO_HTTP2_REGEXP =
  /ERR_HTTP2_ERROR: Protocol error|NO_APPLICATION_PROTOCOL|no application protocol|NoApplicationProtocol/;

/** What a call threw; `secrets` are not repeated, should the server do so. */
export function statusFailure(
  error: unknown,
  { secrets, hints }: { readonly secrets: readonly string[]; readonly hints: NetworkHints },
): RemoteFailure {
  const { code, rawMessage, metadata } = ConnectError.from(error);
  if (isOfNetwork(error)) {
    const failure = networkFailure(error, hints);
    return NO_HTTP2_REGEXP.test(failure.message)
      ? new RemoteFailure("refused", failure.message, { hint: NO_HTTP2_HINT })
      : failure;
  }
  const row = STATUSES.find((each) => each.code === code && (each.text?.test(rawMessage) ?? true));
  const isSecret = secrets.some((secret) => rawMessage.includes(secret));
  const text = isSecret ? "(a text that repeats a secret)" : rawMessage.replace(/\s+/g, " ");
  const name = Code[code].replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
  return new RemoteFailure(
    row?.verdict ?? "refused",
    text === "" ? name : `${name}: ${text.slice(0, MAX_TEXT)}`,
    {
      hint: row?.hint,
      // nginx, or a proxy before it, answers 429 and 503 as plain HTTP.
      retryAfterMs: retryAfterMs(metadata.get("retry-after")),
    },
  );
}
