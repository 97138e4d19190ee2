/** What arrived: a line about each request and, unless told otherwise, its bytes. */
import { fromBinary, type JsonObject, ScalarType, toJson } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { compareCodeUnits } from "../../base/natural-order.ts";
import { encodeUtf8 } from "../../base/text.ts";
import { type Step, type StepName, STEPS } from "../../netbox/types/order.ts";
import { ENTITIES_FORMAT } from "../../netbox/types/schema.ts";
import { EntitySchema, IngestRequestSchema } from "../../push/gen/ingester_pb.ts";
import { ENTITIES_FOLDER, requestText, type Tool } from "../../run-folder/entity-writer.ts";
import { createLeftOutWriter } from "../../run-folder/left-out-file.ts";
import { type FileEntry, fileEntry, seal } from "../../run-folder/manifest.ts";
import type { Store } from "../../run-folder/store/store.ts";

/**
 * The bytes of an IngestRequest → what the ingester looks at. The entities stay bytes: decoding
 * them would make the receiver slower than the senders that are measured against it.
 */

export interface RequestHead {
  readonly stream: string;
  readonly id: string;
  readonly producerAppName: string;
  readonly producerAppVersion: string;
  readonly sdkName: string;
  readonly sdkVersion: string;
  /** Of each entity, whether it is of any kind. */
  readonly entities: readonly boolean[];
}

const { entities: ENTITIES } = IngestRequestSchema.field;
const { timestamp: TIMESTAMP } = EntitySchema.field;
const TEXTS = new Map(
  IngestRequestSchema.fields.filter(({ scalar }) => scalar === ScalarType.STRING)
    .map(({ number, localName }) => [number, localName]),
);

/** @throws Error when the bytes are no message at all. */
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

/** Every field but the timestamp is a kind. */
function hasKind(entity: Uint8Array): boolean {
  const reader = new BinaryReader(entity);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number !== TIMESTAMP.number) return true;
    reader.skip(wireType, number);
  }
  return false;
}

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

/**
 * Requests → files in the form of `transform`, each request one file: netbox/01-tag-0001.json and so
 * on, numbered as they come. What no step of ours makes, such as a request of another program with
 * entities of many kinds, goes to other/0001.json.
 */

export interface EntityFiles {
  /** @throws AppError "usage" when the file cannot be written. */
  add(request: Uint8Array): Promise<void>;
  /** Puts netbox/ in its place, manifest last; without a request the old one stays. */
  finish(): Promise<void>;
}

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

/** The step that all entities of a request belong to. */
function stepOf({ entities }: RequestJson): Step | undefined {
  return STEPS.find(({ field }) => entities.every((entity) => Object.hasOwn(entity, field)));
}
