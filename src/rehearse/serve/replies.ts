/** Replies of pveproxy in the form of a release, and how they are sent. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { deflateSync, gzipSync } from "node:zlib";
import { sortKeyOf } from "../../proxmox/endpoints.ts";
import type { Random } from "../random.ts";

/** What differs between releases. */
export type Dialect = ReturnType<typeof dialectOf>;

/** Assumed for a snapshot without a version. */
const NEWEST = 9_002_000;

/** `version`: as `parseVersion` reads it. */
export function dialectOf(version = NEWEST) {
  return {
    major: Math.floor(version / 1_000_000),
    /** The body has the error text, too, as `message`. Since libpve-http-server-perl 5.2.0. */
    hasMessage: version >= 8_004_000,
    /** Errors of the HTTP server have their text as the body. Since libpve-http-server-perl 5.2.0. */
    hasPlainErrors: version >= 8_004_000,
    /** Since libpve-http-server-perl 5.1.0. */
    hasDeflate: version >= 8_002_000,
    /** One text for all faults of a token. Since pve-manager 8.4.17 and 9.1.5. */
    foldsUnauthorized: version >= 9_001_005 || (version >= 8_004_017 && version < 9_000_000),
    /** Bridges need SDN.Audit or SDN.Use. Source: PVE/API2/Network.pm, index. */
    hidesBridges: version >= 8_000_000,
    /** VNets are below their zone in the access control list. Since libpve-network-perl 0.8.2. */
    hasSdnZonePaths: version >= 8_001_000,
    /** Has /nodes/{node}/lxc/{vmid}/interfaces. Since pve-container 5.0.6. */
    hasLxcInterfaces: version >= 8_001_000,
  };
}

/** "9.1.4", or "7.4-16" up to PVE 7 → 9_001_004, 7_004_016: such numbers can be compared. */
export function parseVersion(text: string): number | undefined {
  const [, major, minor, patch = 0] = /^(\d+)\.(\d+)(?:[.-](\d+))?/.exec(text) ?? [];
  return major === undefined
    ? undefined
    : Number(major) * 1_000_000 + Number(minor) * 1000 + Number(patch);
}

export interface Reply {
  readonly status: number;
  /** One line: the reason phrase, where Proxmox VE puts error texts. */
  readonly reason: string;
  /** The body as JSON. */
  readonly envelope?: object;
  /** The body, if it is not JSON. */
  readonly text?: string;
  /** Content type of `text`; pveproxy sends none. */
  readonly textType?: string;
  readonly retryAfterSeconds?: number;
  /** Close the connection in the middle of the body. */
  readonly isCut?: true;
}

/** No HTTP answer: silence, or a reset connection. */
interface Drop {
  readonly drop: "silence" | "reset";
}

export type ReplyOrDrop = Reply | Drop;

/** `envelope`: `data` and other keys, such as `changes`. */
export function success(envelope: object): Reply {
  return { status: 200, reason: "OK", envelope };
}

/** The only error that Perl does not throw; thrown texts end in a newline. */
const NOT_IMPLEMENTED = 501;

/** An error of the API itself. Source: PVE/APIServer/Formatter/Standard.pm, prepare_response_data. */
export function apiError(dialect: Dialect, status: number, text: string): Reply {
  const thrown = status === NOT_IMPLEMENTED ? text : `${text}\n`;
  const message = dialect.hasMessage ? { message: thrown } : {};
  return { status, reason: firstLine(text), envelope: { data: null, ...message } };
}

/** `call`: "GET /nodes/pve1/dns". Source: PVE/HTTPServer.pm, rest_handler. */
export function notImplemented(dialect: Dialect, call: string): Reply {
  return apiError(dialect, NOT_IMPLEMENTED, `Method '${call}' not implemented`);
}

/** Refused by the HTTP server before the API is called. Source: PVE/APIServer/AnyEvent.pm, error. */
export function serverError(dialect: Dialect, status: number, text: string): Reply {
  const reply = { status, reason: firstLine(text) };
  return dialect.hasPlainErrors ? { ...reply, text } : reply;
}

/** A status line without a body: an invalid token, or a node that the proxy cannot reach. */
export function bareError(status: number, text: string): Reply {
  return { status, reason: firstLine(text) };
}

export function isDrop(outcome: ReplyOrDrop): outcome is Drop {
  return "drop" in outcome;
}

function firstLine(text: string): string {
  return text.split(/[\r\n]/, 1)[0] ?? "";
}

/** Shuffles keys, and rows that have no order: Perl's hashes come in another order on every call. */
export function shuffled(envelope: object, path: string, random: Random): object {
  const data: unknown = "data" in envelope ? envelope.data : undefined;
  const isUnordered = Array.isArray(data) && sortKeyOf(path) !== undefined;
  const rows = isUnordered ? { ...envelope, data: inAnyOrder(data, random) } : envelope;
  return withKeysInAnyOrder(rows, random) as object;
}

function withKeysInAnyOrder(value: unknown, random: Random): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withKeysInAnyOrder(item, random));
  const entries = inAnyOrder(Object.entries(value), random);
  return Object.fromEntries(entries.map(([key, item]) => [key, withKeysInAnyOrder(item, random)]));
}

function inAnyOrder<Item>(items: readonly Item[], random: Random): Item[] {
  const drawn = items.map((item) => ({ item, place: random.below(2 ** 31) }));
  return drawn.sort((a, b) => a.place - b.place).map(({ item }) => item);
}

/** Shorter bodies are not compressed. Source: PVE/APIServer/AnyEvent.pm, response. */
const COMPRESSED_FROM_BYTES = 1024;

export function sendReply(
  response: ServerResponse,
  reply: Reply,
  /** `isKept`: keep the connection open if the reply allows it. */
  { dialect, isKept }: { dialect: Dialect; isKept: boolean },
): void {
  const { req: request } = response;
  const plain = Buffer.from(
    reply.envelope === undefined ? reply.text ?? "" : JSON.stringify(reply.envelope),
  );
  const coding = codingOf(request.headers["accept-encoding"], dialect);
  const isCoded = coding !== undefined && plain.length > COMPRESSED_FROM_BYTES;
  const body = isCoded ? coding.encode(plain) : plain;
  const isAlive = isKept && reply.status < 400 && wantsKeepAlive(request);
  const now = new Date().toUTCString();
  const headers = {
    "Cache-Control": "max-age=0",
    "Connection": isAlive ? "Keep-Alive" : "close",
    "Date": now,
    "Pragma": "no-cache",
    "Retry-After": reply.retryAfterSeconds,
    "Server": "pve-api-daemon/3.0",
    "Content-Encoding": isCoded ? coding.name : undefined,
    "Content-Length": body.length === 0 ? undefined : body.length,
    "Content-Type": reply.envelope === undefined ? reply.textType : JSON_TYPE,
    "Expires": now,
  };
  // A reply without a body has no Content-Length and ends with the connection.
  response.useChunkedEncodingByDefault = false;
  response.sendDate = false;
  const sent = Object.entries(headers).filter(([, value]) => value !== undefined);
  response.writeHead(reply.status, phrase(reply.reason), sent.flat().map(String));
  if (reply.isCut !== true) response.end(body);
  else response.write(body.subarray(0, body.length / 2), () => request.socket.destroy());
}

const JSON_TYPE = "application/json;charset=UTF-8";

function codingOf(accepted: string | string[] = "", dialect: Dialect) {
  if (accepted.includes("gzip")) return { name: "gzip", encode: gzipSync };
  if (!dialect.hasDeflate || !accepted.includes("deflate")) return undefined;
  return { name: "deflate", encode: deflateSync };
}

/** HTTP/1.0 clients have to ask for it. */
function wantsKeepAlive({ headers, httpVersion }: IncomingMessage): boolean {
  const { connection } = headers;
  return connection === undefined ? httpVersion !== "1.0" : !/close/i.test(connection);
}

/** Texts of Proxmox VE are ASCII; Node and Deno send other characters differently. */
function phrase(reason: string): string {
  return reason.replace(/[^\t\x20-\x7e]/gu, "?");
}
