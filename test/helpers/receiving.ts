/** A `receive` that is closed at the end of the test, and requests for it. */
import { create, fromJson, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { onTestFinished } from "vitest";
import { EntitySchema, IngestRequestSchema } from "../../src/netbox/diode/ingester.ts";
import { receive, type ReceiveOptions, type Receiver } from "../../src/rehearse/receive/receive.ts";

export async function received(options: ReceiveOptions = {}): Promise<Receiver> {
  const receiver = await receive(options);
  onTestFinished(() => receiver.close());
  return receiver;
}

export const HEADER = {
  stream: "latest",
  id: "0b7d3f0e-51c4-4a86-9a5e-3f1f6f0c2d18",
  producer_app_name: "a-test",
  producer_app_version: "1.0.0",
  sdk_name: "a-test",
  sdk_version: "1.0.0",
};

export const TIMESTAMP = "2026-03-04T05:06:07Z";

export function tag(name: string): { timestamp: string; tag: { name: string; slug: string } } {
  return { timestamp: TIMESTAMP, tag: { name, slug: name } };
}

/** Protobuf JSON, header included unless it is given → bytes. */
export function requestBytes(entities: readonly object[], header: object = HEADER): Uint8Array {
  const json = { ...header, entities } as unknown as JsonValue;
  return toBinary(IngestRequestSchema, fromJson(IngestRequestSchema, json));
}

/** A request of exactly so many bytes. */
export function requestOfSize(bytes: number): Uint8Array {
  const sized = (length: number): Uint8Array => {
    const value = { name: "x".repeat(length) };
    const entity = create(EntitySchema, { entity: { case: "site", value: value as never } });
    const { stream, id, ...header } = HEADER;
    return toBinary(IngestRequestSchema, {
      ...fromJson(IngestRequestSchema, { stream, id, ...header }),
      entities: [entity],
    });
  };
  return sized(2 * bytes - sized(bytes).length);
}
