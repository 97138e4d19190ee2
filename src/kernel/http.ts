/** Requests over HTTP/1.1, the same on Node and on Deno: own authorities, unverified TLS, a proxy. */
import { createFetch } from "ofetch";
import { Agent, ProxyAgent } from "undici";
import { durationText } from "./duration.ts";
import { fetchOver } from "./fetch.ts";
import {
  needsTlsFailure,
  networkFailure,
  type NetworkHints,
  RemoteFailure,
} from "./remote-failure.ts";
import { MAX_RETRY_AFTER_MS, retryAfterMs } from "./retry-after.ts";
import { withinTime } from "./time-limit.ts";
import { USER_AGENT } from "./tool.ts";

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
