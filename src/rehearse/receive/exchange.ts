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
