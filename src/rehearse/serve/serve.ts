/**
 * A Proxmox VE API on the loopback that answers from a snapshot, as pveproxy would:
 *
 *   const served = await serve(snapshot, { seed: 7, faults: [parseFault("503:0.05")] });
 *   await fetch(`${served.url}/api2/json/nodes`, …);
 *   served.traffic.mostByNode.get("pve1");
 *   await served.close();
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Socket } from "node:net";
import { deflateSync, gzipSync } from "node:zlib";
import { type EndpointRow, ENDPOINTS, sortKeyOf } from "../../proxmox/endpoints.ts";
import type { Snapshot } from "../../run-folder/snapshot.ts";
import { createRandom, type Random } from "../random.ts";
import { HOST, listen, makeCertificate } from "../server.ts";
import { type Dialect, openCluster } from "./cluster.ts";
import type { Disturbances } from "./disturbances.ts";
import { type ApiCall, parseQuestion } from "./endpoints.ts";
import { Rehearsal } from "./rehearsal.ts";
import { isDrop, type Reply } from "./replies.ts";
import { REHEARSAL_TOKEN, type Token } from "./token.ts";

/** PVE/APIServer/AnyEvent.pm, new: timeout. */
const IDLE_MS = 5000;
/** PVE/APIServer/AnyEvent.pm, authenticate_and_handle_request: delay. */
const REFUSAL_MS = 3000;

export interface ServeOptions extends Disturbances {
  /** 0 (default): any free port. */
  readonly port?: number;
  readonly token?: Token;
  /** Decides which attempts fail, and the order of rows and keys. */
  readonly seed?: number;
  /** Idle time after which a connection is closed; pveproxy has 5,000. */
  readonly idleMs?: number;
  /** Delay of the answer to an invalid token; pveproxy has 3,000. */
  readonly refusalMs?: number;
  /** Called when a request has ended. */
  readonly onRequest?: (entry: RequestEntry) => void;
}

export interface Served {
  /** "https://127.0.0.1:43127" */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the certificate: "5F:40:6C:…". */
  readonly fingerprint: string;
  readonly certificatePem: string;
  readonly token: Token;
  readonly traffic: Traffic;
  /** Replaces all disturbances and resets the attempt counters. @throws AppError "usage". */
  disturb(disturbances: Disturbances): void;
  /** Drops all connections. */
  close(): Promise<void>;
}

/**
 * @throws AppError "input" for a damaged snapshot; "usage" when a disturbance names something that the
 * snapshot does not have, or the port is taken.
 */
export async function serve(snapshot: Snapshot, options: ServeOptions = {}): Promise<Served> {
  const { token = REHEARSAL_TOKEN, seed = 1, refusalMs = REFUSAL_MS } = options;
  const rehearsal = new Rehearsal(await openCluster(snapshot), { token, seed, refusalMs });
  rehearsal.disturb(options);
  const { keyPem, certificatePem, fingerprint } = await makeCertificate();
  const server = createServer({
    key: keyPem,
    cert: certificatePem,
    minVersion: "TLSv1.2",
    handshakeTimeout: IDLE_MS,
    keepAliveTimeout: 0,
  });
  const traffic = new Traffic();
  const connections = new Connections(server, options.idleMs ?? IDLE_MS);
  server.on("secureConnection", () => traffic.connect());
  const handler = { rehearsal, traffic, connections, seed, onRequest: options.onRequest };
  server.on("request", (request, response) => void handle({ request, response }, handler));
  const port = await listen(server, options.port ?? 0);
  return {
    url: `https://${HOST}:${port}`,
    host: HOST,
    port,
    fingerprint,
    certificatePem,
    token,
    traffic,
    disturb: (disturbances) => rehearsal.disturb(disturbances),
    async close() {
      rehearsal.end();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Longer than any client waits for an answer. */
const SILENCE_MS = 600_000;

interface RequestHandler {
  readonly rehearsal: Rehearsal;
  readonly connections: Connections;
  readonly traffic: Traffic;
  readonly seed: number;
  readonly onRequest?: ((entry: RequestEntry) => void) | undefined;
}

export interface RequestEntry {
  readonly method: string;
  readonly path: string;
  /** undefined: no answer was sent. */
  readonly status: number | undefined;
  readonly tookMs: number;
}

async function handle(exchange: Exchange, handler: RequestHandler): Promise<void> {
  const { request, response } = exchange;
  const { socket, method = "", url = "" } = request;
  const { rehearsal, connections, traffic, seed } = handler;
  const since = performance.now();
  const isKept = connections.admit(socket);
  const question = parseQuestion(url);
  const visit = traffic.enter(method, question);
  const leave = (status?: number): void => {
    if (!visit.leave(status)) return;
    const tookMs = performance.now() - since;
    handler.onRequest?.({ method, path: question.name, status, tookMs });
  };
  response.on("close", () => {
    connections.rest(socket);
    leave();
  });
  const outcome = await rehearsal.answer({ request, question });
  if (outcome === undefined || socket.destroyed) return;
  if (!isDrop(outcome)) {
    const random = createRandom(seed, `order/${question.name}/${visit.count}`);
    const print = (envelope: object): string =>
      JSON.stringify(shuffled(envelope, question.path, random));
    // Counted before it is sent: the client may send its next request as soon as it has the answer.
    leave(outcome.status);
    send(exchange, outcome, { dialect: rehearsal.cluster.dialect, isKept, print });
  } else if (outcome.drop === "reset") connections.reset(socket);
  else socket.setTimeout(SILENCE_MS);
}

/** Shorter bodies are not compressed. Source: PVE/APIServer/AnyEvent.pm, response. */
const COMPRESSED_FROM_BYTES = 1024;

interface Sending {
  readonly dialect: Dialect;
  /** Keep the connection open if the reply allows it. */
  readonly isKept: boolean;
  /** Envelope → body. */
  readonly print: (envelope: object) => string;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

function send({ request, response }: Exchange, reply: Reply, sending: Sending): void {
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
  // A reply without a body has no Content-Length and ends with the connection.
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

/** HTTP/1.0 clients have to ask for it. */
function wantsKeepAlive({ headers, httpVersion }: IncomingMessage): boolean {
  const { connection } = headers;
  return connection === undefined ? httpVersion !== "1.0" : !/close/i.test(connection);
}

/** Texts of Proxmox VE are ASCII; Node and Deno send other characters differently. */
function phrase(reason: string): string {
  return reason.replace(/[^\t\x20-\x7e]/gu, "?");
}

/** PVE/Service/pveproxy.pm: keep_alive. */
const REQUESTS_PER_CONNECTION = 100;

/** Idle times and requests per connection as in pveproxy. Source: PVE/APIServer/AnyEvent.pm. */
class Connections {
  readonly #idleMs: number;
  /** Port of the client → the TCP socket below TLS. */
  readonly #sockets = new Map<number, Socket>();
  readonly #requests = new WeakMap<Socket, number>();

  constructor(server: Server, idleMs: number) {
    this.#idleMs = idleMs;
    server.on("connection", (socket: Socket) => this.#remember(socket));
    // Port scanners and clients that hang up are no errors.
    server.on("clientError", (_, socket) => socket.destroy());
    server.setTimeout(idleMs, (socket) => socket.destroy());
  }

  /** Counts a request. True when the connection may stay open for another one. */
  admit(socket: Socket): boolean {
    // A connection is not idle while a request runs.
    socket.setTimeout(0);
    const count = (this.#requests.get(socket) ?? 0) + 1;
    this.#requests.set(socket, count);
    return count < REQUESTS_PER_CONNECTION;
  }

  /** The answer was sent: the connection is idle from now on. */
  rest(socket: Socket): void {
    socket.setTimeout(this.#idleMs);
  }

  /** Resets the connection. Deno sends FIN where Node sends RST. */
  reset(socket: Socket): void {
    this.#sockets.get(socket.remotePort ?? 0)?.resetAndDestroy();
    socket.destroy();
  }

  #remember(socket: Socket): void {
    const { remotePort = 0 } = socket;
    this.#sockets.set(remotePort, socket);
    socket.on("close", () => this.#sockets.delete(remotePort));
    socket.on("error", () => socket.destroy());
  }
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

export interface Visit {
  /** Requests of this path so far, this one included. */
  readonly count: number;
  /** Ends the request, without a status when there was no answer. False: it had ended before. */
  leave(status: number | undefined): boolean;
}

/** Requests that run now, and the maximum so far. */
class Gauge {
  #now = 0;
  most = 0;

  enter(): void {
    this.#now += 1;
    this.most = Math.max(this.most, this.#now);
  }

  leave(): void {
    this.#now -= 1;
  }
}

/** Counts of requests: in all, and how many ran at the same time. */
export class Traffic {
  /** Path → requests. */
  readonly asked = new Map<string, number>();
  /** Status → answers; 0: no answer. */
  readonly answered = new Map<number, number>();
  /** Method → requests. */
  readonly methods = new Map<string, number>();
  #connections = 0;
  readonly #all = new Gauge();
  readonly #nodes = new Map<string, Gauge>();
  readonly #agents = new Map<string, Gauge>();

  /** TLS connections so far. */
  get connections(): number {
    return this.#connections;
  }

  get requests(): number {
    return [...this.asked.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Most requests at the same time. */
  get most(): number {
    return this.#all.most;
  }

  /** Node → most requests at the same time. */
  get mostByNode(): ReadonlyMap<string, number> {
    return mostOf(this.#nodes);
  }

  /** Node → most guest agent calls at the same time. */
  get mostAgentsByNode(): ReadonlyMap<string, number> {
    return mostOf(this.#agents);
  }

  connect(): void {
    this.#connections += 1;
  }

  enter(method: string, { name, endpoint, variables: { node } }: ApiCall): Visit {
    const { isAgent }: Partial<EndpointRow> = endpoint ? ENDPOINTS[endpoint] : {};
    const count = increase(this.asked, name);
    increase(this.methods, method);
    const gauges = [
      this.#all,
      ...(node === undefined ? [] : [gaugeOf(this.#nodes, node)]),
      ...(node === undefined || isAgent !== true ? [] : [gaugeOf(this.#agents, node)]),
    ];
    for (const gauge of gauges) gauge.enter();
    let isOver = false;
    return {
      count,
      leave: (status) => {
        if (isOver) return false;
        isOver = true;
        increase(this.answered, status ?? 0);
        for (const gauge of gauges) gauge.leave();
        return true;
      },
    };
  }
}

function increase<Key>(counts: Map<Key, number>, key: Key): number {
  const count = (counts.get(key) ?? 0) + 1;
  counts.set(key, count);
  return count;
}

function gaugeOf(gauges: Map<string, Gauge>, node: string): Gauge {
  const gauge = gauges.get(node) ?? new Gauge();
  gauges.set(node, gauge);
  return gauge;
}

function mostOf(gauges: ReadonlyMap<string, Gauge>): Map<string, number> {
  return new Map([...gauges].map(([node, { most }]) => [node, most]));
}
