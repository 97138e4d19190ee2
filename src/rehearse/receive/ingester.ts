/**
 * The ingester's side of one call: who may, what it checks, what it says. It checks much less than
 * its schema promises: not the form of ids and versions, not the number of entities, no lists of
 * choices. Source: netboxlabs/diode, diode-server/ingester/component.go, authutil/check.go.
 */
import { create, toBinary } from "@bufbuild/protobuf";
import { reasonOf } from "../../base/errors.ts";
import { IngesterService, IngestResponseSchema } from "../../push/gen/ingester_pb.ts";
import type { Answer, Exchange } from "./exchange.ts";
import { messageAnswer, messageOf, statusAnswer, StatusError } from "./grpc.ts";
import { MAX_BODY_BYTES, ownAnswer, page } from "./nginx.ts";
import { type RequestHead, skimRequest } from "./skim.ts";
import { INGEST_SCOPE } from "./token-endpoint.ts";
import type { Tokens } from "./tokens.ts";

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
