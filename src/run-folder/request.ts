/**
 * Reads the Diode request in an entity file. Also reads dry-run files of the official SDKs, which lack header
 * fields that the server requires, in both spellings of protobuf JSON (producer_app_name, producerAppName).
 */
import { v5 } from "uuid";
import { inputError } from "../base/errors.ts";
import { parseJson } from "../base/json.ts";
import { decodeUtf8, encodeUtf8 } from "../base/text.ts";
import { TOOL } from "../base/tool.ts";

/** A request in protobuf JSON; values are yet to be checked. The header comes first. */
export interface RequestJson {
  readonly [field: string]: unknown;
  readonly entities: readonly unknown[];
}

/** In an entity file, line 1 is the header, and each line after it is an entity. */
export const FIRST_ENTITY_LINE = 2;

/** Request ids are UUIDv5 of the entities in this namespace: same entities, same id. */
const ID_NAMESPACE = "5d0c4d6f-7f4a-5b1e-9d57-2f7c9a1e6b10";

/**
 * TABLE: values of missing header fields. The ingester refuses a request without them, and the dry-run clients leave
 * them out. Source: diode-server/ingester/component.go;
 * diode-sdk-python, DiodeDryRunClient (no producer_app_version); diode-sdk-go, diode/dryrun.go (no
 * stream, no producer).
 */
const HEADER: Readonly<Record<string, (entities: readonly unknown[]) => string>> = {
  stream: () => "latest",
  id: (entities) => requestId(encodeUtf8(JSON.stringify(entities))),
  producer_app_name: () => TOOL.name,
  producer_app_version: () => TOOL.version,
  sdk_name: () => TOOL.name,
  sdk_version: () => TOOL.version,
};

/** The bytes of `entities` → a request's id. */
export function requestId(entities: Uint8Array): string {
  return v5(entities, ID_NAMESPACE);
}

/** @throws AppError "input" that names `what` when the bytes hold no request. */
export function readRequest(bytes: Uint8Array, what: string): RequestJson {
  const document = parseJson(decodeUtf8(bytes, what), what);
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw inputError(`Cannot read ${what}: not a Diode request`, {
      hint: "An entity file is one JSON object with a list of entities",
    });
  }
  const { entities, ...header } = document as Record<string, unknown>;
  if (!Array.isArray(entities) || entities.length === 0) {
    throw inputError(`Cannot read ${what}: no entities`, {
      hint: "Diode refuses a request without entities",
    });
  }
  return { ...completed(header, entities), entities };
}

function completed(header: Record<string, unknown>, entities: readonly unknown[]): object {
  const filled = { ...header };
  for (const [field, value] of Object.entries(HEADER)) {
    const spelling = Object.hasOwn(header, camelCase(field)) ? camelCase(field) : field;
    filled[spelling] = header[spelling] || value(entities);
  }
  return filled;
}

/** "producer_app_name" → "producerAppName", as protobuf JSON spells it by default. */
function camelCase(field: string): string {
  return field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
