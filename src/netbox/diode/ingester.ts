/**
 * Diode's ingest protocol, from the descriptor set that `npm run gen` builds from ingester.proto. Entities
 * of all 100 types are read and written by their descriptors, so only the messages that this program
 * touches field by field have a TypeScript type.
 */
import { createFileRegistry, fromBinary, type JsonObject, type Message } from "@bufbuild/protobuf";
import type { GenMessage, GenService } from "@bufbuild/protobuf/codegenv2";
import { FileDescriptorSetSchema, type Timestamp } from "@bufbuild/protobuf/wkt";
import { readAsset } from "../../base/asset.ts";

export type IngestRequest = Message<"diode.v1.IngestRequest"> & {
  stream: string;
  entities: Entity[];
  id: string;
  producerAppName: string;
  producerAppVersion: string;
  sdkName: string;
  sdkVersion: string;
  metadata?: JsonObject;
};

export type Entity = Message<"diode.v1.Entity"> & {
  timestamp?: Timestamp;
  entity: { case: string; value: Message } | { case: undefined; value?: undefined };
};

export type IngestResponse = Message<"diode.v1.IngestResponse"> & { errors: string[] };

const registry = createFileRegistry(
  fromBinary(FileDescriptorSetSchema, readAsset("netbox/diode/ingester.binpb")),
);

export const IngestRequestSchema = messageSchema<IngestRequest>("diode.v1.IngestRequest");
export const EntitySchema = messageSchema<Entity>("diode.v1.Entity");
export const IngestResponseSchema = messageSchema<IngestResponse>("diode.v1.IngestResponse");

export const IngesterService = registry.getService("diode.v1.IngesterService") as GenService<{
  ingest: {
    methodKind: "unary";
    input: typeof IngestRequestSchema;
    output: typeof IngestResponseSchema;
  };
}>;

function messageSchema<Shape extends Message>(typeName: Shape["$typeName"]): GenMessage<Shape> {
  return registry.getMessage(typeName) as GenMessage<Shape>;
}
