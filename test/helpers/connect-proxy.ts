/** An HTTP proxy with CONNECT on the loopback interface, which records its tunnels. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface ConnectProxy {
  readonly url: URL;
  /** "127.0.0.1:8080" of each tunnel. */
  readonly tunnels: readonly string[];
}

/** `login`: "user:password", which the proxy requires. */
export async function connectProxy(login?: string): Promise<ConnectProxy> {
  const tunnels: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    sockets.add(near);
    near.on("error", () => {});
    near.once("data", (head: Buffer) => {
      const [, authority = ""] = /^CONNECT (\S+) HTTP/.exec(head.toString()) ?? [];
      const basic = login && `Basic ${Buffer.from(login).toString("base64")}`;
      if (basic !== undefined && !head.toString().includes(basic)) {
        near.end("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
        return;
      }
      const url = new URL(`http://${authority}`);
      const far = connect({ host: url.hostname, port: Number(url.port) });
      sockets.add(far);
      far.on("error", () => near.destroy()).on("close", () => near.destroy());
      near.on("close", () => far.destroy());
      far.once("connect", () => {
        tunnels.push(authority);
        near.write("HTTP/1.1 200 Connection established\r\n\r\n");
        near.pipe(far);
        far.pipe(near);
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const user = login === undefined ? "" : `${login}@`;
  return { url: new URL(`http://${user}127.0.0.1:${port}`), tunnels };
}
