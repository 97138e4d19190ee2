/**
 * The ingester's side of one call: who may, what it checks, what it says. It checks much less than
 * its schema promises: not the form of ids and versions, not the number of entities, no lists of
 * choices. Source: netboxlabs/diode, diode-server/ingester/component.go, authutil/check.go.
 */
import { create, toBinary } from "@bufbuild/protobuf";
import { reasonOf } from "../../base/errors.ts";
import { IngesterService, IngestResponseSchema } from "../../push/gen/ingester_pb.ts";
import { type Answer, type Exchange, MAX_BODY_BYTES, ownAnswer, page } from "./http.ts";
import { type RequestHead, skimRequest } from "./received.ts";
import { INGEST_SCOPE, type Tokens } from "./tokens.ts";

/**
 * A call with one message each way, in gRPC's own framing. It is written out here because a
 * rehearsal must be able to answer wrongly, late and not at all, which a library rightly prevents.
 * Source: grpc/grpc, doc/PROTOCOL-HTTP2.md.
 */

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

/** What a call failed with, as Go's server would. */
export class StatusError extends Error {
  readonly status: StatusName;

  constructor(status: StatusName, message: string) {
    super(message);
    this.status = status;
  }
}

/** Goes into a header as %XX of its UTF-8 bytes; all else as it is. */
const UNSAFE_REGEXP = /[^ -$&-~]+/g;
const HEADERS = { "content-type": "application/grpc" };
/** Before a message: whether it is compressed, and its length as 4 bytes, the highest first. */
const PREFIX_BYTES = 5;

/** @throws StatusError for a body that is not one message of at most `most` bytes. */
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

export function messageAnswer(message: Uint8Array): Answer {
  const body = new Uint8Array(PREFIX_BYTES + message.length);
  new DataView(body.buffer).setUint32(1, message.length);
  body.set(message, PREFIX_BYTES);
  return { status: 200, headers: HEADERS, body, trailers: { "grpc-status": "0" } };
}

/** Without a message, the status stands in the headers. */
export function statusAnswer(status: StatusName, message: string): Answer {
  return {
    status: 200,
    headers: {
      ...HEADERS,
      "grpc-status": STATUS[status],
      "grpc-message": message.replace(UNSAFE_REGEXP, encodeURIComponent),
    },
  };
}

/** What grpc-go takes unless it is told otherwise, and the ingester does not tell. */
export const MAX_MESSAGE_BYTES = 4 * 2 ** 20;

/** Source: netboxlabs/diode, diode-server/authutil/check.go. */
export const MISSING_SCOPE = "missing required scope";

export interface Ingester {
  readonly tokens: Tokens;
  /** Called with each request that is in order, before it is acknowledged. */
  keep(head: RequestHead, bytes: Uint8Array): Promise<void>;
}

/** TABLE: what may not be empty, in the order of the checks → the error. */
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
): Promise<Answer> {
  const scope = tokens.scopeOf((exchange.header("authorization") ?? "").replace(/^Bearer /, ""));
  if (scope === undefined) return ownAnswer(401);
  const body = await exchange.body(MAX_BODY_BYTES);
  if (body === undefined) return page(413);
  try {
    checkCall(exchange, scope);
    const bytes = messageOf(body, MAX_MESSAGE_BYTES);
    const head = parsed(bytes);
    const missing = REQUIRED.find(([field]) => head[field].length === 0);
    // A plain error of Go, which has no status of its own.
    if (missing !== undefined) throw new StatusError("UNKNOWN", missing[1]);
    await keep(head, bytes).catch(() => {
      // As when Redis cannot be written: the sender is not told why.
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
