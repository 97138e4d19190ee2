/** TABLE: what a gRPC status means for a request. Source: diode-server, ingester/component.go; nginx.conf. */
import { Code, ConnectError } from "@connectrpc/connect";
import {
  isOfNetwork,
  networkFailure,
  RemoteFailure,
  type Verdict,
} from "../../kernel/remote-failure.ts";
import { MAX_RETRY_AFTER_MS, retryAfterMs } from "../../kernel/retry-after.ts";
import { NETWORK_HINTS } from "./network-hints.ts";

interface StatusRow {
  readonly code: Code;
  /** Held against the text; absent: any. */
  readonly text?: RegExp;
  readonly verdict: Verdict;
  readonly hint?: string;
}

const PATH_HINT = "Look at the path in DIODE_TARGET: Diode's own is /diode";

/** The first row that matches decides; a code of no row is refused. */
const STATUSES: readonly StatusRow[] = [
  { code: Code.Unavailable, verdict: "passing" },
  { code: Code.Aborted, verdict: "passing" },
  { code: Code.DeadlineExceeded, verdict: "passing" },
  { code: Code.Canceled, verdict: "passing" },
  // nginx answers for Diode, as plain HTTP, when the token is not or no longer good.
  {
    code: Code.Unauthenticated,
    verdict: "token",
    hint: "Diode takes no token of its own token endpoint: look into the logs of diode-auth",
  },
  {
    code: Code.PermissionDenied,
    verdict: "refused",
    hint: "The client of DIODE_CLIENT_ID needs the scope diode:ingest",
  },
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

/** What a call threw; `secrets` are not repeated, should the server do so. */
export function statusFailure(error: unknown, secrets: readonly string[]): RemoteFailure {
  const { code, rawMessage, metadata } = ConnectError.from(error);
  if (isOfNetwork(error)) return networkFailure(error, NETWORK_HINTS);
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
      retryAfterMs: retryAfterMs(metadata.get("retry-after"), MAX_RETRY_AFTER_MS),
    },
  );
}
