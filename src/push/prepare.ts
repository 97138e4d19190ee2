/** An entity file, or some of its entities → the request that goes over the wire. */
import { entityLabel } from "../netbox/types/order.ts";
import { contentHash } from "../run-folder/set-difference.ts";
import { lineOf } from "../entities/json-line.ts";
import type { EntityFile } from "../run-folder/entity-set.ts";
import { readRequest, requestId, type RequestJson } from "../run-folder/request.ts";
import { inputError } from "../base/errors.ts";
import { decodeUtf8, encodeUtf8 } from "../base/text.ts";
import { encodeRequest } from "./wire/encode.ts";
import type { Fault, JsonPath } from "./wire/fault.ts";

export interface PlannedFile {
  readonly file: EntityFile;
  /** Indices of the entities to send; undefined: all of them. */
  readonly only?: readonly number[];
}

export interface Prepared {
  readonly id: string;
  readonly bytes: Uint8Array;
  /** How many. */
  readonly entities: number;
  /** A hash of the custom fields in it, times aside; undefined of any other step. */
  readonly customFields: string | undefined;
}

/** @throws AppError "input" that names file, line and field of what Diode would not take. */
export async function prepare(planned: PlannedFile): Promise<Prepared> {
  const { file } = planned;
  const { request } = await readPlanned(planned);
  const { bytes, faults: [fault, ...others] } = encodeRequest(request);
  if (fault !== undefined || bytes === undefined) {
    const more = others.length === 0
      ? ""
      : `${others.length} more entities of the file are alike; `;
    throw inputError(`Cannot send "${file.path}"${await describe(fault as Fault, planned)}`, {
      hint: `${more}nothing was sent`,
    });
  }
  return {
    id: String(request["id"]),
    bytes,
    entities: request.entities.length,
    customFields: file.step === "custom-field" ? hashOf(request) : undefined,
  };
}

/** 'virtual_machine "web-01"' and its line, of the entity with this index in the request. */
export async function placeOf(
  planned: PlannedFile,
  index: number,
  within: JsonPath = [],
): Promise<{ readonly label: string; readonly line: number } | undefined> {
  const { text, request } = await readPlanned(planned);
  if (!(index in request.entities)) return undefined;
  const path = ["entities", planned.only?.[index] ?? index, ...within];
  return { label: entityLabel(request.entities[index]), line: await lineOf(text, path) };
}

async function readPlanned({ file, only }: PlannedFile) {
  const what = `"${file.path}"`;
  const bytes = await file.read();
  const whole = readRequest(bytes, what);
  const request = only === undefined ? whole : partOf(whole, only);
  return {
    request,
    get text() {
      return decodeUtf8(bytes, what);
    },
  };
}

function partOf(request: RequestJson, only: readonly number[]): RequestJson {
  const entities = only.map((index) => request.entities[index]);
  return { ...request, id: requestId(encodeUtf8(JSON.stringify(entities))), entities };
}

/** ', line 5: memory of virtual_machine "web-01" is "4 GB", which is no whole number' */
async function describe({ path, message }: Fault, planned: PlannedFile): Promise<string> {
  const [list, index, ...within] = path;
  if (path.length === 0) return `: it ${message}`;
  if (list !== "entities" || typeof index !== "number") {
    const { text } = await readPlanned(planned);
    return `, line ${await lineOf(text, path)}: ${path.join(".")} ${message}`;
  }
  const { label = "", line = 1 } = await placeOf(planned, index, within) ?? {};
  const subject = within.length === 0 ? label : `${within.join(".")} of ${label}`;
  return `, line ${line}: ${subject} ${message}`;
}

function hashOf({ entities }: RequestJson): string {
  return contentHash(
    entities.map((entity) => (entity as Record<string, unknown>)["custom_field"]),
  );
}
