/** HTTP proxies: which one a URL goes through, and a tunnel through it. */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { usageError } from "../base/errors.ts";

type Variables = Readonly<Record<string, string | undefined>>;

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1"]);

/**
 * The proxy for a URL, as the Diode SDKs choose it: the loopback never goes through one.
 * @throws AppError "usage" for a proxy that is not valid; its text may hold a password and is not shown.
 * Source: diode-sdk-python, client.py.
 */
export function proxyFor(url: URL, variables: Variables): URL | undefined {
  const names = url.protocol === "https:" ? ["HTTPS_PROXY", "HTTP_PROXY"] : ["HTTP_PROXY"];
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (LOOPBACK_HOSTS.has(host) || isExempt(host, url.port, valueOf("NO_PROXY", variables) ?? "")) {
    return undefined;
  }
  const name = names.find((each) => valueOf(each, variables) !== undefined);
  const text = name && valueOf(name, variables);
  if (!text) return undefined;
  const spelled = text.includes("://") ? text : `http://${text}`;
  const proxy = URL.canParse(spelled) ? new URL(spelled) : undefined;
  if (proxy?.protocol === "http:" || proxy?.protocol === "https:") return proxy;
  throw usageError(`${name} is not the URL of an HTTP proxy`, {
    hint: "Allowed: a URL such as http://proxy.example.com:3128",
  });
}

/** An empty variable counts as not set. */
function valueOf(name: string, variables: Variables): string | undefined {
  return variables[name] || variables[name.toLowerCase()] || undefined;
}

/** "example.com" and ".example.com" include all names below; "*" is everything. */
function isExempt(host: string, port: string, list: string): boolean {
  return list.split(/[\s,]+/).filter((entry) => entry !== "").some((entry) => {
    const [, name = "", only] = /^(.*?)(?::(\d+))?$/.exec(entry.replace(/^\*?\.(?=.)/, "")) ?? [];
    if (only !== undefined && only !== port) return false;
    return entry === "*" || host === name || host.endsWith(`.${name}`);
  });
}

interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface Tunnel {
  readonly port: number;
  close(): void;
}

const LOOPBACK = "127.0.0.1";
/** More than any proxy sends before the tunnel opens. */
const MAX_HEAD_BYTES = 16_384;
const END_OF_HEAD = "\r\n\r\n";

/**
 * HTTP/2 through a proxy, which Node's client does not support: a port on the loopback that leads to one host
 * and port by the proxy's CONNECT.
 * `proxy`: "http://user:password@proxy.example.com:3128", or https.
 */
export async function openTunnel(proxy: URL, target: HostPort): Promise<Tunnel> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = dial(proxy);
    for (const socket of [near, far]) sockets.add(socket);
    near.on("error", () => far.destroy()).on("close", () => {
      far.destroy();
      sockets.delete(near);
    });
    far.on("error", () => near.destroy()).on("close", () => {
      near.destroy();
      sockets.delete(far);
    });
    far.write(connectRequest(proxy, target));
    joinWhenOpen(far, near);
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

function connectRequest(proxy: URL, { host, port }: HostPort): string {
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

/** Joins the two once the proxy has answered 200; what follows its answer comes from the server. */
function joinWhenOpen(far: Socket, near: Socket): void {
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
