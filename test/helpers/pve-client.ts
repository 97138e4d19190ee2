/** A client that shows reason phrase, headers and the end of the connection. */
import { Agent, request } from "node:https";
import { connect, type TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import type { Served } from "../../src/rehearse/serve/serve.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Replaces the accepted token; "" for no header. */
  readonly authorization?: string;
  readonly agent?: Agent;
  readonly content?: string;
  /** The timeout of the client. */
  readonly patienceMs?: number;
}

/** What a client needs for a request to the server. */
export type Target = Pick<Served, "url" | "certificatePem" | "token">;

export function authorizationOf({ token: { user, name, value } }: Target): string {
  return `PVEAPIToken=${user}!${name}=${value}`;
}

/** `path` is below /api2/json unless it starts with it. Rejects without a complete answer. */
export function ask(
  served: Target,
  path: string,
  options: AskOptions = {},
): Promise<HttpAnswer> {
  const { authorization = authorizationOf(served), patienceMs = 10_000, content } = options;
  const headers = { ...(authorization === "" ? {} : { authorization }), ...options.headers };
  return new Promise((resolve, reject) => {
    const call = request(path.startsWith("/api2") ? served.url + path : pathOf(served, path), {
      method: options.method ?? "GET",
      headers,
      ca: served.certificatePem,
      agent: options.agent ?? false,
    }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("error", reject);
      answer.on("end", () => {
        clearTimeout(timer);
        resolve({
          status: answer.statusCode ?? 0,
          reason: answer.statusMessage ?? "",
          headers: answer.headers,
          body: Buffer.concat(parts),
        });
      });
    });
    const timer = setTimeout(() => call.destroy(new Error("the client gave up")), patienceMs);
    call.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    call.end(content);
  });
}

function pathOf(served: Target, path: string): string {
  return `${served.url}/api2/json${path}`;
}

/** The `data` of an answer. */
export function dataOf({ body }: HttpAnswer): unknown {
  return envelopeOf({ body })["data"];
}

export function envelopeOf({ body }: Pick<HttpAnswer, "body">): Record<string, unknown> {
  return JSON.parse(body.toString()) as Record<string, unknown>;
}

/** Keeps up to `maxSockets` connections open. */
export function keepAliveAgent(served: Served, maxSockets = 1): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets, ca: served.certificatePem });
  onTestFinished(() => agent.destroy());
  return agent;
}

/** A connection for tests that write and read bytes. */
export function openTls({ port, host, certificatePem }: Served): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host, ca: certificatePem, servername: "localhost" });
    onTestFinished(() => void socket.destroy());
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
  });
}

/** All data until the other side closes the connection. */
export function readUntilClosed(socket: TLSSocket): Promise<string> {
  let text = "";
  socket.setEncoding("utf8");
  socket.on("data", (part: string) => {
    text += part;
  });
  // A reset closes the connection, too.
  socket.on("error", () => undefined);
  return new Promise((resolve) => socket.on("close", () => resolve(text)));
}
