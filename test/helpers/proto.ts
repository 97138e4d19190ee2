/** The wire contract as a judge of requests: strict JSON in, names and numbers of fields out. */
import {
  type DescField,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonValue,
  ScalarType,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { type IngestRequest, IngestRequestSchema } from "../../src/netbox/diode/ingester.ts";

export interface FieldFacts {
  readonly name: string;
  readonly number: number;
  readonly kind: DescField["fieldKind"];
  /** A scalar, a message (ours: its short name) or "map<key, value>"; of a list, its items. */
  readonly type: string;
  /** True for a field with the label `optional`. */
  readonly optional: boolean;
  /** The oneof that the field is a member of. */
  readonly oneof: string | undefined;
}

const PACKAGE = "diode.v1";

/**
 * Protobuf JSON → a request. An unknown field and a value of the wrong type are errors.
 * Names are read in snake_case and in lowerCamelCase.
 */
export function parseRequest(json: unknown): IngestRequest {
  return fromJson(IngestRequestSchema, json as JsonValue);
}

/** A request → protobuf JSON with the names of the file (snake_case). */
export function requestToJson(request: IngestRequest): JsonValue {
  return toJson(IngestRequestSchema, request, { useProtoFieldName: true });
}

/** A request → its bytes. */
export function requestToBinary(request: IngestRequest): Uint8Array {
  return toBinary(IngestRequestSchema, request);
}

/** Bytes → a request. */
export function requestFromBinary(bytes: Uint8Array): IngestRequest {
  return fromBinary(IngestRequestSchema, bytes);
}

/** The fields of a message, by number. */
export function fieldsOf(messageName: string): FieldFacts[] {
  return messageNamed(messageName)
    .fields.map((field) => ({
      name: field.name,
      number: field.number,
      kind: field.fieldKind,
      type: typeOf(field),
      optional: field.proto.proto3Optional,
      oneof: field.oneof?.name,
    }))
    .sort((a, b) => a.number - b.number);
}

function messageNamed(name: string): DescMessage {
  const message = IngestRequestSchema.file.messages.find((message) => message.name === name);
  if (message === undefined) throw new Error(`The proto file has no message ${name}`);
  return message;
}

function typeOf(field: DescField): string {
  const name = field.message === undefined ? "" : shortName(field.message.typeName);
  if (field.fieldKind === "map") return `map<${scalarName(field.mapKey)}, ${name || "scalar"}>`;
  if (field.enum !== undefined) return shortName(field.enum.typeName);
  return field.scalar === undefined ? name : scalarName(field.scalar);
}

function scalarName(scalar: ScalarType): string {
  return ScalarType[scalar].toLowerCase();
}

function shortName(typeName: string): string {
  return typeName.startsWith(`${PACKAGE}.`) ? typeName.slice(PACKAGE.length + 1) : typeName;
}
