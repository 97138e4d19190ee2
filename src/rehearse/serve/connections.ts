/** The connections of the server, under the rules of pveproxy. Source: PVE/APIServer/AnyEvent.pm. */
import type { Server } from "node:https";
import type { Socket } from "node:net";

/** PVE/Service/pveproxy.pm: keep_alive. */
const REQUESTS_PER_CONNECTION = 100;

export class Connections {
  readonly #idleMs: number;
  /** Port of the client → the TCP socket beneath its TLS. */
  readonly #sockets = new Map<number, Socket>();
  readonly #requests = new WeakMap<Socket, number>();

  constructor(server: Server, idleMs: number) {
    this.#idleMs = idleMs;
    server.on("connection", (socket: Socket) => this.#remember(socket));
    // Neither a scanner nor a client that hangs up is a matter for anybody.
    server.on("clientError", (_, socket) => socket.destroy());
    server.setTimeout(idleMs, (socket) => socket.destroy());
  }

  /** A request has come in. True when the connection may be kept for another. */
  admit(socket: Socket): boolean {
    // As long as a request is under way, the connection is not idle.
    socket.setTimeout(0);
    const count = (this.#requests.get(socket) ?? 0) + 1;
    this.#requests.set(socket, count);
    return count < REQUESTS_PER_CONNECTION;
  }

  /** Its answer has gone out. */
  rest(socket: Socket): void {
    socket.setTimeout(this.#idleMs);
  }

  /** Drops the connection without a word. Deno sends a FIN where Node sends a RST. */
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
