/**
 * A Proxmox VE API on the loopback that answers from a snapshot, as pveproxy would.
 *
 *   const served = await serve(snapshot, { seed: 7, faults: [parseServeFault("503:0.05")] });
 *   await fetch(`${served.url}/api2/json/nodes`, …);
 *   served.traffic.mostByNode.get("pve1");
 *   await served.close();
 */
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { Socket } from "node:net";
import { ENDPOINTS } from "../../proxmox/endpoints.ts";
import type { Snapshot } from "../../run-folder/snapshot.ts";
import { createRandom } from "../random.ts";
import { HOST, listen, makeCertificate } from "../server.ts";
import { openCluster } from "./cluster.ts";
import { type Disturbances, Rehearsal } from "./rehearsal.ts";
import { isDrop, sendReply, shuffled } from "./replies.ts";
import { type ApiCall, parseCall, REHEARSAL_TOKEN, type Token } from "./request.ts";

/** PVE/APIServer/AnyEvent.pm, new: timeout. */
const IDLE_MS = 5000;
/** PVE/APIServer/AnyEvent.pm, authenticate_and_handle_request: delay. */
const REFUSAL_MS = 3000;

export interface ServeOptions extends Disturbances {
  /** 0 (default): any free port. */
  readonly port?: number | undefined;
  readonly token?: Token;
  /** Decides which attempts fail, and the order of rows and keys. */
  readonly seed?: number | undefined;
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
  const rehearsal = new Rehearsal(await openCluster(snapshot), { token, seed, refusalMs }, options);
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
  server.on("secureConnection", () => traffic.connections += 1);
  server.on("request", async (request, response) => {
    const { socket, method = "" } = request;
    const since = performance.now();
    const isKept = connections.admit(socket);
    const call = parseCall(request.url ?? "");
    const visit = traffic.enter(method, call);
    let isOver = false;
    const leave = (status?: number): void => {
      if (isOver) return;
      isOver = true;
      visit.leave(status);
      const tookMs = performance.now() - since;
      options.onRequest?.({ method, path: call.name, status, tookMs });
    };
    response.on("close", () => {
      connections.rest(socket);
      leave();
    });
    const outcome = await rehearsal.answer(request, call);
    if (outcome === undefined || socket.destroyed) return;
    if (isDrop(outcome)) {
      if (outcome.drop === "reset") connections.reset(socket);
      else socket.setTimeout(SILENCE_MS);
      return;
    }
    const random = createRandom(seed, `order/${call.name}/${visit.count}`);
    const reply = outcome.envelope === undefined
      ? outcome
      : { ...outcome, envelope: shuffled(outcome.envelope, call.path, random) };
    // Counted before it is sent: the client may send its next request as soon as it has the answer.
    leave(outcome.status);
    sendReply(response, reply, { dialect: rehearsal.cluster.dialect, isKept });
  });
  const port = await listen(server, options.port ?? 0);
  return {
    url: `https://${HOST}:${port}`,
    host: HOST,
    port,
    fingerprint,
    certificatePem,
    token,
    traffic,
    disturb: (disturbances) => void rehearsal.disturb(disturbances),
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

export interface RequestEntry {
  readonly method: string;
  readonly path: string;
  /** undefined: no answer was sent. */
  readonly status: number | undefined;
  readonly tookMs: number;
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

/** Requests that run at the same time, by node. */
class Gauge {
  readonly #now = new Map<string, number>();
  /** The most so far. */
  readonly most = new Map<string, number>();

  enter(node: string): void {
    this.most.set(node, Math.max(this.most.get(node) ?? 0, increase(this.#now, node)));
  }

  leave(node: string): void {
    increase(this.#now, node, -1);
  }
}

/** Counts of requests: in all, and how many ran at the same time. */
class Traffic {
  /** TLS connections so far. */
  connections = 0;
  /** Path → requests. */
  readonly asked = new Map<string, number>();
  /** Status → answers; 0: no answer. */
  readonly answered = new Map<number, number>();
  /** Method → requests. */
  readonly methods = new Map<string, number>();
  readonly #all = new Gauge();
  readonly #nodes = new Gauge();
  readonly #agents = new Gauge();

  get requests(): number {
    return [...this.asked.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Most requests at the same time. */
  get most(): number {
    return this.#all.most.get("") ?? 0;
  }

  /** Node → most requests at the same time. */
  get mostByNode(): ReadonlyMap<string, number> {
    return this.#nodes.most;
  }

  /** Node → most guest agent calls at the same time. */
  get mostAgentsByNode(): ReadonlyMap<string, number> {
    return this.#agents.most;
  }

  /** `count`: requests of this path so far, this one included; `leave`: ends the request. */
  enter(method: string, { name, endpoint, variables: { node } }: ApiCall) {
    const isAgent = endpoint !== undefined && "isAgent" in ENDPOINTS[endpoint];
    increase(this.methods, method);
    const ofNode = isAgent ? [this.#nodes, this.#agents] : [this.#nodes];
    this.#all.enter("");
    if (node !== undefined) { for (const gauge of ofNode) gauge.enter(node); }
    return {
      count: increase(this.asked, name),
      /** Without a status: there was no answer. */
      leave: (status = 0): void => {
        increase(this.answered, status);
        this.#all.leave("");
        if (node !== undefined) { for (const gauge of ofNode) gauge.leave(node); }
      },
    };
  }
}

function increase<Key>(counts: Map<Key, number>, key: Key, by = 1): number {
  const count = (counts.get(key) ?? 0) + by;
  counts.set(key, count);
  return count;
}
