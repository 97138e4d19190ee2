/** What is between NetBox and its clients, such as a proxy: it forwards connections, and refuses them on demand. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

const HOST = "127.0.0.1";

export class Front {
  readonly #to: URL;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  private constructor(to: URL) {
    this.#to = to;
  }

  static async start(url: string): Promise<Front> {
    const front = new Front(new URL(url));
    await front.comeBack();
    return front;
  }

  get url(): string {
    return `http://${HOST}:${this.#port}`;
  }

  /** Cuts all connections, and refuses new ones. */
  async goAway(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server && once(server, "close");
    server?.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    await closed;
  }

  /** At the same port. */
  async comeBack(): Promise<void> {
    const server = createServer((near) => this.#forward(near));
    server.listen(this.#port, HOST);
    await once(server, "listening");
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  #forward(near: Socket): void {
    const far = connect({ host: this.#to.hostname, port: Number(this.#to.port) });
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        other.destroy();
        this.#sockets.delete(socket);
      });
      socket.pipe(other);
    }
  }
}
