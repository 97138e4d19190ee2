/**
 * undici as a `fetch` for ofetch. undici's own `fetch` hides on Deno that a body was cut off, and waits
 * for the rest of it; its `request` tells.
 */
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { Agent, request } from "undici";
import type { Connector } from "./certificate.ts";

export interface Fetcher {
  readonly fetch: typeof globalThis.fetch;
  close(): Promise<void>;
}

// pveproxy closes a connection that was idle for 5 s, or had 100 requests. Source: PVE/APIServer/AnyEvent.pm.
const IDLE_MS = 4000;
const REQUESTS_PER_CONNECTION = 100;

const inflate = promisify(gunzip);

export function createFetcher(connect: Connector, connections: number): Fetcher {
  const agent = new Agent({
    connect,
    connections,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
    maxRequestsPerClient: REQUESTS_PER_CONNECTION,
    pipelining: 1,
  });
  return {
    async fetch(input, { headers, signal } = {}) {
      const response = await request(String(input), {
        dispatcher: agent,
        headers: { ...Object.fromEntries(new Headers(headers)), "accept-encoding": "gzip" },
        signal: signal ?? null,
      });
      const received = await response.body.bytes();
      const isPacked = response.headers["content-encoding"] === "gzip";
      const body = isPacked ? await inflate(received) : received;
      return new Response(body.byteLength === 0 ? null : new Uint8Array(body), {
        status: response.statusCode,
        statusText: response.statusText,
        headers: retryAfterOf(response.headers["retry-after"]),
      });
    },
    close: () => agent.destroy(),
  };
}

/** The only header of an answer that anybody reads. */
function retryAfterOf(value: string | string[] | undefined): Record<string, string> {
  return typeof value === "string" ? { "retry-after": value } : {};
}
