/** Connections to pveproxy, kept as long as it keeps them. */
import { Agent } from "undici";
import { fetchOver } from "../kernel/fetch.ts";
import type { Connector } from "./certificate.ts";

export interface Fetcher {
  readonly fetch: typeof globalThis.fetch;
  close(): Promise<void>;
}

// pveproxy closes a connection that was idle for 5 s, or had 100 requests. Source: PVE/APIServer/AnyEvent.pm.
const IDLE_MS = 4000;
const REQUESTS_PER_CONNECTION = 100;

export function createFetcher(connect: Connector, connections: number): Fetcher {
  const agent = new Agent({
    connect,
    connections,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
    maxRequestsPerClient: REQUESTS_PER_CONNECTION,
    pipelining: 1,
  });
  return { fetch: fetchOver(agent), close: () => agent.destroy() };
}
