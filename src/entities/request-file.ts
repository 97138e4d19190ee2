/**
 * Entities of one step → files, each exactly one Diode IngestRequest in protobuf JSON:
 *
 * {"stream":"latest","id":"…","producer_app_name":"proxmox-diode",…,"entities":[
 * {"timestamp":"2026-01-02T03:04:05Z","tag":{"name":"discovered","slug":"discovered"}},
 * {"timestamp":"2026-01-02T03:04:05Z","tag":{"name":"proxmox-ve","slug":"proxmox-ve"}}
 * ]}
 */
import { ByteBuffer } from "../kernel/byte-buffer.ts";
import { inputError } from "../kernel/errors.ts";
import { encodeUtf8, utf8Length } from "../kernel/utf8.ts";
import type { Step } from "./order.ts";
import { requestId } from "./request.ts";

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

const ID_PLACEHOLDER = "00000000-0000-0000-0000-000000000000";
const CLOSING = encodeUtf8("\n]");
const END = encodeUtf8("}\n");

export function createStepWriter(step: Step, { tool, write }: StepContext): StepWriter {
  const header = headerOf(tool);
  // Lines go straight into bytes: thousands of waiting strings would be garbage grown old.
  const request = new ByteBuffer();
  let inFile = 0;
  let files = 0;
  let count = 0;
  const start = (): void => request.reset(header.bytes);
  const flush = (): Promise<void> => {
    files += 1;
    inFile = 0;
    const name = `${step.number}-${step.name}-${String(files).padStart(4, "0")}.json`;
    request.append(CLOSING);
    const entities = request.view(header.entitiesAt);
    request.overwrite(header.idAt, encodeUtf8(requestId(entities)));
    request.append(END);
    return write(name, request.view(0)).then(start);
  };
  start();
  return {
    add(entity, capturedAt) {
      const line = `{"timestamp":"${capturedAt}","${step.field}":${JSON.stringify(entity)}}`;
      const append = (): void => {
        request.appendText(inFile === 0 ? line : `,\n${line}`);
        inFile += 1;
        count += 1;
      };
      if (inFile < MAX_ENTITIES && fits(line, request.length)) {
        append();
        return undefined;
      }
      if (!fits(line, header.bytes.length)) {
        const bytes = utf8Length(line) + ROOM_PER_LINE;
        throw inputError(
          `Cannot write a ${step.name} of ${bytes} bytes: a request has at most ${MAX_FILE_BYTES}`,
        );
      }
      return flush().then(append);
    },
    async finish() {
      if (inFile > 0) await flush();
      return count;
    },
  };
}

/** A separator before the line; brackets and a newline after the last one. */
const ROOM_PER_LINE = 2 + CLOSING.length + END.length;

/** Counts the bytes of a line only where they matter: a UTF-16 unit has three at the most. */
function fits(line: string, before: number): boolean {
  const free = MAX_FILE_BYTES - before - ROOM_PER_LINE;
  return line.length * 3 <= free || utf8Length(line) <= free;
}

/** All that stands before the first entity, and where the id goes. */
function headerOf(tool: Tool): { bytes: Uint8Array; idAt: number; entitiesAt: number } {
  const text = opening({
    stream: "latest",
    id: ID_PLACEHOLDER,
    producer_app_name: tool.name,
    producer_app_version: tool.version,
    sdk_name: tool.name,
    sdk_version: tool.version,
  });
  const bytes = encodeUtf8(text);
  return { bytes, idAt: text.indexOf(ID_PLACEHOLDER), entitiesAt: bytes.length - "[\n".length };
}

/** A request that came from elsewhere, in the form of an entity file. Its header is not empty. */
export function requestText(request: { readonly entities: readonly object[] }): string {
  const { entities, ...header } = request;
  return `${opening(header)}${entities.map((entity) => JSON.stringify(entity)).join(",\n")}\n]}\n`;
}

function opening(header: object): string {
  return `${JSON.stringify(header).slice(0, -1)},"entities":[\n`;
}
