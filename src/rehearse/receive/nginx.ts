/** Diode's nginx: one port for HTTP/1.1 and HTTP/2, plain or with TLS, and the pages that it answers itself. */
import { once } from "node:events";
import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from "node:http";
import {
  createSecureServer,
  createServer as createHttp2,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from "node:http2";
import { connect, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { type Certificate, HOST, listen } from "../server.ts";

export type NodeRequest = IncomingMessage | Http2ServerRequest;
type NodeResponse = ServerResponse | Http2ServerResponse;

export interface FrontPort {
  readonly port: number;
  /** Resets the connection of a request, with all of its requests. */
  cut(request: NodeRequest): void;
  /** Closes all connections. */
  close(): Promise<void>;
}

/** The first bytes of an HTTP/2 connection. Source: RFC 9113, 3.4. */
const HTTP2_START = "PRI";
/** The type of a TLS handshake record, the first byte of a connection. Source: RFC 8446, 5.1. */
const TLS_HANDSHAKE = 0x16;

/**
 * Pipes connections to servers on ports of their own: the HTTP/2 and TLS servers of Node and Deno do
 * not accept a socket from which bytes were read.
 * @throws AppError "usage" when the port is taken.
 */
export async function openFrontPort(
  listener: (request: NodeRequest, response: NodeResponse) => void,
  { port, certificate }: { readonly port: number; readonly certificate: Certificate | undefined },
): Promise<FrontPort> {
  const inner = await openInnerServers(listener, certificate);
  const clients = new Set<Socket>();
  /** Local port of a pipe → the client's connection. */
  const piped = new Map<number, Socket>();
  const front = createTcpServer((client) => {
    clients.add(client);
    client.on("close", () => clients.delete(client));
    client.on("error", () => client.destroy());
    withHead(client, inner.headBytes, (head) => {
      const to = inner.portFor(head);
      if (to === undefined) return client.end(plainOnTlsPort());
      const pipe = pipeTo(to, client, head);
      pipe.on("connect", () => piped.set(pipe.localPort ?? 0, client));
      pipe.on("close", () => piped.delete(pipe.localPort ?? 0));
    });
  });
  return {
    port: await listen(front, port).catch(async (error: unknown) => {
      await closeAll(inner.servers);
      throw error;
    }),
    cut: (request) => piped.get(request.socket.remotePort ?? 0)?.resetAndDestroy(),
    async close() {
      for (const client of clients) client.destroy();
      await closeAll([front, ...inner.servers]);
    },
  };
}

/** Node's default of 10 MB is less than three of the largest requests. */
const HTTP2_OPTIONS = { maxSessionMemory: 256 } as const;

interface InnerServers {
  readonly servers: readonly Server[];
  /** How many bytes of a connection decide which server gets it. */
  readonly headBytes: number;
  /** undefined: plain HTTP on a port with TLS. */
  portFor(head: Buffer): number | undefined;
}

async function openInnerServers(
  listener: (request: NodeRequest, response: NodeResponse) => void,
  certificate: Certificate | undefined,
): Promise<InnerServers> {
  if (certificate !== undefined) {
    const { keyPem: key, certificatePem: cert } = certificate;
    const secure = createSecureServer({ ...HTTP2_OPTIONS, key, cert, allowHTTP1: true }, listener);
    const port = await openHttp2(secure);
    const portFor = (head: Buffer) => head[0] === TLS_HANDSHAKE ? port : undefined;
    return { servers: [secure], headBytes: 1, portFor };
  }
  const [http1, http2] = [createHttp1(listener), createHttp2(HTTP2_OPTIONS, listener)];
  const [port1, port2] = [await listen(http1, 0), await openHttp2(http2)];
  const portFor = (head: Buffer) => head.toString("latin1").startsWith(HTTP2_START) ? port2 : port1;
  return { servers: [http1, http2], headBytes: HTTP2_START.length, portFor };
}

async function openHttp2(server: Server): Promise<number> {
  if ("Deno" in globalThis) server.on("session", ignoreGoaway);
  return await listen(server, 0);
}

/**
 * A client that sends GOAWAY closes the connection itself. Deno 2.9.6 aborts when it answers one:
 * "nghttp2_session.c: find_stream_on_goaway_func: Assertion `stream->closed_next == NULL' failed".
 */
function ignoreGoaway(session: ServerHttp2Session): void {
  session.close = () => undefined;
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  const closed = servers.map((server) => once(server, "close"));
  for (const server of servers) server.close();
  await Promise.all(closed);
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
}

/** Pipes a connection, of which `head` was already read, to a loopback port. */
function pipeTo(port: number, client: Socket, head: Buffer): Socket {
  const pipe = connect(port, HOST);
  for (const [one, other] of [[client, pipe], [pipe, client]] as const) {
    // Nagle's algorithm would cost 40 ms per flow control window.
    one.setNoDelay(true);
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
  }
  pipe.write(head);
  client.pipe(pipe).pipe(client);
  return pipe;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body?: string | Uint8Array;
  /** gRPC's status is in the trailers. */
  readonly trailers?: Readonly<Record<string, string>>;
}

/** Instead of an answer: closes the connection with all of its requests. */
export const CUT = "cut";

export type HttpOutcome = HttpReply | typeof CUT;

export function sendAnswer(response: NodeResponse, answer: HttpReply): void {
  const { status, headers, body, trailers } = answer;
  // Both classes have these methods; TypeScript cannot call them on the union.
  const out = response as ServerResponse;
  out.statusCode = status;
  for (const [name, value] of Object.entries(headers)) out.setHeader(name, value);
  if (trailers !== undefined) out.addTrailers(trailers);
  // Without a body, headers and end go out in one frame.
  out.end(body);
}

/** Without the query. */
export function pathOf(request: NodeRequest): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}

/** The client closed the connection in the middle of a request. */
export class ClientGone extends Error {}

/** The body; undefined when it has more than `most` bytes. */
export async function readBody(
  request: NodeRequest,
  most: number,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length <= most) chunks.push(chunk);
    }
  } catch (cause) {
    throw new ClientGone("", { cause });
  }
  return length <= most ? Buffer.concat(chunks, length) : undefined;
}

/** client_max_body_size. Source: netboxlabs/diode, diode-server/docker/nginx/nginx.conf. */
export const MAX_BODY_BYTES = 25 * 2 ** 20;

/** TABLE: status → body in nginx.conf. */
const OWN_TEXTS = {
  401: { error: "unauthorized", error_description: "Authentication required" },
  403: { error: "forbidden", error_description: "Access denied" },
} as const;

/** TABLE: status → title of nginx's own page. */
const PAGES = {
  404: "Not Found",
  413: "Request Entity Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Temporarily Unavailable",
} as const;

/** Plain HTTP, although a gRPC client expects a gRPC status. */
export function ownAnswer(status: keyof typeof OWN_TEXTS): HttpReply {
  return {
    status,
    headers: { "content-type": "application/octet-stream" },
    body: JSON.stringify(OWN_TEXTS[status]),
  };
}

export function page(status: keyof typeof PAGES): HttpReply {
  const title = `${status} ${PAGES[status]}`;
  return {
    status,
    headers: { "content-type": "text/html" },
    body: html(title, [`<h1>${title}</h1>`]),
  };
}

/**
 * The answer of a TLS port to anything that is not TLS, before it closes the connection.
 * Source: nginx, src/http/ngx_http_request.c, ngx_http_special_response.c.
 */
export function plainOnTlsPort(): string {
  const words = "The plain HTTP request was sent to HTTPS port";
  const body = html(`400 ${words}`, ["<h1>400 Bad Request</h1>", words]);
  return [
    "HTTP/1.1 400 Bad Request",
    "Content-Type: text/html",
    `Content-Length: ${body.length}`,
    "Connection: close",
    "",
    body,
  ].join("\r\n");
}

function html(title: string, centred: readonly string[]): string {
  return [
    "<html>",
    `<head><title>${title}</title></head>`,
    "<body>",
    ...centred.map((each) => `<center>${each}</center>`),
    "<hr><center>nginx</center>",
    "</body>",
    "</html>",
    "",
  ].join("\r\n");
}
