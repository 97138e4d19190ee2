/** Plain HTTP requests to `receive`, from a client that trusts only its certificate. */
import { once } from "node:events";
import { connect, constants, type IncomingHttpHeaders } from "node:http2";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Receiver } from "../../src/rehearse/receive/receive.ts";

/** What a client needs for a request to `receive`. */
export type Peer = Pick<Receiver, "target" | "client" | "certificatePem">;

export interface TokenAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface GrpcAnswer extends TokenAnswer {
  /** Whether the stream ended with the headers, as gRPC clients require ("Trailers-Only"). */
  readonly isHeadersOnly: boolean;
  readonly trailers: IncomingHttpHeaders;
}

export interface CallOptions {
  readonly token?: string;
  /** Added to the prefix, unless it is the full path. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Replaces the framed message. */
  readonly body?: Uint8Array;
}

export const INGEST_PATH = "/diode.v1.IngesterService/Ingest";

/** Over HTTP/1.1; POST by default. */
export function askToken(
  { target, client, certificatePem }: Peer,
  form: Readonly<Record<string, string>> = {
    grant_type: "client_credentials",
    client_id: client.id,
    client_secret: client.secret,
    scope: "diode:ingest",
  },
  { method = "POST", headers = {} }: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<TokenAnswer> {
  const url = new URL(`${target.replace(/^grpc/, "http")}/auth/token`);
  const [request, trust] = certificatePem === undefined
    ? [httpRequest, {}]
    : [httpsRequest, { ca: certificatePem }];
  return new Promise((resolve, reject) => {
    const call = request(url, {
      method,
      agent: false,
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
      ...trust,
    }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, body: Buffer.concat(chunks) });
      });
    });
    call.on("error", reject);
    call.end(method === "POST" ? new URLSearchParams(form).toString() : undefined);
  });
}

export async function tokenOf(peer: Peer): Promise<string> {
  const { status, body } = await askToken(peer);
  if (status !== 200) throw new Error(`No token: ${status} ${body.toString()}`);
  return (JSON.parse(body.toString()) as { access_token: string }).access_token;
}

/** One call over HTTP/2, on a new connection. Rejects when the connection breaks. */
export async function call(
  peer: Peer,
  message: Uint8Array,
  options: CallOptions = {},
): Promise<GrpcAnswer> {
  const { origin, pathname } = new URL(peer.target.replace(/^grpc/, "http"));
  const { certificatePem } = peer;
  const session = connect(origin, certificatePem === undefined ? {} : { ca: certificatePem });
  try {
    return await new Promise((resolve, reject) => {
      session.on("error", reject);
      const stream = session.request({
        ":method": "POST",
        ":path": options.path ?? `${pathname === "/" ? "" : pathname}${INGEST_PATH}`,
        "content-type": "application/grpc",
        te: "trailers",
        ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
        ...options.headers,
      });
      const received = { headers: {}, trailers: {} } as Record<string, IncomingHttpHeaders>;
      const chunks: Buffer[] = [];
      let isHeadersOnly = false;
      stream.on("response", (headers, flags: number) => {
        received["headers"] = headers;
        isHeadersOnly = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      });
      stream.on("trailers", (trailers) => received["trailers"] = trailers);
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("error", reject);
      stream.on("close", () => {
        const { headers = {}, trailers = {} } = received;
        const status = Number(headers[":status"] ?? 0);
        if (status === 0) reject(new Error("The connection broke"));
        resolve({ status, headers, trailers, isHeadersOnly, body: Buffer.concat(chunks) });
      });
      stream.end(options.body ?? framed(message));
    });
  } finally {
    session.destroy();
  }
}

/** Several parallel calls over one connection, which then ends with GOAWAY. */
export async function callOften(
  peer: Peer,
  message: Uint8Array,
  options: { readonly token: string; readonly times: number; readonly atOnce: number },
): Promise<void> {
  const { origin, pathname } = new URL(peer.target.replace(/^grpc/, "http"));
  const session = connect(origin);
  const closed = once(session, "close");
  const body = framed(message);
  let left = options.times;
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const stream = session.request({
        ":method": "POST",
        ":path": `${pathname}${INGEST_PATH}`,
        authorization: `Bearer ${options.token}`,
      });
      stream.resume();
      stream.end(body);
      await once(stream, "close");
    }
  };
  await Promise.all(Array.from({ length: options.atOnce }, work));
  session.close();
  await closed;
}

/** gRPC's status of an answer and its text: "0", or "2 id is empty". */
export function statusOf({ headers, trailers }: GrpcAnswer): string {
  const { "grpc-status": status, "grpc-message": message } = { ...headers, ...trailers };
  const text = decodeURIComponent(String(message ?? ""));
  return text === "" ? String(status) : `${String(status)} ${text}`;
}

export function framed(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
