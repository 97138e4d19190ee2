/** What is refused before the API is asked. Source: PVE/APIServer/AnyEvent.pm. */
import type { IncomingMessage } from "node:http";
import type { Dialect } from "./dialect.ts";
import type { Question } from "./question.ts";
import { bareError, notImplemented, type Reply, serverError } from "./reply.ts";
import { NO_TOKEN } from "./token.ts";

const METHODS = new Set(["GET", "POST", "PUT", "DELETE"]);

export interface Gate {
  readonly dialect: Dialect;
  readonly question: Question;
  /** Why the token is refused, or undefined. */
  readonly tokenFault: (header: string | undefined) => string | undefined;
}

type Check = (request: IncomingMessage, gate: Gate) => Reply | undefined;

/** In the order in which pveproxy looks at a request; the first that answers decides. */
const CHECKS: readonly Check[] = [
  unknownMethod,
  transferCoding,
  outsideApi,
  unauthorized,
  unexpectedContent,
  write,
];

export function refuse(request: IncomingMessage, gate: Gate): Reply | undefined {
  for (const check of CHECKS) {
    const reply = check(request, gate);
    if (reply !== undefined) return reply;
  }
  return undefined;
}

function unknownMethod({ method = "" }: IncomingMessage): Reply | undefined {
  return METHODS.has(method) ? undefined : bareError(501, `method '${method}' not available`);
}

function transferCoding({ headers }: IncomingMessage, { dialect }: Gate): Reply | undefined {
  const coding = headers["transfer-encoding"];
  if (coding === undefined) return undefined;
  const text = coding.toLowerCase() === "chunked"
    ? "chunked transfer encoding not supported"
    : `Unknown transfer encoding '${coding}'`;
  return serverError(dialect, 501, text);
}

function outsideApi({ url = "" }: IncomingMessage, gate: Gate): Reply | undefined {
  const { dialect, question } = gate;
  if (question.isCall) return undefined;
  return url.startsWith("/api2")
    ? serverError(dialect, 501, "no such uri")
    : serverError(dialect, 500, `no such file '${question.path}'`);
}

/** Source: PVE/HTTPServer.pm, auth_handler. */
function unauthorized({ headers }: IncomingMessage, gate: Gate): Reply | undefined {
  const fault = gate.tokenFault(headers.authorization);
  if (fault === undefined) return undefined;
  const isFolded = gate.dialect.foldsUnauthorized && fault !== NO_TOKEN;
  return bareError(401, isFolded ? "Authentication failed!" : fault);
}

function unexpectedContent(
  { headers, method }: IncomingMessage,
  { dialect }: Gate,
): Reply | undefined {
  const isEmpty = Number(headers["content-length"] ?? 0) === 0;
  if (isEmpty || method === "POST" || method === "PUT") return undefined;
  return serverError(dialect, 501, `Unexpected content for method '${method}'`);
}

/** A snapshot is read, and never written. */
function write({ method }: IncomingMessage, { dialect, question }: Gate): Reply | undefined {
  return method === "GET" ? undefined : notImplemented(dialect, `${method} ${question.path}`);
}
