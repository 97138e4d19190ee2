/** The wire contract as a judge of requests: strict JSON in, names and numbers of fields out. */
import { execFileSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { env } from "node:process";
import { fileURLToPath } from "node:url";
import {
  createFileRegistry,
  type DescField,
  type DescMessage,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  type Message,
  ScalarType,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

export interface FieldFacts {
  readonly name: string;
  readonly number: number;
  readonly kind: DescField["fieldKind"];
  /** A scalar, a message (ours: its short name) or "map<key, value>"; of a list, its items. */
  readonly type: string;
  /** True where the file says `optional`. */
  readonly optional: boolean;
  /** The oneof that the field is a member of. */
  readonly oneof: string | undefined;
}

const PACKAGE = "diode.v1";
const PROTO_DIR = fileURLToPath(new URL("../../src/push/proto", import.meta.url));
const BIN_DIR = fileURLToPath(new URL("../../node_modules/.bin", import.meta.url));
/** About six times what the descriptors take today. */
const MAX_DESCRIPTOR_BYTES = 1_000_000;

let cached: FileRegistry | undefined;

/** All types of src/push/proto. buf runs once in a process. */
export function protoRegistry(): FileRegistry {
  cached ??= createFileRegistry(fromBinary(FileDescriptorSetSchema, buildDescriptors()));
  return cached;
}

/**
 * Protobuf JSON → a request. An unknown field and a value of the wrong type are errors.
 * Names are read in snake_case and in lowerCamelCase.
 */
export function parseRequest(json: unknown): Message {
  return fromJson(messageNamed("IngestRequest"), json as JsonValue, { registry: protoRegistry() });
}

/** A request → protobuf JSON with the names of the file (snake_case). */
export function requestToJson(request: Message): JsonValue {
  const options = { registry: protoRegistry(), useProtoFieldName: true };
  return toJson(messageNamed("IngestRequest"), request, options);
}

/** A request → what goes over the wire. */
export function requestToBinary(request: Message): Uint8Array {
  return toBinary(messageNamed("IngestRequest"), request);
}

/** What comes over the wire → a request. */
export function requestFromBinary(bytes: Uint8Array): Message {
  return fromBinary(messageNamed("IngestRequest"), bytes);
}

/** The fields of a message of ours, by number. */
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
  const message = protoRegistry().getMessage(`${PACKAGE}.${name}`);
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

function buildDescriptors(): Uint8Array {
  const args = ["build", PROTO_DIR, "--as-file-descriptor-set", "--output", "-"];
  // The buf command is a script of Node, and the first node it finds ought to be ours.
  const path = [BIN_DIR, env["PATH"]].filter((part) => part !== undefined).join(delimiter);
  return execFileSync(join(BIN_DIR, "buf"), args, {
    env: { ...env, PATH: path },
    maxBuffer: MAX_DESCRIPTOR_BYTES,
  });
}
