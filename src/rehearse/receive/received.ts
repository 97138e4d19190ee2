/** Received requests: their header fields, their entities as JSON, and the files made of them. */
import { fromBinary, type JsonObject, ScalarType, toJson } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { compareCodeUnits } from "../../base/natural-order.ts";
import { encodeUtf8 } from "../../base/text.ts";
import { ENTITIES_FORMAT, type Step, type StepName, STEPS } from "../../netbox/types/steps.ts";
import { EntitySchema, IngestRequestSchema } from "../../netbox/diode/ingester.ts";
import { ENTITIES_FOLDER, requestText, type Tool } from "../../run-folder/entity-writer.ts";
import { createLeftOutWriter } from "../../run-folder/left-out-file.ts";
import { type FileEntry, fileEntry, seal } from "../../run-folder/manifest.ts";
import type { Store } from "../../run-folder/store/store.ts";

export interface RequestHead {
  readonly stream: string;
  readonly id: string;
  readonly producerAppName: string;
  readonly producerAppVersion: string;
  readonly sdkName: string;
  readonly sdkVersion: string;
  /** For each entity: does it have a type? */
  readonly entities: readonly boolean[];
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
export function skimRequest(bytes: Uint8Array): RequestHead {
  const reader = new BinaryReader(bytes);
  const entities: boolean[] = [];
  const texts: Record<string, string> = {};
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const text = TEXTS.get(number);
    if (wireType !== WireType.LengthDelimited) reader.skip(wireType, number);
    else if (number === ENTITIES.number) entities.push(hasKind(reader.bytes()));
    else if (text !== undefined) texts[text] = reader.string();
    else reader.bytes();
  }
  return { ...NO_TEXTS, ...texts, entities };
}

const NO_TEXTS = {
  stream: "",
  id: "",
  producerAppName: "",
  producerAppVersion: "",
  sdkName: "",
  sdkVersion: "",
};

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

export interface ReceivedRequest extends Omit<RequestHead, "entities"> {
  /** Number of entities. */
  readonly entities: number;
  /** Size of the message without gRPC's prefix. */
  readonly bytes: number;
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

export interface EntityFiles {
  /** @throws AppError "usage" when the file cannot be written. */
  add(request: Uint8Array): Promise<void>;
  /** Replaces netbox/, manifest last; without a request the old one stays. */
  finish(): Promise<void>;
}

/**
 * Requests → files in the form of `transform`, one for each request, numbered in order of arrival:
 * netbox/01-tag-0001.json … A request with entities of several types, which `transform` never writes,
 * goes to other/0001.json.
 */
export async function createEntityFiles(store: Store, tool: Tool): Promise<EntityFiles> {
  const draft = await store.draft(ENTITIES_FOLDER);
  const leftOut = createLeftOutWriter(draft);
  const files: FileEntry[] = [];
  const numbers = new Map<Step | undefined, number>();
  const counts = Object.fromEntries(STEPS.map(({ name }) => [name, 0])) as Record<StepName, number>;
  return {
    async add(bytes) {
      const request = requestJson(bytes);
      const text = encodeUtf8(requestText(request));
      const step = stepOf(request);
      const number = (numbers.get(step) ?? 0) + 1;
      numbers.set(step, number);
      const digits = String(number).padStart(4, "0");
      if (step === undefined) return await store.write(`other/${digits}.json`, text);
      const name = `${step.number}-${step.name}-${digits}.json`;
      counts[step.name] += request.entities.length;
      files.push(fileEntry(`${ENTITIES_FOLDER}/${name}`, text));
      await draft.write(name, text);
    },
    async finish() {
      if (files.length === 0) return await draft.discard();
      const { name, bytes, sha256 } = await leftOut.finish();
      files.push({ path: `${ENTITIES_FOLDER}/${name}`, bytes, sha256 });
      files.sort((a, b) => compareCodeUnits(a.path, b.path));
      const manifest = { format: ENTITIES_FORMAT, tool, snapshots: [], counts };
      const sealed = seal({ ...manifest, left_out: {}, notes: {}, files });
      await draft.commit("manifest.json", encodeUtf8(sealed));
    },
  };
}

/** The step of all entities of a request; undefined when they differ. */
function stepOf({ entities }: ReceivedRequestJson): Step | undefined {
  return STEPS.find(({ field }) => entities.every((entity) => Object.hasOwn(entity, field)));
}
