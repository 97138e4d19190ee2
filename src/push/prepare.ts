/** An entity file, or some of its entities → the request that goes over the wire. */
import { lineOf } from "../entities/json-line.ts";
import { entityLabel } from "../entities/natural-key.ts";
import type { EntityFile } from "../entities/read.ts";
import { readRequest, requestId, type RequestJson } from "../entities/request.ts";
import { inputError } from "../kernel/errors.ts";
import { decodeUtf8, encodeUtf8 } from "../kernel/utf8.ts";
import { encodeRequest } from "./wire/encode.ts";
import type { Fault } from "./wire/fault.ts";

export interface PlannedFile {
  readonly file: EntityFile;
  /** Indices of the entities to send; undefined: all of them. */
  readonly only?: readonly number[];
}

export interface Prepared {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly entities: readonly unknown[];
}

/** @throws AppError "input" that names file, line and field of what Diode would not take. */
export async function prepare({ file, only }: PlannedFile): Promise<Prepared> {
  const what = `"${file.path}"`;
  const text = await file.read();
  const whole = readRequest(text, what);
  const request = only === undefined ? whole : partOf(whole, only);
  const { bytes, faults: [fault, ...others] } = encodeRequest(request);
  if (fault !== undefined || bytes === undefined) {
    const found = await describe(fault as Fault, { text: decodeUtf8(text, what), request, only });
    const more = others.length === 0 ? "" : `${others.length} more entities of the file are alike; `;
    throw inputError(`Cannot send ${what}${found}`, { hint: `${more}nothing was sent` });
  }
  return { id: String(request["id"]), bytes, entities: request.entities };
}

function partOf(request: RequestJson, only: readonly number[]): RequestJson {
  const entities = only.map((index) => request.entities[index]);
  return { ...request, id: requestId(encodeUtf8(JSON.stringify(entities))), entities };
}

interface Document {
  readonly text: string;
  readonly request: RequestJson;
  readonly only: readonly number[] | undefined;
}

/** ", line 5: memory of virtual_machine "web-01" is "4 GB", which is no whole number" */
async function describe({ path, message }: Fault, document: Document): Promise<string> {
  const [list, index] = path;
  if (path.length === 0) return `: it ${message}`;
  if (list !== "entities" || typeof index !== "number") {
    return `, line ${await lineOf(document.text, path)}: ${path.join(".")} ${message}`;
  }
  const place = ["entities", document.only?.[index] ?? index, ...path.slice(2)];
  const field = path.slice(2).join(".");
  const label = entityLabel(document.request.entities[index]);
  return `, line ${await lineOf(document.text, place)}: ${
    field === "" ? label : `${field} of ${label}`
  } ${message}`;
}
