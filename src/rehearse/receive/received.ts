/** What arrived: a line about each request and, unless told otherwise, its bytes. */
import { fromBinary, type JsonObject, toJson } from "@bufbuild/protobuf";
import { IngestRequestSchema } from "../../push/gen/ingester_pb.ts";
import type { RequestHead } from "./skim.ts";

export interface ReceivedRequest extends Omit<RequestHead, "entities"> {
  /** How many. */
  readonly entities: number;
  /** Of the message, without gRPC's prefix. */
  readonly bytes: number;
}

/** A request in protobuf JSON with snake_case names, as entity files have it. */
export interface RequestJson extends JsonObject {
  readonly entities: JsonObject[];
}

/** @throws Error when the bytes are no request. */
export function requestJson(bytes: Uint8Array): RequestJson {
  const request = fromBinary(IngestRequestSchema, bytes);
  return {
    entities: [],
    ...toJson(IngestRequestSchema, request, { useProtoFieldName: true }) as JsonObject,
  };
}
