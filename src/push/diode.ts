/** The official Diode API: one call, with a token, over HTTP/2. */
import { connect as connectTcp, isIP } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { USER_AGENT } from "../base/tool.ts";
import { tlsOptions, type Trust } from "../http/certificate.ts";
import { openHttp } from "../http/client.ts";
import {
  isOfNetwork,
  networkFailure,
  type NetworkHints,
  RemoteFailure,
  retryAfterMs,
  type Verdict,
  withRetries,
} from "../http/failure.ts";
import { openTunnel } from "../http/proxy.ts";
import {
  IngesterService,
  type IngestRequest,
  IngestRequestSchema,
} from "../netbox/diode/ingester.ts";
import type { RemoteOptions, Target } from "./settings.ts";
import { openTokenSource, PATH_HINT, SCOPE_HINT } from "./token.ts";

export interface DiodeOptions extends RemoteOptions, Trust {
  readonly proxy: URL | undefined;
  /** After an abort there are no retries, and requests under way get a grace period. */
  readonly signal: AbortSignal;
  readonly onRetry: (failure: RemoteFailure, pauseMs: number) => void;
}

export interface Diode {
  /**
   * Sends an encoded IngestRequest, with retries. Returns the errors that the server found in its entities, usually none.
   * @throws RemoteFailure.
   */
  ingest(request: Uint8Array): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** How long a request may take after an interruption. */
const GRACE_MS = 2000;
/** Diode allows a ping every 5 s. */
const PING_INTERVAL_MS = 20_000;
const MAX_ANSWER_BYTES = 4 * 2 ** 20;

export async function connectDiode(options: DiodeOptions): Promise<Diode> {
  const { target, credentials, proxy, timeoutMs } = options;
  const { signal, clear } = delayed(options.signal);
  const tls = tlsOptions(options);
  const hints = networkHints(target);
  const http = openHttp({ ...options, server: "The token endpoint", hints, signal });
  const tunnel = proxy && await openTunnel(proxy, target);
  const session = new Http2SessionManager(
    target.baseUrl,
    { pingIntervalMs: PING_INTERVAL_MS },
    { ...tls, ...(tunnel && { createConnection: () => enter(tunnel.port, target, tls) }) },
  );
  const client = createClient(
    IngesterService,
    createGrpcTransport({
      baseUrl: target.baseUrl,
      sessionManager: session,
      acceptCompression: [],
      readMaxBytes: MAX_ANSWER_BYTES,
    }),
  );
  let isBroken = false;
  const tokens = openTokenSource(target, credentials, http);
  const call = async (request: Uint8Array): Promise<readonly string[]> => {
    const token = await tokens.current();
    const headers = { authorization: `Bearer ${token}`, "user-agent": USER_AGENT };
    try {
      const { errors } = await client.ingest(asMessage(request), { headers, timeoutMs, signal });
      return errors;
    } catch (error) {
      signal.throwIfAborted();
      isBroken ||= isOfNetwork(error);
      const failure = statusFailure(error, { secrets: [token, credentials.clientSecret], hints });
      if (failure.verdict === "token") tokens.refuse(token);
      throw failure;
    }
  };
  return {
    ingest: (request) => withRetries(() => call(request), options),
    async close() {
      clear();
      if (isBroken) await ended(session);
      session.abort();
      tunnel?.close();
      await http.close();
    },
  };
}

/** A signal that is aborted GRACE_MS after the first one. */
function delayed(first: AbortSignal): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    timer = setTimeout(() => controller.abort(first.reason), GRACE_MS);
  };
  first.addEventListener("abort", start, { once: true });
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer);
      first.removeEventListener("abort", start);
    },
  };
}

/** How long a broken connection may take to close. */
const END_MS = 200;
const END_POLL_MS = 10;

/**
 * A broken connection fails its calls first and emits its error a moment later. Connect has no error
 * listener on an aborted session, and an error without a listener ends the program.
 */
async function ended(session: Http2SessionManager): Promise<void> {
  for (let left = END_MS; left > 0; left -= END_POLL_MS) {
    if (session.state() === "closed" || session.state() === "error") return;
    await wait(END_POLL_MS);
  }
}

/** Connects through the tunnel to the host that the certificate is for. */
function enter(port: number, { host, isTls }: DiodeOptions["target"], tls: object) {
  const near = { host: "127.0.0.1", port };
  return isTls
    ? connectTls({
      ...near,
      ...tls,
      // TLS has no server name for an IP address.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ALPNProtocols: ["h2"],
    })
    : connectTcp(near);
}

/**
 * Connect takes messages only, and would encode each request a second time. So everything after the tag
 * of the first field is an unknown field, which is written unchanged.
 */
function asMessage(request: Uint8Array): IngestRequest {
  const [tag = 0] = request;
  const message = create(IngestRequestSchema);
  message.$unknown = [{ no: tag >> 3, wireType: tag & 7, data: request.subarray(1) }];
  return message;
}

interface StatusRow {
  readonly code: Code;
  /** Matches the text; absent: any text. */
  readonly text?: RegExp;
  readonly verdict: Verdict;
  readonly hint?: string;
}

/**
 * TABLE: what a gRPC status means for a request. The first matching row decides; other codes are refused.
 * Source: diode-server, ingester/component.go; nginx.conf.
 */
const STATUSES: readonly StatusRow[] = [
  { code: Code.Unavailable, verdict: "passing" },
  { code: Code.Aborted, verdict: "passing" },
  { code: Code.DeadlineExceeded, verdict: "passing" },
  { code: Code.Canceled, verdict: "passing" },
  // The ingester reads the scope itself; a new token of the same client has no other.
  { code: Code.Unauthenticated, text: /scope/, verdict: "refused", hint: SCOPE_HINT },
  // nginx answers instead of Diode, as plain HTTP, when the token is invalid or expired.
  {
    code: Code.Unauthenticated,
    verdict: "token",
    hint: "Diode rejects tokens of its own token endpoint: check the logs of diode-auth",
  },
  { code: Code.PermissionDenied, verdict: "refused", hint: SCOPE_HINT },
  { code: Code.Unimplemented, verdict: "refused", hint: PATH_HINT },
  {
    code: Code.ResourceExhausted,
    text: /larger than max/,
    verdict: "rejected",
    hint: "The server accepts only requests smaller than Diode's default of 4 MiB",
  },
  // The server's Redis is full; it empties as Diode applies the queue.
  { code: Code.ResourceExhausted, verdict: "passing" },
  // Redis could not be written: the ingester gives no text.
  { code: Code.Internal, text: /^$|^http\/2 stream/, verdict: "passing" },
  { code: Code.Internal, text: /^HTTP 4/, verdict: "refused", hint: PATH_HINT },
  { code: Code.Internal, verdict: "rejected" },
  { code: Code.Unknown, text: /^HTTP 5/, verdict: "passing" },
  { code: Code.Unknown, text: /^HTTP/, verdict: "refused", hint: PATH_HINT },
  // The ingester's own checks are errors without a code.
  { code: Code.Unknown, verdict: "rejected" },
  { code: Code.InvalidArgument, verdict: "rejected" },
];

const NO_HTTP2_HINT =
  "gRPC requires HTTP/2, and this port does not support it: check the scheme and the port in DIODE_TARGET; " +
  "a proxy before Diode must support HTTP/2";

/** TABLE: network failure → what the user can do about it. */
export function networkHints({ twinScheme }: Pick<Target, "twinScheme">): NetworkHints {
  return {
    "certificate": "Set DIODE_CERT_FILE (--cert-file) to the CA certificate of the server",
    "no-tls": `The port may not use TLS: try ${twinScheme} in DIODE_TARGET`,
    "needs-tls": `The port uses TLS: use ${twinScheme} in DIODE_TARGET`,
    "unknown-host": "Check the host name in DIODE_TARGET (--target)",
    "bad-port": "HTTP clients refuse this port: check DIODE_TARGET (--target)",
    "proxy": "The proxy refused the connection: check HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
  };
}

const MAX_TEXT = 500;

/**
 * An answer over HTTP/1.1, or TLS without HTTP/2: nginx without `http2 on`. A port that requires TLS
 * also answers over HTTP/1.1. The texts are those of nghttp2, OpenSSL and rustls.
 */
const NO_HTTP2_REGEXP =
  /ERR_HTTP2_ERROR: Protocol error|NO_APPLICATION_PROTOCOL|no application protocol|NoApplicationProtocol/;

/** The failure of a call, without the secrets that the server may repeat. */
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
