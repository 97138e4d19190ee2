/**
 * Entities of one step → files, each exactly one Diode IngestRequest in protobuf JSON:
 *
 * {"stream":"latest","id":"…","producer_app_name":"proxmox-diode",…,"entities":[
 * {"timestamp":"2026-01-02T03:04:05Z","tag":{"name":"discovered","slug":"discovered"}},
 * {"timestamp":"2026-01-02T03:04:05Z","tag":{"name":"proxmox-ve","slug":"proxmox-ve"}}
 * ]}
 */
import { v5 } from "uuid";
import { inputError } from "../kernel/errors.ts";
import { encodeUtf8, utf8Length } from "../kernel/utf8.ts";
import type { Step } from "./order.ts";

/** Source: diode.v1.IngestRequest, entities (max_items). */
export const MAX_ENTITIES = 1000;
/** Bytes of file text; the wire form is always smaller, and the server takes 4 MiB of that. */
export const MAX_FILE_BYTES = 3 * 2 ** 20;

/** What made the files. Plain X.Y.Z: Diode's schema allows no suffix. */
export interface Tool {
  readonly name: string;
  readonly version: string;
}

export interface StepWriter {
  /** A promise when a file became full and is being written. @throws AppError "input". */
  add(entity: object, capturedAt: string): Promise<void> | undefined;
  /** Writes the last file; answers how many entities the step has. */
  finish(): Promise<number>;
}

interface StepContext {
  readonly tool: Tool;
  readonly write: (name: string, bytes: Uint8Array) => Promise<void>;
}

/** Request ids are UUIDv5 of the entities in this namespace: same entities, same id. */
const ID_NAMESPACE = "5d0c4d6f-7f4a-5b1e-9d57-2f7c9a1e6b10";
const OPENING = "[\n";
const SEPARATOR = ",\n";
const CLOSING = "\n]";
const MAX_HEADER_BYTES = 1024;

export function createStepWriter(step: Step, { tool, write }: StepContext): StepWriter {
  let lines: string[] = [];
  let bytes = 0;
  let files = 0;
  let count = 0;
  const flush = (): Promise<void> => {
    files += 1;
    const name = `${step.number}-${step.name}-${String(files).padStart(4, "0")}.json`;
    const request = requestBytes(lines, tool);
    lines = [];
    bytes = 0;
    return write(name, request);
  };
  return {
    add(entity, capturedAt) {
      const line = `{"timestamp":"${capturedAt}","${step.field}":${JSON.stringify(entity)}}`;
      const length = utf8Length(line) + SEPARATOR.length;
      if (length > MAX_FILE_BYTES - MAX_HEADER_BYTES) {
        throw inputError(
          `Cannot write a ${step.name} of ${length} bytes: a request has at most ${MAX_FILE_BYTES}`,
        );
      }
      const isFull = lines.length >= MAX_ENTITIES ||
        bytes + length > MAX_FILE_BYTES - MAX_HEADER_BYTES;
      const written = isFull ? flush() : undefined;
      lines.push(line);
      bytes += length;
      count += 1;
      return written;
    },
    async finish() {
      if (lines.length > 0) await flush();
      return count;
    },
  };
}

function requestBytes(lines: readonly string[], tool: Tool): Uint8Array {
  const entities = encodeUtf8(OPENING + lines.join(SEPARATOR) + CLOSING);
  const header = {
    stream: "latest",
    id: v5(entities, ID_NAMESPACE),
    producer_app_name: tool.name,
    producer_app_version: tool.version,
    sdk_name: tool.name,
    sdk_version: tool.version,
  };
  const before = encodeUtf8(`${JSON.stringify(header).slice(0, -1)},"entities":`);
  const after = encodeUtf8("}\n");
  const request = new Uint8Array(before.length + entities.length + after.length);
  request.set(before);
  request.set(entities, before.length);
  request.set(after, before.length + entities.length);
  return request;
}
