/** Entity files → the requests that are sent, each checked against Diode's schema before anything is sent. */
import { fromJson, type JsonValue, type Message, toBinary } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { contentHash } from "../run-folder/set-difference.ts";
import { entityLabel } from "../netbox/types/order.ts";
import type { EntityFile } from "../run-folder/entity-set.ts";
import { readRequest, requestId, type RequestJson } from "../run-folder/request.ts";
import { type AppError, inputError, reasonOf } from "../base/errors.ts";
import { encodeUtf8 } from "../base/text.ts";
import { EntitySchema, IngestRequestSchema } from "../netbox/diode/ingester.ts";

export interface PlannedFile {
  readonly file: EntityFile;
  /** Indices of the entities to send; undefined: all of them. */
  readonly only?: readonly number[];
}

export interface PreparedRequest {
  readonly id: string;
  /** The encoded message. */
  readonly bytes: Uint8Array;
  /** Number of entities. */
  readonly entities: number;
  /** Hash of the custom fields in a file of that step, without timestamps; undefined in other steps. */
  readonly customFields: string | undefined;
}

/** Diode's limit for one message: grpc-go's default, 4 MiB. Source: diode issue 374. */
export const MAX_MESSAGE_BYTES = 4 * 2 ** 20;

/** Enough for most runs. Files beyond it are read and encoded a second time. */
const MAX_KEPT_BYTES = 64 * 2 ** 20;

/** Every file is checked before the first one is sent; encoded requests stay in memory in between. */
export class Requests {
  readonly #kept = new Map<string, PreparedRequest>();
  #keptBytes = 0;

  /** @throws AppError "input" that names file, entity and field of what Diode would not accept. */
  async check(planned: PlannedFile): Promise<PreparedRequest> {
    const request = await prepare(planned);
    if (this.#keptBytes + request.bytes.length <= MAX_KEPT_BYTES) {
      this.#keptBytes += request.bytes.length;
      this.#kept.set(planned.file.path, request);
    }
    return request;
  }

  /** Returns the request and forgets it. @throws AppError "input" when the file was changed meanwhile. */
  async take(planned: PlannedFile): Promise<PreparedRequest> {
    const kept = this.#kept.get(planned.file.path);
    this.#kept.delete(planned.file.path);
    return kept ?? await prepare(planned);
  }
}

/** @throws AppError "input" that names file, entity and field of what Diode would not accept. */
export async function prepare(planned: PlannedFile): Promise<PreparedRequest> {
  const { file } = planned;
  const { entities, ...header } = await readPlanned(planned);
  const message = decode(IngestRequestSchema, header);
  if (typeof message === "string") throw refused(file, [`: ${message}`]);
  const faults: string[] = [];
  for (const [index, entity] of entities.entries()) {
    const decoded = decode(EntitySchema, entity);
    if (typeof decoded !== "string" && decoded.entity.case !== undefined) {
      message.entities.push(decoded);
      continue;
    }
    const line = lineOf(planned, index);
    const place = line === undefined ? `entity ${index + 1}` : `line ${line}`;
    // Diode accepts an entity without an object, and calls it nil in its answer.
    const fault = typeof decoded === "string" ? decoded : "no object, such as a virtual_machine";
    faults.push(`, ${place}: ${entityLabel(entity)}: ${fault}`);
  }
  if (faults.length > 0) throw refused(file, faults);
  const bytes = toBinary(IngestRequestSchema, message);
  if (bytes.length > MAX_MESSAGE_BYTES) {
    throw refused(file, [`: larger than the ${MAX_MESSAGE_BYTES} bytes that Diode accepts`]);
  }
  const customFields = file.step === "custom-field" ? customFieldsHash(entities) : undefined;
  return { id: message.id, bytes, entities: entities.length, customFields };
}

/** Returns the message, or why there is none: the library's reason, cut where it quotes a long value. */
function decode<Shape extends Message>(schema: GenMessage<Shape>, json: unknown): Shape | string {
  try {
    return fromJson(schema, json as JsonValue);
  } catch (error) {
    const reason = reasonOf(error)
      .replace(
        /^cannot decode \w+ (?:diode\.v1|google\.protobuf)\.(\S+) from JSON:?/,
        "invalid $1:",
      )
      .replace("bigint (int64)", "a whole number (int64)");
    return reason.length > 200 ? `${reason.slice(0, 199)}…` : reason;
  }
}

function refused(file: EntityFile, faults: readonly string[]): AppError {
  const count = faults.length === 1 ? "" : `${faults.length} entities of this file are invalid; `;
  return inputError(`Cannot send "${file.path}"${faults[0]}`, { hint: `${count}nothing was sent` });
}

async function readPlanned({ file, only }: PlannedFile): Promise<RequestJson> {
  const request = readRequest(await file.read(), `"${file.path}"`);
  if (only === undefined) return request;
  const entities = only.map((index) => request.entities[index]);
  return { ...request, id: requestId(encodeUtf8(JSON.stringify(entities))), entities };
}

/** Files of transform have one entity a line, after the header's; those of an SDK may have any layout. */
function lineOf({ file, only }: PlannedFile, index: number): number | undefined {
  return file.step === undefined ? undefined : (only?.[index] ?? index) + 2;
}

/** The entity that an error of the server is about, by its index in the request. */
export async function findEntity(
  planned: PlannedFile,
  index: number,
): Promise<{ readonly label: string; readonly line: number | undefined } | undefined> {
  const { entities } = await readPlanned(planned);
  if (!(index in entities)) return undefined;
  return { label: entityLabel(entities[index]), line: lineOf(planned, index) };
}

function customFieldsHash(entities: readonly unknown[]): string {
  return contentHash(
    entities.map((entity) => (entity as Record<string, unknown>)["custom_field"]),
  );
}
