/** A fixed port in front of a server: while it is closed, connections are refused, and the server keeps its state. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { HOST, listen } from "../../src/rehearse/server.ts";

export interface Relay {
  readonly port: number;
  /** Where connections go from now on. */
  to: number;
  open(): Promise<void>;
  /** Drops all connections. */
  close(): Promise<void>;
}

const MOST_ATTEMPTS = 100;

/** It is open. `to`: a port on the loopback interface. */
export async function openRelay(to: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(relay.to, HOST);
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  const relay = {
    port: await listen(server, 0),
    to,
    async open(): Promise<void> {
      // Meanwhile the system may have given the port to a connection of another test, which ends soon.
      for (let attempt = 1; !server.listening; attempt += 1) {
        try {
          await listen(server, relay.port);
        } catch (error) {
          if (attempt === MOST_ATTEMPTS) throw error;
          await wait(100);
        }
      }
    },
    async close(): Promise<void> {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return relay;
}
