/**
 * Protobuf JSON → protobuf's binary form, strictly: what the schema does not know is a fault that
 * names its place. It does in one go, and several times as fast, what `fromJson` and `toBinary` of
 * @bufbuild/protobuf do in two: every entity is encoded twice, to be checked and to be sent.
 * The order of the fields in a message, which protobuf leaves open, is that of the document, reversed.
 */
import {
  type DescField,
  type DescMessage,
  fromJson,
  type JsonValue,
  toBinary,
} from "@bufbuild/protobuf";
import { Fault, shown } from "./fault.ts";
import type { ReverseWriter } from "./reverse-writer.ts";
import { LENGTH_DELIMITED, SCALARS } from "./scalar.ts";

/** @throws Fault when the value is not of this kind; TooLarge when it does not fit. */
export type WriteValue = (value: unknown, writer: ReverseWriter) => void;

interface FieldPlan {
  readonly name: string;
  readonly write: WriteValue;
  /** Of these, a message may have one. */
  readonly oneof: string | undefined;
}

/** Made once for each message; messages hold each other, so a plan is made when it is first used. */
const PLANS = new Map<DescMessage, ReadonlyMap<string, FieldPlan>>();

/** Writes the fields of a message, without a length before them. */
export function writeMessage(desc: DescMessage, value: unknown, writer: ReverseWriter): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Fault(`is ${shown(value)}, and not an object of type ${desc.name}`);
  }
  const plan = PLANS.get(desc) ?? planOf(desc);
  let chosen: FieldPlan | undefined;
  // Not by Object.entries: the lists of a million small objects would be garbage.
  for (const key in value) {
    const field = plan.get(key);
    if (field === undefined) throw new Fault(`is no field of ${desc.name}`, [key]);
    const item = (value as Record<string, unknown>)[key];
    // In protobuf JSON, null stands for a field that is not there.
    if (item === null) continue;
    if (field.oneof !== undefined) {
      if (chosen?.oneof === field.oneof) {
        throw new Fault(`cannot stand beside ${chosen.name}: only one of them may be set`, [key]);
      }
      chosen = field;
    }
    try {
      field.write(item, writer);
    } catch (error) {
      throw error instanceof Fault ? error.within(key) : error;
    }
  }
}

function planOf(desc: DescMessage): ReadonlyMap<string, FieldPlan> {
  const plan = new Map<string, FieldPlan>();
  for (const field of desc.fields) {
    const row = { name: field.name, write: writerOf(field), oneof: field.oneof?.name };
    plan.set(field.name, row).set(field.jsonName, row);
  }
  PLANS.set(desc, plan);
  return plan;
}

function writerOf(field: DescField): WriteValue {
  switch (field.fieldKind) {
    case "scalar":
      return scalarField(field);
    case "message":
      return messageField(field.number, field.message);
    case "list":
      return listField(field);
    case "map":
      return mapField(field);
    default:
      throw new Error(`The schema has an enum, ${field}, which no row of this file knows`);
  }
}

function scalarField({ number, scalar }: { number: number; scalar: number }): WriteValue {
  const row = SCALARS.get(scalar);
  if (row === undefined) throw new Error(`The schema has a scalar ${scalar} that no row knows`);
  const tag = number * 8 + row.wireType;
  return (value, writer) => {
    row.write(value, writer);
    writer.varint(tag);
  };
}

function messageField(number: number, desc: DescMessage): WriteValue {
  const tag = number * 8 + LENGTH_DELIMITED;
  const write = WELL_KNOWN.has(desc.typeName) ? wellKnown(desc) : nested(desc);
  return (value, writer) => {
    const before = writer.length;
    write(value, writer);
    writer.varint(writer.length - before);
    writer.varint(tag);
  };
}

function nested(desc: DescMessage): WriteValue {
  return (value, writer) => writeMessage(desc, value, writer);
}

/** A list of numbers is written unpacked, which every reader takes as well. */
function listField(field: DescField & { fieldKind: "list" }): WriteValue {
  const write = field.listKind === "message"
    ? messageField(field.number, field.message)
    : scalarField({ number: field.number, scalar: field.scalar ?? 0 });
  return (value, writer) => {
    if (!Array.isArray(value)) throw new Fault(`is ${shown(value)}, and not a list`);
    for (let i = value.length - 1; i >= 0; i -= 1) {
      try {
        write(value[i], writer);
      } catch (error) {
        throw error instanceof Fault ? error.within(i) : error;
      }
    }
  };
}

/** To the wire, a map is a list of messages { key = 1, value = 2 }; all keys of the schema are texts. */
function mapField(field: DescField & { fieldKind: "map" }): WriteValue {
  if (field.message === undefined) throw new Error(`The schema has a map, ${field}, of scalars`);
  const writeKey = scalarField({ number: 1, scalar: field.mapKey });
  const writeItem = messageField(2, field.message);
  const tag = field.number * 8 + LENGTH_DELIMITED;
  return (value, writer) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new Fault(`is ${shown(value)}, and not an object`);
    }
    for (const [key, item] of Object.entries(value).toReversed()) {
      const before = writer.length;
      try {
        writeItem(item, writer);
        writeKey(key, writer);
      } catch (error) {
        throw error instanceof Fault ? error.within(key) : error;
      }
      writer.varint(writer.length - before);
      writer.varint(tag);
    }
  };
}

/** Messages with a JSON form of their own, which their library knows best. */
const WELL_KNOWN = new Set(["google.protobuf.Timestamp", "google.protobuf.Struct"]);

/** Every entity of a file bears the same time: the last value is likely the next. */
function wellKnown(desc: DescMessage): WriteValue {
  let last: { readonly value: unknown; readonly bytes: Uint8Array } | undefined;
  return (value, writer) => {
    if (last === undefined || last.value !== value) last = { value, bytes: bytesOf(desc, value) };
    writer.bytes(last.bytes);
  };
}

function bytesOf(desc: DescMessage, value: unknown): Uint8Array {
  try {
    return toBinary(desc, fromJson(desc, value as JsonValue));
  } catch {
    throw new Fault(`is ${shown(value)}, which is no ${desc.name}`);
  }
}
