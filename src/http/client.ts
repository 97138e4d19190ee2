/** HTTP/1.1 requests, the same on Node and on Deno: own authorities, pinned certificates, a proxy, a time limit. */
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { createFetch } from "ofetch";
import { Agent, type Dispatcher, ProxyAgent, request } from "undici";
import { durationText } from "../base/duration.ts";
import { USER_AGENT } from "../base/tool.ts";
import { type ConnectorOptions, createConnector, tlsOptions } from "./certificate.ts";
import {
  needsTlsFailure,
  networkFailure,
  type NetworkHints,
  RemoteFailure,
  retryAfterMs,
} from "./failure.ts";

export interface HttpOptions extends ConnectorOptions {
  /** The server's name in error messages: "The token endpoint". */
  readonly server: string;
  readonly hints?: NetworkHints;
  readonly proxy: URL | undefined;
  /** For a whole answer. */
  readonly timeoutMs: number;
  /** Cancels all requests. */
  readonly signal: AbortSignal;
  /** How connections are kept and shared. */
  readonly pool?: Pick<
    Agent.Options,
    "connections" | "keepAliveTimeout" | "keepAliveMaxTimeout" | "maxRequestsPerClient"
  >;
}

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** The reason phrase. */
  readonly reason: string;
  /** As the header Retry-After asks. */
  readonly retryAfterMs: number | undefined;
  /** Where a redirect leads. */
  readonly location: string | undefined;
  /** The version of what was read, for the header If-Match. */
  readonly etag: string | undefined;
  readonly text: string;
}

export interface Http {
  /**
   * The answer, whatever its status. Redirects are not followed.
   * @throws RemoteFailure when there is no whole answer, or the port speaks TLS and was not asked to; what
   * `signal` was aborted with.
   */
  request(url: string, request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export function openHttp(options: HttpOptions): Http {
  const { proxy, hints, signal, timeoutMs, pool } = options;
  const dispatcher = proxy === undefined
    ? new Agent({ ...pool, connect: createConnector(options), allowH2: false })
    : new ProxyAgent({
      uri: proxy.href,
      requestTls: tlsOptions(options),
      proxyTunnel: true,
      allowH2: false,
    });
  const ofetch = createFetch({ fetch: fetchOver(dispatcher) });
  return {
    async request(url, { headers, ...request }) {
      try {
        const response = await withTimeout({ signal, ms: timeoutMs }, (limit) =>
          ofetch.raw(url, {
            ...request,
            headers: { ...headers, "user-agent": USER_AGENT },
            responseType: "text",
            ignoreResponseError: true,
            retry: 0,
            signal: limit,
          }));
        const { status, statusText: reason, headers: answered, _data: text = "" } = response;
        const failure = hints && needsTlsFailure({ status, text }, hints);
        if (failure !== undefined) throw failure;
        return {
          status,
          reason,
          retryAfterMs: retryAfterMs(answered.get("retry-after")),
          location: answered.get("location") ?? undefined,
          etag: answered.get("etag") ?? undefined,
          text,
        };
      } catch (error) {
        throw withoutRequest(error, options);
      }
    },
    close: () => dispatcher.destroy(),
  };
}

/** ofetch's own error holds the request, and so the secret. */
function withoutRequest(
  error: unknown,
  { server, hints, signal, timeoutMs }: HttpOptions,
): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof RemoteFailure) return error;
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each.name !== "TimeoutError") continue;
    return new RemoteFailure(
      "passing",
      `${server} did not answer within ${durationText(timeoutMs)}`,
      { connection: { reason: "timeout", isUnsent: false } },
    );
  }
  return networkFailure(error, hints);
}

/** The only response headers that are read. */
const KEPT_HEADERS = ["retry-after", "location", "etag"];
/** Servers send what a Response may not hold in a header. */
const NOT_LATIN_REGEXP = /[^\t\x20-\x7e\x80-\xff]/g;

const unpack = promisify(gunzip);

/**
 * undici as a `fetch` for ofetch. undici's own `fetch` never settles on Deno when an answer is cut off or
 * cancelled half way; its `request` fails. It follows no redirect, which would send the secret elsewhere.
 */
function fetchOver(dispatcher: Dispatcher): typeof globalThis.fetch {
  return async (input, { method = "GET", headers, body, signal } = {}) => {
    const response = await request(String(input), {
      dispatcher,
      method: method as Dispatcher.HttpMethod,
      headers: { ...Object.fromEntries(new Headers(headers)), "accept-encoding": "gzip" },
      body: typeof body === "string" ? body : null,
      signal: signal ?? null,
    });
    const received = await response.body.bytes();
    const isPacked = response.headers["content-encoding"] === "gzip";
    const whole = isPacked ? await unpack(received) : received;
    return new Response(whole.byteLength === 0 ? null : new Uint8Array(whole), {
      status: response.statusCode,
      statusText: latin(response.statusText),
      headers: KEPT_HEADERS.flatMap((name): [string, string][] => {
        const value = response.headers[name];
        return typeof value === "string" ? [[name, latin(value)]] : [];
      }),
    });
  };
}

function latin(text: string): string {
  return text.replace(NOT_LATIN_REGEXP, "?");
}

/**
 * Runs a task with a timeout that also honours an outer AbortSignal. AbortSignal.any of AbortSignal.timeout
 * would keep what the task refers to until the time is over: of a capture, the answers of the last 30 s.
 * @param task given a signal that is aborted with a DOMException "TimeoutError" after `ms`, or with the
 * reason of `signal`.
 */
export async function withTimeout<Result>(
  { signal, ms }: { readonly signal: AbortSignal; readonly ms: number },
  task: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const cancel = (): void => controller.abort(signal.reason);
  if (signal.aborted) cancel();
  signal.addEventListener("abort", cancel);
  const timer = setTimeout(() => {
    controller.abort(new DOMException(`${ms} ms are over`, "TimeoutError"));
  }, ms);
  try {
    return await task(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
  }
}
