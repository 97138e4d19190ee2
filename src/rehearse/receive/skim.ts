/**
 * The bytes of an IngestRequest → what the ingester looks at. The entities stay bytes: decoding
 * them would make the receiver slower than the senders that are measured against it.
 */
import { ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { EntitySchema, IngestRequestSchema } from "../../push/gen/ingester_pb.ts";

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
