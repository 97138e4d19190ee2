/**
 * A way through an HTTP proxy for HTTP/2, whose client in Node knows none: a port on the loopback that
 * leads to one host and port, and nowhere else, by the proxy's CONNECT.
 */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Target } from "../push/settings.ts";

export interface Tunnel {
  readonly port: number;
  close(): void;
}

const LOOPBACK = "127.0.0.1";
/** More than any proxy says before it opens. */
const MAX_HEAD_BYTES = 16_384;
const END_OF_HEAD = "\r\n\r\n";

/** `proxy`: "http://user:password@proxy.example.com:3128", or https. */
export async function openTunnel(proxy: URL, target: Target): Promise<Tunnel> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = dial(proxy);
    for (const socket of [near, far]) sockets.add(socket);
    // Whichever end breaks, the other has nobody to talk to.
    near.on("error", () => far.destroy()).on("close", () => {
      far.destroy();
      sockets.delete(near);
    });
    far.on("error", () => near.destroy()).on("close", () => {
      near.destroy();
      sockets.delete(far);
    });
    far.write(connectRequest(proxy, target));
    passOn(far, near);
  });
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  return {
    port: (server.address() as { port: number }).port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function dial(proxy: URL): Socket {
  const isTls = proxy.protocol === "https:";
  const host = proxy.hostname.replace(/^\[|\]$/g, "");
  const port = Number(proxy.port || (isTls ? 443 : 80));
  return isTls ? connectTls({ host, port, servername: host }) : connectTcp({ host, port });
}

function connectRequest(proxy: URL, { host, port }: Target): string {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return [
    `CONNECT ${authority} HTTP/1.1`,
    `Host: ${authority}`,
    ...(login === ":"
      ? []
      : [`Proxy-Authorization: Basic ${Buffer.from(login).toString("base64")}`]),
  ].join("\r\n") + END_OF_HEAD;
}

/** Joins the two once the proxy has said 200; what came behind its words is the server's. */
function passOn(far: Socket, near: Socket): void {
  let head = Buffer.alloc(0);
  const listen = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf(END_OF_HEAD);
    if (end === -1) {
      if (head.length > MAX_HEAD_BYTES) far.destroy();
      return;
    }
    far.off("data", listen);
    if (!/^HTTP\/1\.[01] 200/.test(head.subarray(0, end).toString("latin1"))) {
      far.destroy();
      return;
    }
    near.write(head.subarray(end + END_OF_HEAD.length));
    far.pipe(near);
    near.pipe(far);
  };
  far.on("data", listen);
}
