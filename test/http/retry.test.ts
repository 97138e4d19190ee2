/** Transient failures are retried with growing pauses; other failures are not. */
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import {
  isOfNetwork,
  networkFailure,
  RemoteFailure,
  retryAfterMs,
  type RetryOptions,
  withRetries,
} from "../../src/http/failure.ts";
import { networkHints, statusFailure } from "../../src/push/diode.ts";

/** Fails with these failures one after another, then succeeds. */
async function run(failures: readonly RemoteFailure[], options: Partial<RetryOptions> = {}) {
  const pauses: number[] = [];
  let calls = 0;
  const outcome: unknown = await withRetries(() => {
    calls += 1;
    const failure = failures[calls - 1];
    return failure === undefined ? Promise.resolve("done") : Promise.reject(failure);
  }, {
    maxRetries: 3,
    maxAuthRetries: 2,
    retryDelayMs: 1,
    signal: new AbortController().signal,
    onRetry: (_, pauseMs) => pauses.push(pauseMs),
    ...options,
  }).catch((error: unknown) => error);
  return { outcome, calls, pauses };
}

const HINTS = networkHints({ twinScheme: "grpc://" });

const passing = new RemoteFailure("passing", "later");
const token = new RemoteFailure("token", "another token");
const refused = new RemoteFailure("refused", "never");
const rejected = new RemoteFailure("rejected", "not this");

describe("a request", () => {
  test("is retried after transient failures, up to the limit", async () => {
    expect(await run([passing, passing, passing])).toMatchObject({ outcome: "done", calls: 4 });
    expect(await run([passing, passing, passing, passing])).toMatchObject({
      outcome: passing,
      calls: 4,
    });
  });

  test.each([["refused", refused], ["rejected", rejected]])(
    "is not retried when %s",
    async (_, failure) => {
      expect(await run([failure])).toMatchObject({ outcome: failure, calls: 1 });
    },
  );

  test("is retried at once with a new token, a limited number of times in a row", async () => {
    expect(await run([token, token])).toMatchObject({ outcome: "done", calls: 3, pauses: [] });
    expect(await run([token, token, token])).toMatchObject({ outcome: token, calls: 3 });
    expect(await run([token, passing, token, token])).toMatchObject({ outcome: "done", calls: 5 });
  });

  test("waits twice as long before each retry, with jitter, or as long as Retry-After", async () => {
    const { pauses } = await run([passing, passing, passing], { retryDelayMs: 8 });
    [8, 16, 32].forEach((least, i) => {
      expect(pauses[i]).toBeGreaterThanOrEqual(least);
      expect(pauses[i]).toBeLessThanOrEqual(least * 1.25);
    });
    const busy = new RemoteFailure("passing", "busy", { retryAfterMs: 60 });
    const start = performance.now();
    expect((await run([busy])).pauses).toEqual([60]);
    // Timers may fire a millisecond early.
    expect(performance.now() - start).toBeGreaterThanOrEqual(58);
    const short = await run([passing, passing], { retryDelayMs: 8, maxRetryDelayMs: 9 });
    expect(short.pauses[1]).toBeLessThanOrEqual(9 * 1.25);
  });

  test("waits the larger of its own pause and Retry-After, never their sum", async () => {
    const busy = new RemoteFailure("passing", "busy", { retryAfterMs: 60 });
    const { pauses } = await run([busy, busy], { retryDelayMs: 40 });
    expect(pauses[0]).toBe(60);
    expect(pauses[1]).toBeGreaterThanOrEqual(80);
    expect(pauses[1]).toBeLessThanOrEqual(100);
  });

  test("is aborted during a pause", async () => {
    const controller = new AbortController();
    const stopped = run([passing], {
      retryDelayMs: 60_000,
      signal: controller.signal,
      onRetry: () => controller.abort(),
    });
    expect((await stopped).outcome).toMatchObject({ name: "AbortError" });
  });
});

test("Retry-After of a plain HTTP answer delays a retry of a gRPC call", () => {
  const error = new ConnectError("HTTP 503", Code.Unavailable, { "retry-after": "7" });
  const context = { secrets: [], hints: HINTS };
  expect(statusFailure(error, context)).toMatchObject({ verdict: "passing", retryAfterMs: 7000 });
  const busy = new ConnectError("busy", Code.Unavailable);
  expect(statusFailure(busy, context).retryAfterMs).toBeUndefined();
});

describe("a failure", () => {
  test.each([
    [Code.Unavailable, "redis is down", "passing"],
    [Code.DeadlineExceeded, "", "passing"],
    [Code.ResourceExhausted, "redis at maxmemory; retry with backoff", "passing"],
    [
      Code.ResourceExhausted,
      "grpc: received message larger than max (5 vs. 4)",
      "rejected",
    ],
    [Code.Internal, "", "passing"],
    [Code.Internal, "HTTP 400", "refused"],
    [Code.Internal, "grpc: error unmarshalling request", "rejected"],
    [Code.Unauthenticated, "HTTP 401", "token"],
    [Code.PermissionDenied, "HTTP 403", "refused"],
    [Code.Unimplemented, "HTTP 404", "refused"],
    [Code.Unknown, "HTTP 500", "passing"],
    [Code.Unknown, "HTTP 413", "refused"],
    [Code.Unknown, "id is empty", "rejected"],
    [Code.InvalidArgument, "no request metadata found", "rejected"],
    [Code.DataLoss, "", "refused"],
  ])("of code %s with %j is %s", (code, text, verdict) => {
    expect(statusFailure(new ConnectError(text, code), { secrets: [], hints: HINTS }).verdict).toBe(
      verdict,
    );
  });

  test.each([
    ["ERR_SSL_WRONG_VERSION_NUMBER", /try grpc:\/\//],
    // A server that ends a handshake supports TLS.
    ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", /^$/],
    ["ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL", /^gRPC requires HTTP\/2/],
  ])("of TLS with %s has the hint %s", (code, hint) => {
    const root = Object.assign(new Error("it broke"), { code });
    const called = new ConnectError("x", Code.Internal, undefined, undefined, root);
    expect(statusFailure(called, { secrets: [], hints: HINTS }).hint ?? "").toMatch(hint);
  });

  test("has code and text on one line, without a secret that the server repeats", () => {
    const failure = statusFailure(new ConnectError("id\nis empty", Code.Unknown), {
      secrets: ["tok"],
      hints: HINTS,
    });
    expect(failure.message).toBe("UNKNOWN: id is empty");
    const echo = statusFailure(new ConnectError("bad Bearer tok", Code.Unknown), {
      secrets: ["tok"],
      hints: HINTS,
    });
    expect(`${echo.message}${JSON.stringify(echo)}`).not.toContain("tok");
    expect(echo.cause).toBeUndefined();
  });

  test.each([
    ["ECONNREFUSED", "passing"],
    ["ECONNRESET", "passing"],
    ["EAI_AGAIN", "passing"],
    ["ENOTFOUND", "refused"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "refused"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "refused"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "refused"],
    ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "refused"],
  ])("of the network with %s is %s, at any depth", (code, verdict) => {
    const root = Object.assign(new Error("it broke"), { code });
    const wrapped = new TypeError("fetch failed", { cause: new AggregateError([root]) });
    expect(networkFailure(wrapped, HINTS)).toMatchObject({
      verdict,
      message: `${code}: it broke`,
    });
    expect(isOfNetwork(wrapped)).toBe(true);
    const called = new ConnectError("x", Code.Internal, undefined, undefined, root);
    expect(statusFailure(called, { secrets: [], hints: HINTS }).verdict).toBe(verdict);
  });
});

test.each([
  ["ENOTFOUND", "dns", true],
  ["EAI_AGAIN", "dns", true],
  ["ECONNREFUSED", "refused", true],
  ["EHOSTUNREACH", "refused", true],
  ["EACCES", "refused", true],
  ["UND_ERR_CONNECT_TIMEOUT", "timeout", true],
  ["UND_ERR_HEADERS_TIMEOUT", "timeout", false],
  ["ETIMEDOUT", "timeout", false],
  ["CERT_HAS_EXPIRED", "tls", false],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "tls", false],
  ["EPROTO", "tls", false],
  ["ERR_TLS_HANDSHAKE_TIMEOUT", "tls", false],
  ["ECONNRESET", "reset", false],
  ["UND_ERR_SOCKET", "reset", false],
])("a connection error %s has the reason %s, unsent: %s", (code, reason, isUnsent) => {
  const error = Object.assign(new Error("it broke"), { code });
  const { connection } = networkFailure(new TypeError("failed", { cause: error }));
  expect(connection).toEqual({ reason, isUnsent });
});

test.each([
  [null, undefined],
  ["", undefined],
  ["2", 2000],
  ["0.5", 500],
  ["-3", 0],
  ["soon", undefined],
  ["86400", 60_000],
  ["Wed, 21 Oct 2015 07:28:00 GMT", 0],
])("Retry-After %j is a wait of %s ms", (header, ms) => {
  expect(retryAfterMs(header)).toBe(ms);
});

test("Retry-After accepts a date", () => {
  const inHalfAMinute = new Date(Date.now() + 30_000).toUTCString();
  expect(Math.abs((retryAfterMs(inHalfAMinute) ?? 0) - 30_000)).toBeLessThan(2000);
});
