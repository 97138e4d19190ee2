/** A request in protobuf JSON → its bytes, or every fault that keeps it from being sent. */
import type { RequestJson } from "../../run-folder/request.ts";
import { EntitySchema, IngestRequestSchema } from "../gen/ingester_pb.ts";
import { Fault } from "./fault.ts";
import { writeMessage } from "./message.ts";
import { ReverseWriter, TooLarge } from "./reverse-writer.ts";
import { LENGTH_DELIMITED } from "./scalar.ts";

/** What Diode's ingester takes: grpc-go's default, 4 MiB. Source: diode issue 374. */
export const MAX_MESSAGE_BYTES = 4 * 2 ** 20;

/** `bytes` is undefined when there are faults: one for each entity that has any. */
export interface Encoded {
  readonly bytes: Uint8Array | undefined;
  readonly faults: readonly Fault[];
}

const ENTITIES_TAG = IngestRequestSchema.field.entities.number * 8 + LENGTH_DELIMITED;

/** Room for the largest request, made once. */
let writer: ReverseWriter | undefined;

export function encodeRequest({ entities, ...header }: RequestJson): Encoded {
  writer ??= new ReverseWriter(MAX_MESSAGE_BYTES);
  writer.reset();
  const faults: Fault[] = [];
  try {
    for (let i = entities.length - 1; i >= 0; i -= 1) {
      const fault = writeEntity(entities[i], writer);
      if (fault !== undefined) faults.unshift(fault.within(i).within("entities"));
    }
    writeMessage(IngestRequestSchema, header, writer);
  } catch (error) {
    if (error instanceof TooLarge) {
      faults.unshift(new Fault(`is larger than the ${MAX_MESSAGE_BYTES} bytes that Diode takes`));
    } else if (error instanceof Fault) faults.unshift(error);
    else throw error;
  }
  return { bytes: faults.length === 0 ? writer.finish() : undefined, faults };
}

function writeEntity(entity: unknown, writer: ReverseWriter): Fault | undefined {
  const before = writer.length;
  try {
    writeMessage(EntitySchema, entity, writer);
    if (!namesObject(entity)) return new Fault("holds no object, such as a virtual_machine");
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  writer.varint(writer.length - before);
  writer.varint(ENTITIES_TAG);
  return undefined;
}

/** The ingester takes an entity without one, and says in its answer that it is nil. */
function namesObject(entity: unknown): boolean {
  for (const key in entity as object) {
    if (key !== "timestamp" && (entity as Record<string, unknown>)[key] !== null) return true;
  }
  return false;
}
