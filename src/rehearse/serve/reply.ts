/** What goes out: one HTTP answer in the forms that pveproxy has, or none. */
import type { Dialect } from "./dialect.ts";

export interface Reply {
  readonly status: number;
  /** One line. HTTP/1.1's reason phrase is where Proxmox puts the text of an error. */
  readonly reason: string;
  /** The body as JSON. */
  readonly envelope?: object;
  /** The body, when it is no JSON. */
  readonly text?: string;
  /** Of `text`; pveproxy names none. */
  readonly textType?: string;
  readonly retryAfterSeconds?: number;
  /** The connection is dropped in the middle of the body. */
  readonly isCut?: true;
}

/** No HTTP answer: none at all, or the connection is dropped. */
export interface Drop {
  readonly drop: "silence" | "reset";
}

export type Outcome = Reply | Drop;

/** `envelope` holds `data` and what stands beside it, such as `changes`. */
export function success(envelope: object): Reply {
  return { status: 200, reason: "OK", envelope };
}

export interface ErrorDetails {
  readonly status: number;
  readonly text: string;
  /** What else the envelope holds, such as `errors`. */
  readonly beside?: object;
}

/** Of all errors this one alone is not thrown, and what Perl throws ends in a newline. */
const NOT_IMPLEMENTED = 501;

/** An error of the API itself. Source: PVE/APIServer/Formatter/Standard.pm, prepare_response_data. */
export function apiError(dialect: Dialect, details: ErrorDetails): Reply {
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

/** What the HTTP server refuses before the API sees it. Source: PVE/APIServer/AnyEvent.pm, error. */
export function serverError(dialect: Dialect, status: number, text: string): Reply {
  const reply = { status, reason: firstLine(text) };
  return dialect.hasPlainErrors ? { ...reply, text } : reply;
}

/** A refused token, or a node that the proxy cannot reach: nothing but the status line. */
export function bareError(status: number, text: string): Reply {
  return { status, reason: firstLine(text) };
}

export function isDrop(outcome: Outcome): outcome is Drop {
  return "drop" in outcome;
}

function firstLine(text: string): string {
  return text.split(/[\r\n]/, 1)[0] ?? "";
}
