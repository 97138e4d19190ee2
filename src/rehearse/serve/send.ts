/** A reply → bytes on the connection, with the headers that pveproxy sends. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { deflateSync, gzipSync } from "node:zlib";
import type { Dialect } from "./dialect.ts";
import type { Reply } from "./reply.ts";

/** PVE/APIServer/AnyEvent.pm, response: shorter bodies are not worth it. */
const COMPRESSED_FROM_BYTES = 1024;

export interface Sending {
  readonly dialect: Dialect;
  /** The connection stays open if the reply allows it. */
  readonly isKept: boolean;
  /** The body of a reply with an envelope. */
  readonly print: (envelope: object) => string;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export function send({ request, response }: Exchange, reply: Reply, sending: Sending): void {
  const plain = Buffer.from(
    reply.envelope === undefined ? reply.text ?? "" : sending.print(reply.envelope),
  );
  const coding = codingOf(request.headers["accept-encoding"], sending.dialect);
  const isCoded = coding !== undefined && plain.length > COMPRESSED_FROM_BYTES;
  const body = isCoded ? coding.encode(plain) : plain;
  const isKept = sending.isKept && reply.status < 400 && wantsKeepAlive(request);
  const now = new Date().toUTCString();
  const headers: readonly (readonly [string, string | number | undefined])[] = [
    ["Cache-Control", "max-age=0"],
    ["Connection", isKept ? "Keep-Alive" : "close"],
    ["Date", now],
    ["Pragma", "no-cache"],
    ["Retry-After", reply.retryAfterSeconds],
    ["Server", "pve-api-daemon/3.0"],
    ["Content-Encoding", isCoded ? coding.name : undefined],
    ["Content-Length", body.length === 0 ? undefined : body.length],
    ["Content-Type", reply.envelope === undefined ? reply.textType : JSON_TYPE],
    ["Expires", now],
  ];
  // What has no body has no length either, and ends with the connection.
  response.useChunkedEncodingByDefault = false;
  response.sendDate = false;
  const sent = headers.flatMap(([name, value]) => (value === undefined ? [] : [name, `${value}`]));
  response.writeHead(reply.status, phrase(reply.reason), sent);
  if (reply.isCut !== true) response.end(body);
  else response.write(body.subarray(0, body.length / 2), () => request.socket.destroy());
}

const JSON_TYPE = "application/json;charset=UTF-8";

interface Coding {
  readonly name: string;
  encode(body: Buffer): Buffer;
}

function codingOf(accepted: string | string[] = "", dialect: Dialect): Coding | undefined {
  if (accepted.includes("gzip")) return { name: "gzip", encode: gzipSync };
  if (!dialect.hasDeflate || !accepted.includes("deflate")) return undefined;
  return { name: "deflate", encode: deflateSync };
}

/** HTTP/1.0 must ask for it. */
function wantsKeepAlive({ headers, httpVersion }: IncomingMessage): boolean {
  const { connection } = headers;
  return connection === undefined ? httpVersion !== "1.0" : !/close/i.test(connection);
}

/** Proxmox's texts are ASCII. Node and Deno do not agree on how any other character is sent. */
function phrase(reason: string): string {
  return reason.replace(/[^\t\x20-\x7e]/gu, "?");
}
