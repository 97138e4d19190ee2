/** Requests and answers over HTTP/1.1 and HTTP/2, and the answers of Diode's nginx. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

export interface Exchange {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  header(name: string): string | undefined;
  /** The body; undefined when it has more than `most` bytes. */
  body(most: number): Promise<Uint8Array | undefined>;
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

export type NodeRequest = IncomingMessage | Http2ServerRequest;
export type NodeResponse = ServerResponse | Http2ServerResponse;

export function exchangeOf(request: NodeRequest): Exchange {
  return {
    method: request.method ?? "",
    path: (request.url ?? "").split("?", 1)[0] ?? "",
    header: (name) => {
      const value = request.headers[name];
      return typeof value === "string" ? value : undefined;
    },
    body: (most) => readBody(request, most),
  };
}

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

/** The client closed the connection in the middle of a request. */
export class ClientGone extends Error {}

async function readBody(request: NodeRequest, most: number): Promise<Uint8Array | undefined> {
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
