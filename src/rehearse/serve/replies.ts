/** HTTP replies in the forms of pveproxy: errors, and answers that the snapshot does not have. */
import type { IncomingMessage } from "node:http";
import type { SkipReason } from "../../proxmox/answers.ts";
import type { Dialect, World } from "./cluster.ts";
import { type ApiCall, SERVED, type ServedEndpoint } from "./endpoints.ts";
import { NO_TOKEN } from "./token.ts";

export interface Reply {
  readonly status: number;
  /** One line: the reason phrase, where Proxmox VE puts error texts. */
  readonly reason: string;
  /** The body as JSON. */
  readonly envelope?: object;
  /** The body, if it is not JSON. */
  readonly text?: string;
  /** Content type of `text`; pveproxy sends none. */
  readonly textType?: string;
  readonly retryAfterSeconds?: number;
  /** Close the connection in the middle of the body. */
  readonly isCut?: true;
}

/** No HTTP answer: silence, or a reset connection. */
export interface Drop {
  readonly drop: "silence" | "reset";
}

export type ReplyOrDrop = Reply | Drop;

/** `envelope`: `data` and other keys, such as `changes`. */
export function success(envelope: object): Reply {
  return { status: 200, reason: "OK", envelope };
}

export interface ErrorReply {
  readonly status: number;
  readonly text: string;
  /** Other keys of the envelope, such as `errors`. */
  readonly beside?: object;
}

/** The only error that Perl does not throw; thrown texts end in a newline. */
const NOT_IMPLEMENTED = 501;

/** An error of the API itself. Source: PVE/APIServer/Formatter/Standard.pm, prepare_response_data. */
export function apiError(dialect: Dialect, details: ErrorReply): Reply {
  const { status, text, beside = {} } = details;
  const thrown = status === NOT_IMPLEMENTED ? text : `${text}\n`;
  const message = dialect.hasMessage ? { message: thrown } : {};
  return { status, reason: firstLine(text), envelope: { data: null, ...beside, ...message } };
}

/** `call`: "GET /nodes/pve1/dns". Source: PVE/HTTPServer.pm, rest_handler. */
export function notImplemented(dialect: Dialect, call: string): Reply {
  const text = `Method '${call}' not implemented`;
  return apiError(dialect, { status: NOT_IMPLEMENTED, text });
}

/** Refused by the HTTP server before the API is called. Source: PVE/APIServer/AnyEvent.pm, error. */
export function serverError(dialect: Dialect, status: number, text: string): Reply {
  const reply = { status, reason: firstLine(text) };
  return dialect.hasPlainErrors ? { ...reply, text } : reply;
}

/** A status line without a body: an invalid token, or a node that the proxy cannot reach. */
export function bareError(status: number, text: string): Reply {
  return { status, reason: firstLine(text) };
}

export function isDrop(outcome: ReplyOrDrop): outcome is Drop {
  return "drop" in outcome;
}

function firstLine(text: string): string {
  return text.split(/[\r\n]/, 1)[0] ?? "";
}

type Answerer = (question: ApiCall, world: World) => ReplyOrDrop;

/** TABLE: why capture skipped a request → what Proxmox VE would have answered. Source: PVE/QemuServer/Agent.pm. */
export const SKIPPED: Readonly<Record<SkipReason, Answerer>> = {
  "agent-not-running": agentNotRunning,
  "agent-off": agentNotConfigured,
  "guest-stopped": notRunning,
  template: (question, world) =>
    question.endpoint === "config" ? unknown(question, world) : notRunning(question, world),
  unreachable: () => bareError(595, "No route to host"),
  "config-not-read": unknown,
  "out-of-scope": unknown,
};

/** A path that is not in the snapshot. */
export function unheld(question: ApiCall, world: World): ReplyOrDrop {
  const { cluster } = world;
  const { endpoint, variables: { node, vmid } } = question;
  const row = endpoint && SERVED[endpoint];
  if (row === undefined || row.isIn?.(cluster.dialect) === false) {
    return notImplemented(cluster.dialect, `GET ${question.path}`);
  }
  const errors = queryErrors(question.query, row);
  if (errors !== undefined) {
    const text = "Parameter verification failed.";
    return apiError(cluster.dialect, { status: 400, text, beside: { errors } });
  }
  if (node !== undefined && !cluster.nodes.includes(node)) return noSuchNode(node, world);
  if (vmid !== undefined && !isHere(question, world)) return noSuchGuest(question, world);
  const isStopped = cluster.guests.get(vmid ?? 0)?.status === "stopped";
  return isStopped && endpoint !== "config"
    ? notRunning(question, world)
    : unknown(question, world);
}

/** Parameter → what is wrong with it. Source: PVE/JSONSchema.pm, check_object. */
export function queryErrors(
  query: URLSearchParams,
  row: ServedEndpoint,
): Record<string, string> | undefined {
  const errors = [...query].flatMap(([key, value]): [string, string][] => {
    const allowed = row.query?.[key] ?? [];
    if (allowed.includes(value)) return [];
    const text = allowed.length === 0
      ? "property is not defined in schema and the schema does not allow additional properties"
      : `value '${value}' does not have a value in the enumeration '${allowed.join(", ")}'`;
    return [[key, `${text}\n`]];
  });
  return errors.length === 0 ? undefined : Object.fromEntries(errors);
}

function isHere({ variables }: ApiCall, { cluster, moves }: World): boolean {
  const { node, kind, vmid = 0 } = variables;
  const guest = cluster.guests.get(vmid);
  return guest?.kind === kind && guest !== undefined && moves.nodeOf(vmid, guest.node) === node;
}

/** Source: PVE/Network.pm, get_ip_from_hostname. */
function noSuchNode(node: string, { cluster }: World): ReplyOrDrop {
  const text = `hostname lookup '${node}' failed - failed to get address info for: ${node}: ` +
    "Name or service not known";
  return apiError(cluster.dialect, { status: 500, text });
}

/** Source: PVE/AbstractConfig.pm, load_config. */
export function noSuchGuest({ variables }: ApiCall, { cluster }: World): ReplyOrDrop {
  const folder = variables.kind === "lxc" ? "lxc" : "qemu-server";
  const file = `nodes/${variables.node}/${folder}/${variables.vmid}.conf`;
  const text = `Configuration file '${file}' does not exist`;
  return apiError(cluster.dialect, { status: 500, text });
}

/** Source: PVE/QemuServer/Agent.pm, assert_agent_available. */
function agentNotRunning(_: ApiCall, { cluster }: World): ReplyOrDrop {
  return apiError(cluster.dialect, { status: 500, text: "QEMU guest agent is not running" });
}

function agentNotConfigured(_: ApiCall, { cluster }: World): ReplyOrDrop {
  return apiError(cluster.dialect, { status: 500, text: "No QEMU guest agent configured" });
}

function notRunning({ endpoint, variables }: ApiCall, { cluster }: World): ReplyOrDrop {
  if (endpoint === "lxcInterfaces") return success({ data: null });
  return apiError(cluster.dialect, { status: 500, text: `VM ${variables.vmid} is not running` });
}

/** Not a text of Proxmox VE, so that it is clear that the snapshot has no answer. */
function unknown(_: ApiCall, { cluster }: World): ReplyOrDrop {
  const text = "The snapshot has no answer for this path";
  return apiError(cluster.dialect, { status: 500, text });
}

const METHODS = new Set(["GET", "POST", "PUT", "DELETE"]);

export interface Gate {
  readonly dialect: Dialect;
  readonly question: ApiCall;
  /** Why the token is invalid, or undefined. */
  readonly tokenFault: (header: string | undefined) => string | undefined;
}

type Check = (request: IncomingMessage, gate: Gate) => Reply | undefined;

/** In the order of pveproxy; the first reply counts. Source: PVE/APIServer/AnyEvent.pm. */
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

/** The server is read-only. */
function write({ method }: IncomingMessage, { dialect, question }: Gate): Reply | undefined {
  return method === "GET" ? undefined : notImplemented(dialect, `${method} ${question.path}`);
}
