/** Requests over HTTP/1.1, the same on Node and on Deno: own authorities, unverified TLS, a proxy. */
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { createFetch } from "ofetch";
import { Agent, type Dispatcher, ProxyAgent, request } from "undici";
import { durationText } from "../base/duration.ts";
import { USER_AGENT } from "../base/tool.ts";
import { needsTlsFailure, networkFailure, type NetworkHints, RemoteFailure } from "./failure.ts";
import { MAX_RETRY_AFTER_MS, retryAfterMs, withinTime } from "./retry.ts";

export interface Trust {
  /** What to trust instead of the system's certificates (PEM). */
  readonly certificates: string | undefined;
  /** Trust any; the connection stays encrypted. */
  readonly isUnverified: boolean;
}

export interface HttpOptions extends Trust {
  /** How error texts call the server: "The token endpoint". */
  readonly server: string;
  readonly hints: NetworkHints;
  readonly proxy: URL | undefined;
  /** How long a whole answer may take. */
  readonly timeoutMs: number;
  /** Gives up all requests. */
  readonly signal: AbortSignal;
}

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** As the header Retry-After asks, half a minute at the most. */
  readonly retryAfterMs: number | undefined;
  /** Where a redirect leads. */
  readonly location: string | undefined;
  readonly text: string;
}

export interface Http {
  /**
   * Whatever the status, and never redirected.
   * @throws RemoteFailure when there is no whole answer, or the port speaks TLS and was not asked to.
   */
  request(url: string, request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

/** How Node's TLS calls it. */
export function tlsOptions({ certificates, isUnverified }: Trust) {
  return {
    ...(certificates === undefined ? {} : { ca: certificates }),
    rejectUnauthorized: !isUnverified,
  };
}

export function openHttp(options: HttpOptions): Http {
  const { proxy, signal, timeoutMs } = options;
  const tls = tlsOptions(options);
  const dispatcher = proxy === undefined
    ? new Agent({ connect: tls, allowH2: false })
    : new ProxyAgent({ uri: proxy.href, requestTls: tls, proxyTunnel: true, allowH2: false });
  const ofetch = createFetch({ fetch: fetchOver(dispatcher) });
  return {
    async request(url, { headers, ...request }) {
      try {
        const response = await withinTime({ signal, ms: timeoutMs }, (limit) =>
          ofetch.raw(url, {
            ...request,
            headers: { ...headers, "user-agent": USER_AGENT },
            responseType: "text",
            ignoreResponseError: true,
            retry: 0,
            signal: limit,
          }));
        const { status, headers: answered, _data: text = "" } = response;
        const failure = needsTlsFailure({ status, text }, options.hints);
        if (failure !== undefined) throw failure;
        return {
          status,
          retryAfterMs: retryAfterMs(answered.get("retry-after"), MAX_RETRY_AFTER_MS),
          location: answered.get("location") ?? undefined,
          text,
        };
      } catch (error) {
        throw unanswered(error, options);
      }
    },
    close: () => dispatcher.close(),
  };
}

/** Nothing of ofetch's error goes on: it holds the request, and so the secret. */
function unanswered(error: unknown, { server, hints, signal, timeoutMs }: HttpOptions): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof RemoteFailure) return error;
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each.name !== "TimeoutError") continue;
    const limit = durationText(timeoutMs);
    return new RemoteFailure("passing", `${server} did not answer within ${limit}`);
  }
  return networkFailure(error, hints);
}

/**
 * undici as a `fetch` for ofetch. undici's own `fetch` waits for ever on Deno when an answer is cut off or
 * given up half way; its `request` tells.
 */

/** The only headers of an answer that anybody reads. */
const KEPT = ["retry-after", "location"];
/** A Response throws for what its header may not hold; servers send it all the same. */
const NOT_LATIN_REGEXP = /[^\t\x20-\x7e\x80-\xff]/g;

const unpack = promisify(gunzip);

/** Never follows a redirect: anywhere else, the secret would be a stranger's. */
export function fetchOver(dispatcher: Dispatcher): typeof globalThis.fetch {
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
      headers: KEPT.flatMap((name): [string, string][] => {
        const value = response.headers[name];
        return typeof value === "string" ? [[name, latin(value)]] : [];
      }),
    });
  };
}

function latin(text: string): string {
  return text.replace(NOT_LATIN_REGEXP, "?");
}
