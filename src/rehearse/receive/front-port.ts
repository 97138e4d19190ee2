/** One port for HTTP/1.1 and HTTP/2, plain or with TLS, as nginx has it. */
import { once } from "node:events";
import { createServer as createHttp1 } from "node:http";
import { createServer as createHttp2, type ServerHttp2Session } from "node:http2";
import { connect, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { type Certificate, HOST, listen } from "../server.ts";
import { type NodeRequest, type NodeResponse, plainOnTlsPort } from "./http.ts";

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
/** The type of a TLS handshake record, the first byte of a connection. Source: RFC 8446, 5.1. */
const TLS_HANDSHAKE = 0x16;

/** @throws AppError "usage" when the port is taken. */
export async function openFrontPort(
  listener: Listener,
  { port, certificate }: FrontPortOptions,
): Promise<FrontPort> {
  const inner = await openInnerServers(listener);
  const secure = certificate && await openTlsServer(inner, certificate);
  const front = secure === undefined ? plainServer(inner) : secureServer(secure);
  const open = new Set<Socket>();
  front.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  const closeInner = async (): Promise<void> => {
    await Promise.all([secure?.close(), inner.close()]);
  };
  return {
    port: await listen(front, port).catch(async (error: unknown) => {
      await closeInner();
      throw error;
    }),
    cut(request) {
      const client = inner.clientOf(request);
      // TLS knows no reset.
      if (secure === undefined) client?.resetAndDestroy();
      else client?.destroy();
    },
    async close() {
      const closed = once(front, "close");
      front.close();
      for (const socket of open) socket.destroy();
      await Promise.all([closed, closeInner()]);
    },
  };
}

function plainServer(inner: InnerServers): Server {
  return createTcpServer((client) => {
    withHead(client, HTTP2_START.length, (head) => {
      const isHttp2 = head.toString("latin1").startsWith(HTTP2_START);
      inner.pass(client, isHttp2 ? "http2" : "http1", head);
    });
  });
}

/** As nginx does, plain HTTP on this port is answered with a page that says so. */
function secureServer(secure: TlsServer): Server {
  return createTcpServer((client) => {
    withHead(client, 1, (head) => {
      if (head[0] === TLS_HANDSHAKE) secure.pass(client, head);
      else client.end(plainOnTlsPort());
    });
  });
}

interface TlsServer {
  pass(client: Socket, head: Uint8Array): void;
  close(): Promise<void>;
}

/** On a port of its own: Deno's TLS takes no socket that was read from. */
async function openTlsServer(
  inner: InnerServers,
  { keyPem, certificatePem }: Certificate,
): Promise<TlsServer> {
  const server = createTlsServer(
    { key: keyPem, cert: certificatePem, ALPNProtocols: ["h2", "http/1.1"] },
    (client) => inner.pass(client, client.alpnProtocol === "h2" ? "http2" : "http1"),
  );
  const port = await listen(server, 0);
  return {
    pass: (client, head) => passTo(port, client, head),
    async close() {
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}

/** Hands over the first bytes of a connection, as soon as there are so many, and pauses it. */
function withHead(client: Socket, length: number, use: (head: Buffer) => void): void {
  const chunks: Buffer[] = [];
  const read = (chunk: Buffer): void => {
    chunks.push(chunk);
    const head = Buffer.concat(chunks);
    if (head.length < length) return;
    client.off("data", read);
    client.pause();
    use(head);
  };
  client.on("data", read);
  client.on("error", () => client.destroy());
}

/**
 * An HTTP/1.1 and an HTTP/2 server on ports of their own, to which connections are piped. Neither
 * runtime's HTTP/2 server takes a socket that somebody has read from.
 */

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
