/** One request and its answer, over HTTP/1.1 and HTTP/2 alike. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

export interface Exchange {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  header(name: string): string | undefined;
  /** The whole body, or undefined when it has more than `most` bytes. */
  body(most: number): Promise<Uint8Array | undefined>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body?: string | Uint8Array;
  /** Headers behind the body: where gRPC says how it went. */
  readonly trailers?: Readonly<Record<string, string>>;
}

/** Instead of an answer: the connection breaks, with all that runs over it. */
export const CUT = "cut";

export type Outcome = Answer | typeof CUT;

/** As Node gives them. */
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

export function sendAnswer(response: NodeResponse, answer: Answer): void {
  const { status, headers, body, trailers } = answer;
  // The two classes have the same calls, which TypeScript cannot join.
  const out = response as ServerResponse;
  out.statusCode = status;
  for (const [name, value] of Object.entries(headers)) out.setHeader(name, value);
  if (trailers !== undefined) out.addTrailers(trailers);
  // Headers are not sent before the end is known: without a body they are to carry it.
  out.end(body);
}

/** The client went away in the middle of a request: nobody is left to answer. */
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

/** What Diode's nginx answers itself. Source: netboxlabs/diode, diode-server/docker/nginx/nginx.conf. */

/** client_max_body_size 25m. */
export const MAX_BODY_BYTES = 25 * 2 ** 20;

/** TABLE: a status that has a text of its own in nginx.conf. */
const OWN_TEXTS = {
  401: { error: "unauthorized", error_description: "Authentication required" },
  403: { error: "forbidden", error_description: "Access denied" },
} as const;

/** TABLE: a status for which nginx has a page. */
const PAGES = {
  404: "Not Found",
  413: "Request Entity Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Temporarily Unavailable",
} as const;

/** Plain HTTP where a gRPC client would expect a status of gRPC's. */
export function ownAnswer(status: keyof typeof OWN_TEXTS): Answer {
  return {
    status,
    headers: { "content-type": "application/octet-stream" },
    body: JSON.stringify(OWN_TEXTS[status]),
  };
}

export function page(status: keyof typeof PAGES): Answer {
  const title = `${status} ${PAGES[status]}`;
  return {
    status,
    headers: { "content-type": "text/html" },
    body: html(title, [`<h1>${title}</h1>`]),
  };
}

/**
 * What a port with TLS answers to anything else, a preface of HTTP/2 included, before it closes the
 * connection. Source: nginx, src/http/ngx_http_request.c, ngx_http_special_response.c.
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
