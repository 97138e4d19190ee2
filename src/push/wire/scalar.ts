/** TABLE: a scalar in protobuf JSON → its bytes. Source: protobuf.dev, "ProtoJSON Format". */
import { Buffer } from "node:buffer";
import { ScalarType } from "@bufbuild/protobuf";
import { Fault, shown } from "./fault.ts";
import type { ReverseWriter } from "./reverse-writer.ts";

export interface ScalarRow {
  /** Source: protobuf.dev, "Encoding", wire types. */
  readonly wireType: number;
  /** @throws Fault when the value is none of this type. */
  readonly write: (value: unknown, writer: ReverseWriter) => void;
}

export const VARINT = 0;
export const BIT64 = 1;
export const LENGTH_DELIMITED = 2;

/** Diode's schema has no other; a test holds the schema against this table. */
export const SCALARS: ReadonlyMap<ScalarType, ScalarRow> = new Map([
  [ScalarType.STRING, { wireType: LENGTH_DELIMITED, write: writeText }],
  [ScalarType.INT64, { wireType: VARINT, write: writeInt64 }],
  [ScalarType.BOOL, { wireType: VARINT, write: writeBool }],
  [ScalarType.DOUBLE, { wireType: BIT64, write: writeDouble }],
  [ScalarType.BYTES, { wireType: LENGTH_DELIMITED, write: writeBytes }],
]);

const INT64_REGEXP = /^-?(?:0|[1-9]\d{0,18})$/;
const NUMBER_REGEXP = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const BASE64_REGEXP = /^[A-Za-z0-9+/_-]*={0,2}$/;
const NOT_FINITE: ReadonlyMap<unknown, number> = new Map([
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
]);

function writeText(value: unknown, writer: ReverseWriter): void {
  if (typeof value !== "string") throw new Fault(`is ${shown(value)}, which is no text`);
  if (!value.isWellFormed()) throw new Fault("is no Unicode text: half of a surrogate pair");
  const before = writer.length;
  writer.text(value);
  writer.varint(writer.length - before);
}

function writeInt64(value: unknown, writer: ReverseWriter): void {
  const whole = typeof value === "string" && INT64_REGEXP.test(value) ? Number(value) : value;
  if (typeof whole !== "number" || !Number.isInteger(whole)) {
    throw new Fault(`is ${shown(value)}, which is no whole number`);
  }
  if (whole >= 0 && Number.isSafeInteger(whole)) return writer.varint(whole);
  const exact = BigInt(value as string | number);
  if (BigInt.asIntN(64, exact) !== exact) throw new Fault(`is ${exact}, which has over 64 bits`);
  writer.bigVarint(exact);
}

function writeBool(value: unknown, writer: ReverseWriter): void {
  if (typeof value !== "boolean") throw new Fault(`is ${shown(value)}, and not true or false`);
  writer.varint(value ? 1 : 0);
}

function writeDouble(value: unknown, writer: ReverseWriter): void {
  const number = typeof value === "string" && NUMBER_REGEXP.test(value)
    ? Number(value)
    : NOT_FINITE.get(value) ?? value;
  if (typeof number !== "number") throw new Fault(`is ${shown(value)}, which is no number`);
  writer.double(number);
}

function writeBytes(value: unknown, writer: ReverseWriter): void {
  if (typeof value !== "string" || !BASE64_REGEXP.test(value)) {
    throw new Fault(`is ${shown(value)}, which is no base64 text`);
  }
  const bytes = Buffer.from(value, "base64");
  writer.bytes(bytes);
  writer.varint(bytes.length);
}
