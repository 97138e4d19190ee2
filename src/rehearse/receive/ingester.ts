/**
 * Diode's ingester: authorization, checks and answer of one Ingest call. It checks less than its schema
 * says: no formats of ids and versions, no number of entities, no choices.
 * Source: netboxlabs/diode, diode-server/ingester/component.go, authutil/check.go.
 */
import {
  create,
  fromBinary,
  type JsonObject,
  type Message,
  ScalarType,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { reasonOf } from "../../base/errors.ts";
import {
  EntitySchema,
  IngesterService,
  type IngestRequest,
  IngestRequestSchema,
  IngestResponseSchema,
} from "../../netbox/diode/ingester.ts";
import { INGEST_SCOPE, MAX_MESSAGE_BYTES } from "../../netbox/diode/limits.ts";
import {
  type HttpReply,
  MAX_BODY_BYTES,
  type NodeRequest,
  ownAnswer,
  page,
  pathOf,
  readBody,
} from "./nginx.ts";
import type { Tokens } from "./tokens.ts";

/** The fields of a request that the ingester checks. */
export interface RequestHead extends Omit<IngestRequest, keyof Message | "entities" | "metadata"> {
  /** For each entity: does it have a type? */
  readonly entities: readonly boolean[];
}

/** Source: grpc/grpc, doc/statuscodes.md. */
const STATUS = {
  UNKNOWN: 2,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

type StatusName = keyof typeof STATUS;

/** The status with which a call failed. */
class StatusError extends Error {
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
function messageOf(body: Uint8Array, most: number): Uint8Array {
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

/** Diode's answer to a request that it keeps, with an error for each entity that it does not. */
export function acknowledgement(errors: string[]): HttpReply {
  const message = toBinary(IngestResponseSchema, create(IngestResponseSchema, { errors }));
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

/** TABLE: required field → error, in the order of the checks. */
const REQUIRED: readonly (readonly [keyof RequestHead, string])[] = [
  ["id", "id is empty"],
  ["producerAppName", "producer app name is empty"],
  ["producerAppVersion", "producer app version is empty"],
  ["sdkName", "sdk name is empty"],
  ["sdkVersion", "sdk version is empty"],
  ["entities", "entities is empty"],
];

/** `keep` is called with each valid request before it is acknowledged. */
export async function answerIngest(
  request: NodeRequest,
  tokens: Tokens,
  keep: (head: RequestHead, bytes: Uint8Array) => Promise<void>,
): Promise<HttpReply> {
  const scope = tokens.scopeOf((request.headers.authorization ?? "").replace(/^Bearer /, ""));
  if (scope === undefined) return ownAnswer(401);
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === undefined) return page(413);
  try {
    checkCall(request, scope);
    const bytes = messageOf(body, MAX_MESSAGE_BYTES);
    const head = parsed(bytes);
    const missing = REQUIRED.find(([field]) => head[field].length === 0);
    // A Go error without a gRPC status.
    if (missing !== undefined) throw new StatusError("UNKNOWN", missing[1]);
    await keep(head, bytes).catch(() => {
      // As when Redis cannot be written: the sender gets no reason.
      throw new StatusError("INTERNAL", "");
    });
    return acknowledgement(
      head.entities.flatMap((hasKind, i) => hasKind ? [] : [`entity at index ${i} is nil`]),
    );
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return statusAnswer(error.status, error.message);
  }
}

function checkCall(request: NodeRequest, scope: string): void {
  const method = pathOf(request).split("/").at(-1) ?? "";
  if (method !== IngesterService.method.ingest.name) {
    throw new StatusError(
      "UNIMPLEMENTED",
      `unknown method ${method} for service ${IngesterService.typeName}`,
    );
  }
  const encoding = request.headers["grpc-encoding"] ?? "identity";
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

const { entities: ENTITIES } = IngestRequestSchema.field;
const { timestamp: TIMESTAMP } = EntitySchema.field;
const TEXTS = new Map(
  IngestRequestSchema.fields.filter(({ scalar }) => scalar === ScalarType.STRING)
    .map(({ number, localName }) => [number, localName]),
);

/**
 * The bytes of an IngestRequest → the fields that the ingester checks. Entities are not decoded: that
 * would make the receiver slower than the senders that are benchmarked with it.
 * @throws Error when the bytes are not a protobuf message.
 */
function skimRequest(bytes: Uint8Array): RequestHead {
  const reader = new BinaryReader(bytes);
  const entities: boolean[] = [];
  const texts = Object.fromEntries([...TEXTS.values()].map((name) => [name, ""]));
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const text = TEXTS.get(number);
    if (wireType !== WireType.LengthDelimited) reader.skip(wireType, number);
    else if (number === ENTITIES.number) entities.push(hasKind(reader.bytes()));
    else if (text !== undefined) texts[text] = reader.string();
    else reader.bytes();
  }
  return { ...texts as Omit<RequestHead, "entities">, entities };
}

/** Every field except the timestamp is a type. */
function hasKind(entity: Uint8Array): boolean {
  const reader = new BinaryReader(entity);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number !== TIMESTAMP?.number) return true;
    reader.skip(wireType, number);
  }
  return false;
}

/** A request in protobuf JSON with snake_case names, as in entity files. */
export interface ReceivedRequestJson extends JsonObject {
  readonly entities: JsonObject[];
}

/** @throws Error when the bytes are not an IngestRequest. */
export function requestJson(bytes: Uint8Array): ReceivedRequestJson {
  const request = fromBinary(IngestRequestSchema, bytes);
  return {
    entities: [],
    ...toJson(IngestRequestSchema, request, { useProtoFieldName: true }) as JsonObject,
  };
}
