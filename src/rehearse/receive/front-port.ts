/** One port for HTTP/1.1 and HTTP/2, plain or with TLS, like nginx. */
import { once } from "node:events";
import { createServer as createHttp1 } from "node:http";
import { createServer as createHttp2, type ServerHttp2Session } from "node:http2";
import { connect, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { type Certificate, HOST, listen } from "../server.ts";
import { type NodeRequest, type NodeResponse, plainOnTlsPort } from "./http.ts";

export interface FrontPort {
  readonly port: number;
  /** Closes the connection of a request. */
  cut(request: NodeRequest): void;
  /** Closes all connections. */
  close(): Promise<void>;
}

export interface FrontPortOptions {
  /** 0: any free port. */
  readonly port: number;
  /** Absent: without TLS. */
  readonly certificate?: Certificate | undefined;
}

/** The first bytes of an HTTP/2 connection. Source: RFC 9113, 3.4. */
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
      // TLS sockets have no reset.
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

/** Plain HTTP on this port gets nginx's error page. */
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

/** On a port of its own: Deno's TLS does not accept a socket from which bytes were read. */
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

/** Calls back with the first bytes of a connection, as soon as there are enough, and pauses it. */
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

export type Language = "http1" | "http2";

export type Listener = (request: NodeRequest, response: NodeResponse) => void;

export interface InnerServers {
  /** Passes a connection on; `head`: bytes that were already read. */
  pass(client: Socket, language: Language, head?: Uint8Array): void;
  /** The connection of a request. */
  clientOf(request: NodeRequest): Socket | undefined;
  close(): Promise<void>;
}

/** Node's default of 10 MB is less than three of the largest requests. */
const MAX_SESSION_MEGABYTES = 256;

/**
 * An HTTP/1.1 and an HTTP/2 server on ports of their own, to which connections are piped: the HTTP/2
 * servers of Node and Deno do not accept a socket from which bytes were read.
 */
export async function openInnerServers(listener: Listener): Promise<InnerServers> {
  const servers = {
    http1: createHttp1(listener),
    http2: createHttp2({ maxSessionMemory: MAX_SESSION_MEGABYTES }, listener),
  };
  if ("Deno" in globalThis) servers.http2.on("session", leaveGoodbyeUnanswered);
  const ports = { http1: await listen(servers.http1, 0), http2: await listen(servers.http2, 0) };
  /** Local port of the pipe → connection. */
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
 * A client that sends GOAWAY closes the connection itself. Deno 2.9.6 aborts when it answers one:
 * "nghttp2_session.c: find_stream_on_goaway_func: Assertion `stream->closed_next == NULL' failed".
 */
function leaveGoodbyeUnanswered(session: ServerHttp2Session): void {
  session.close = () => undefined;
}

/** Pipes a connection to a loopback port; `head`: bytes that were already read. */
export function passTo(port: number, client: Socket, head?: Uint8Array): Socket {
  const pipe = connect(port, HOST);
  tie(client, pipe);
  if (head !== undefined) pipe.write(head);
  client.pipe(pipe).pipe(client);
  return pipe;
}

function tie(client: Socket, pipe: Socket): void {
  for (const [one, other] of [[client, pipe], [pipe, client]] as const) {
    // Nagle's algorithm would cost 40 ms per flow control window.
    one.setNoDelay(true);
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
  }
}
