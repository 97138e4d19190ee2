/**
 * One port for HTTP/1.1 and HTTP/2, plain or with TLS, as nginx has it. Neither runtime's HTTP/2
 * server takes a socket that somebody has read from, so two inner servers listen on ports of their
 * own, and what comes in is piped to the one that speaks its language.
 */
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Certificate } from "../certificate.ts";
import type { NodeRequest, NodeResponse } from "./exchange.ts";

export interface FrontPort {
  readonly port: number;
  /** Breaks the connection that a request came over. */
  cut(request: NodeRequest): void;
  /** Ends all connections. */
  close(): Promise<void>;
}

export interface FrontPortOptions {
  /** 0: the system chooses. */
  readonly port: number;
  /** Absent: without TLS. */
  readonly certificate?: Certificate | undefined;
}

export const LOOPBACK = "127.0.0.1";

/** How an HTTP/2 connection begins: "PRI * HTTP/2.0". No method of HTTP/1.1 begins so. RFC 9113, 3.4. */
const HTTP2_START = "PRI";
/** Node's own 10 MB are less than three of the largest requests at once. */
const MAX_SESSION_MEGABYTES = 256;

export async function openFrontPort(
  listener: (request: NodeRequest, response: NodeResponse) => void,
  { port, certificate }: FrontPortOptions,
): Promise<FrontPort> {
  const http1 = createHttpServer(listener);
  const http2 = createHttp2Server({ maxSessionMemory: MAX_SESSION_MEGABYTES }, listener);
  const http1Port = await listen(http1, 0);
  const http2Port = await listen(http2, 0);
  const open = new Set<Socket>();
  /** By the port that a connection has at its inner server. */
  const clients = new Map<number, Socket>();

  const pass = (client: Socket, isHttp2: boolean): Socket => {
    const inner = connect(isHttp2 ? http2Port : http1Port, LOOPBACK);
    // Small writes that wait for each other would cost 40 ms per window of flow control.
    for (const socket of [client, inner]) socket.setNoDelay(true);
    inner.on("connect", () => clients.set(inner.localPort ?? 0, client));
    inner.on("close", () => clients.delete(inner.localPort ?? 0));
    tie(client, inner);
    client.pipe(inner).pipe(client);
    return inner;
  };
  const front = certificate === undefined
    ? createTcpServer((client) => {
      sniff(client, (head) => {
        pass(client, head.toString("latin1").startsWith(HTTP2_START)).write(head);
      });
    })
    : createTlsServer({
      key: certificate.keyPem,
      cert: certificate.certificatePem,
      ALPNProtocols: ["h2", "http/1.1"],
    }, (client) => {
      pass(client, client.alpnProtocol === "h2");
    });
  front.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });

  return {
    port: await listen(front, port),
    cut(request) {
      const client = clients.get(request.socket.remotePort ?? 0);
      // TLS knows no reset.
      if (certificate === undefined) client?.resetAndDestroy();
      else client?.destroy();
    },
    async close() {
      const servers = [front, http1, http2];
      const closed = servers.map((server) => once(server, "close"));
      for (const server of servers) server.close();
      for (const socket of [...open, ...clients.values()]) socket.destroy();
      await Promise.all(closed);
    },
  };
}

/** Takes the first bytes off a connection, as many as tell its language. */
function sniff(client: Socket, take: (head: Buffer) => void): void {
  const chunks: Buffer[] = [];
  const read = (chunk: Buffer): void => {
    chunks.push(chunk);
    const head = Buffer.concat(chunks);
    if (head.length < HTTP2_START.length) return;
    client.off("data", read);
    client.pause();
    take(head);
  };
  client.on("data", read);
  client.on("error", () => client.destroy());
}

/** What ends one, ends the other. */
function tie(one: Socket, other: Socket): void {
  for (const [from, to] of [[one, other], [other, one]] as const) {
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
  }
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, LOOPBACK);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
