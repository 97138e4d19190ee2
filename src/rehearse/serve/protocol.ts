/** What is refused before the API is asked. Source: PVE/APIServer/AnyEvent.pm. */
import type { IncomingMessage } from "node:http";
import type { Dialect } from "./dialect.ts";
import { apiError, bareError, type Reply, serverError } from "./reply.ts";

const API_REGEXP = /^\/api2/;
const METHODS = new Set(["GET", "POST", "PUT", "DELETE"]);

export interface Gate {
  readonly dialect: Dialect;
  /** Why the token is refused, or undefined. */
  readonly tokenFault: (header: string | undefined) => string | undefined;
}

type Check = (request: IncomingMessage, gate: Gate) => Reply | undefined;

/** In the order in which pveproxy looks at a request. */
const CHECKS: readonly Check[] = [
  ({ method = "" }) =>
    METHODS.has(method) ? undefined : bareError(501, `method '${method}' not available`),
  ({ headers }, { dialect }) => {
    const coding = headers["transfer-encoding"];
    if (coding === undefined) return undefined;
    const text = coding.toLowerCase() === "chunked"
      ? "chunked transfer encoding not supported"
      : `Unknown transfer encoding '${coding}'`;
    return serverError(dialect, 501, text);
  },
  ({ url = "" }, { dialect }) =>
    API_REGEXP.test(url) ? undefined : serverError(dialect, 500, `no such file '${pathOf(url)}'`),
  ({ url = "" }, { dialect }) =>
    /^\/api2\/+json(?:[/?]|$)/.test(url) ? undefined : serverError(dialect, 501, "no such uri"),
  ({ headers }, gate) => {
    const fault = gate.tokenFault(headers.authorization);
    return fault === undefined ? undefined : unauthorized(gate.dialect, fault);
  },
  ({ headers, method }, { dialect }) =>
    method === "GET" && Number(headers["content-length"] ?? 0) > 0
      ? serverError(dialect, 501, "Unexpected content for method 'GET'")
      : undefined,
  ({ url = "", method }, { dialect }) => {
    if (method === "GET") return undefined;
    const text = `Method '${method} ${pathOf(url).replace(/^\/api2\/+json/, "")}' not implemented`;
    return apiError(dialect, { status: 501, text, isThrown: false });
  },
];

export function refuse(request: IncomingMessage, gate: Gate): Reply | undefined {
  for (const check of CHECKS) {
    const reply = check(request, gate);
    if (reply !== undefined) return reply;
  }
  return undefined;
}

/** Source: PVE/HTTPServer.pm, auth_handler. */
function unauthorized(dialect: Dialect, fault: string): Reply {
  const isFolded = dialect.foldsUnauthorized && fault !== "No ticket";
  return bareError(401, isFolded ? "Authentication failed!" : fault);
}

function pathOf(url: string): string {
  return url.split("?", 1)[0] ?? "";
}
