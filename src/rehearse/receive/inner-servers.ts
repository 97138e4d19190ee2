/**
 * An HTTP/1.1 and an HTTP/2 server on ports of their own, to which connections are piped. Neither
 * runtime's HTTP/2 server takes a socket that somebody has read from.
 */
import { once } from "node:events";
import { createServer as createHttp1 } from "node:http";
import { createServer as createHttp2, type ServerHttp2Session } from "node:http2";
import { connect, type Socket } from "node:net";
import { HOST, listen } from "../loopback.ts";
import type { NodeRequest, NodeResponse } from "./exchange.ts";

export type Language = "http1" | "http2";

export type Listener = (request: NodeRequest, response: NodeResponse) => void;

export interface InnerServers {
  /** Passes a connection on; `head` was read from it already. */
  pass(client: Socket, language: Language, head?: Uint8Array): void;
  /** The connection that a request came over. */
  clientOf(request: NodeRequest): Socket | undefined;
  close(): Promise<void>;
}

/** Node's own 10 MB are less than three of the largest requests at once. */
const MAX_SESSION_MEGABYTES = 256;

export async function openInnerServers(listener: Listener): Promise<InnerServers> {
  const servers = {
    http1: createHttp1(listener),
    http2: createHttp2({ maxSessionMemory: MAX_SESSION_MEGABYTES }, listener),
  };
  if ("Deno" in globalThis) servers.http2.on("session", leaveGoodbyeUnanswered);
  const ports = { http1: await listen(servers.http1, 0), http2: await listen(servers.http2, 0) };
  /** By the port that a pipe has at this end. */
  const clients = new Map<number, Socket>();
  return {
    pass(client, language, head) {
      const pipe = passTo(ports[language], client, head);
      pipe.on("connect", () => clients.set(pipe.localPort ?? 0, client));
      pipe.on("close", () => clients.delete(pipe.localPort ?? 0));
    },
    clientOf: (request) => clients.get(request.socket.remotePort ?? 0),
    async close() {
      for (const client of clients.values()) client.destroy();
      const closed = Object.values(servers).map((server) => once(server, "close"));
      for (const server of Object.values(servers)) server.close();
      await Promise.all(closed);
    },
  };
}

/**
 * A client that says goodbye hangs up by itself. Deno 2.9.6 would answer in a way that aborts it:
 * "nghttp2_session.c: find_stream_on_goaway_func: Assertion `stream->closed_next == NULL' failed".
 */
function leaveGoodbyeUnanswered(session: ServerHttp2Session): void {
  session.close = () => undefined;
}

/** Pipes a connection to a port of the loopback; `head` was read from it already. */
export function passTo(port: number, client: Socket, head?: Uint8Array): Socket {
  const pipe = connect(port, HOST);
  tie(client, pipe);
  if (head !== undefined) pipe.write(head);
  client.pipe(pipe).pipe(client);
  return pipe;
}

function tie(client: Socket, pipe: Socket): void {
  for (const [one, other] of [[client, pipe], [pipe, client]] as const) {
    // Small writes that wait for each other would cost 40 ms per window of flow control.
    one.setNoDelay(true);
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
  }
}
