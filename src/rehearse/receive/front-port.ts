/** One port for HTTP/1.1 and HTTP/2, plain or with TLS, as nginx has it. */
import { once } from "node:events";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Certificate } from "../certificate.ts";
import { listen } from "../loopback.ts";
import type { NodeRequest } from "./exchange.ts";
import { type InnerServers, type Listener, openInnerServers } from "./inner-servers.ts";

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

/** How an HTTP/2 connection begins, and no method of HTTP/1.1. Source: RFC 9113, 3.4. */
const HTTP2_START = "PRI";

/** @throws AppError "usage" when the port is taken. */
export async function openFrontPort(
  listener: Listener,
  { port, certificate }: FrontPortOptions,
): Promise<FrontPort> {
  const inner = await openInnerServers(listener);
  const front = certificate === undefined ? plainServer(inner) : tlsServer(inner, certificate);
  const open = new Set<Socket>();
  front.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  return {
    port: await listen(front, port).catch(async (error: unknown) => {
      await inner.close();
      throw error;
    }),
    cut(request) {
      const client = inner.clientOf(request);
      // TLS knows no reset.
      if (certificate === undefined) client?.resetAndDestroy();
      else client?.destroy();
    },
    async close() {
      const closed = once(front, "close");
      front.close();
      for (const socket of open) socket.destroy();
      await Promise.all([closed, inner.close()]);
    },
  };
}

function plainServer(inner: InnerServers): Server {
  return createTcpServer((client) => {
    const chunks: Buffer[] = [];
    const read = (chunk: Buffer): void => {
      chunks.push(chunk);
      const head = Buffer.concat(chunks);
      if (head.length < HTTP2_START.length) return;
      client.off("data", read);
      client.pause();
      const isHttp2 = head.toString("latin1").startsWith(HTTP2_START);
      inner.pass(client, isHttp2 ? "http2" : "http1", head);
    };
    client.on("data", read);
    client.on("error", () => client.destroy());
  });
}

function tlsServer(inner: InnerServers, { keyPem, certificatePem }: Certificate): Server {
  return createTlsServer(
    { key: keyPem, cert: certificatePem, ALPNProtocols: ["h2", "http/1.1"] },
    (client) => inner.pass(client, client.alpnProtocol === "h2" ? "http2" : "http1"),
  );
}
