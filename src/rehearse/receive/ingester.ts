/**
 * Diode's ingester: authorization, checks and answer of one Ingest call. It checks less than its schema
 * says: no formats of ids and versions, no number of entities, no choices.
 * Source: netboxlabs/diode, diode-server/ingester/component.go, authutil/check.go.
 */
import { create, toBinary } from "@bufbuild/protobuf";
import { reasonOf } from "../../base/errors.ts";
import { IngesterService, IngestResponseSchema } from "../../netbox/diode/ingester.ts";
import { INGEST_SCOPE, MAX_MESSAGE_BYTES } from "../../netbox/diode/limits.ts";
import { type Exchange, type HttpReply, MAX_BODY_BYTES, ownAnswer, page } from "./http.ts";
import { type RequestHead, skimRequest } from "./received.ts";
import type { Tokens } from "./tokens.ts";

/** Source: grpc/grpc, doc/statuscodes.md. */
const STATUS = {
  UNKNOWN: 2,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

export type StatusName = keyof typeof STATUS;

/** The status with which a call failed. */
export class StatusError extends Error {
  readonly status: StatusName;

  constructor(status: StatusName, message: string) {
    super(message);
    this.status = status;
  }
}

/** Percent-encoded in the header. */
const UNSAFE_REGEXP = /[^ -$&-~]+/g;
const HEADERS = { "content-type": "application/grpc" };
/** Prefix of a message: a compression flag, then the length as 4 bytes, big-endian. */
const PREFIX_BYTES = 5;

/**
 * gRPC framing of a unary call. Not by a library, since the receiver has to send wrong, late and no
 * answers. Source: grpc/grpc, doc/PROTOCOL-HTTP2.md.
 * @throws StatusError unless the body is one message of at most `most` bytes.
 */
export function messageOf(body: Uint8Array, most: number): Uint8Array {
  if (body.length < PREFIX_BYTES) throw new StatusError("INTERNAL", "unexpected EOF");
  const length = new DataView(body.buffer, body.byteOffset).getUint32(1);
  if (length > most) {
    throw new StatusError(
      "RESOURCE_EXHAUSTED",
      `grpc: received message larger than max (${length} vs. ${most})`,
    );
  }
  if (body.length !== PREFIX_BYTES + length) throw new StatusError("INTERNAL", "unexpected EOF");
  return body.subarray(PREFIX_BYTES);
}

export function messageAnswer(message: Uint8Array): HttpReply {
  const body = new Uint8Array(PREFIX_BYTES + message.length);
  new DataView(body.buffer).setUint32(1, message.length);
  body.set(message, PREFIX_BYTES);
  return { status: 200, headers: HEADERS, body, trailers: { "grpc-status": "0" } };
}

/** A status without a message is sent in the headers. */
export function statusAnswer(status: StatusName, message: string): HttpReply {
  return {
    status: 200,
    headers: {
      ...HEADERS,
      "grpc-status": STATUS[status],
      "grpc-message": message.replace(UNSAFE_REGEXP, encodeURIComponent),
    },
  };
}

/** Source: netboxlabs/diode, diode-server/authutil/check.go. */
export const MISSING_SCOPE = "missing required scope";

export interface Ingester {
  readonly tokens: Tokens;
  /** Called with each valid request before it is acknowledged. */
  keep(head: RequestHead, bytes: Uint8Array): Promise<void>;
}

/** TABLE: required field → error, in the order of the checks. */
const REQUIRED: readonly (readonly [keyof RequestHead, string])[] = [
  ["id", "id is empty"],
  ["producerAppName", "producer app name is empty"],
  ["producerAppVersion", "producer app version is empty"],
  ["sdkName", "sdk name is empty"],
  ["sdkVersion", "sdk version is empty"],
  ["entities", "entities is empty"],
];

export async function answerIngest(
  exchange: Exchange,
  { tokens, keep }: Ingester,
): Promise<HttpReply> {
  const scope = tokens.scopeOf((exchange.header("authorization") ?? "").replace(/^Bearer /, ""));
  if (scope === undefined) return ownAnswer(401);
  const body = await exchange.body(MAX_BODY_BYTES);
  if (body === undefined) return page(413);
  try {
    checkCall(exchange, scope);
    const bytes = messageOf(body, MAX_MESSAGE_BYTES);
    const head = parsed(bytes);
    const missing = REQUIRED.find(([field]) => head[field].length === 0);
    // A Go error without a gRPC status.
    if (missing !== undefined) throw new StatusError("UNKNOWN", missing[1]);
    await keep(head, bytes).catch(() => {
      // As when Redis cannot be written: the sender gets no reason.
      throw new StatusError("INTERNAL", "");
    });
    const errors = head.entities.flatMap((hasKind, i) =>
      hasKind ? [] : [`entity at index ${i} is nil`]
    );
    return messageAnswer(toBinary(IngestResponseSchema, create(IngestResponseSchema, { errors })));
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return statusAnswer(error.status, error.message);
  }
}

function checkCall(exchange: Exchange, scope: string): void {
  const method = exchange.path.split("/").at(-1) ?? "";
  if (method !== IngesterService.method.ingest.name) {
    throw new StatusError(
      "UNIMPLEMENTED",
      `unknown method ${method} for service ${IngesterService.typeName}`,
    );
  }
  const encoding = exchange.header("grpc-encoding") ?? "identity";
  if (encoding !== "identity") {
    throw new StatusError(
      "UNIMPLEMENTED",
      `grpc: Decompressor is not installed for grpc-encoding ${JSON.stringify(encoding)}`,
    );
  }
  if (!scope.split(" ").includes(INGEST_SCOPE)) {
    throw new StatusError("UNAUTHENTICATED", MISSING_SCOPE);
  }
}

function parsed(bytes: Uint8Array): RequestHead {
  try {
    return skimRequest(bytes);
  } catch (error) {
    throw new StatusError("INTERNAL", `grpc: error unmarshalling request: ${reasonOf(error)}`);
  }
}
