/** Our encoder against protobuf's own library: it takes the same, refuses the same, and says where. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type DescField,
  type DescMessage,
  equals,
  fromBinary,
  fromJson,
  type JsonObject,
  type JsonValue,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readRequest, type RequestJson } from "../../src/run-folder/request.ts";
import { encodeUtf8 } from "../../src/base/text.ts";
import {
  EntitySchema,
  file_ingester,
  IngestRequestSchema,
} from "../../src/push/gen/ingester_pb.ts";
import { encodeRequest, MAX_MESSAGE_BYTES } from "../../src/push/wire/encode.ts";
import { ROOT } from "../helpers/golden.ts";

const EXAMPLE = join(ROOT, "snapshots/example/netbox");

const texts = fc.oneof(fc.string({ unit: "binary" }), fc.string({ maxLength: 200 }));

/** TABLE: a scalar of the schema → JSON that stands for it. */
const SCALARS: ReadonlyMap<ScalarType, fc.Arbitrary<JsonValue>> = new Map<
  ScalarType,
  fc.Arbitrary<JsonValue>
>([
  [ScalarType.STRING, texts.map((text) => text.toWellFormed())],
  [
    ScalarType.INT64,
    fc.oneof(
      fc.maxSafeInteger(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    ),
  ],
  [ScalarType.BOOL, fc.boolean()],
  [
    ScalarType.DOUBLE,
    fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant("NaN")),
  ],
  [ScalarType.BYTES, fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("base64"))],
]);

type Draw = fc.GeneratorValue;

/** By its number: what is drawn is compared, and descriptors lead to each other in circles. */
function pick<Item>(draw: Draw, items: readonly Item[]): Item {
  return items[draw(fc.nat, items.length - 1)] as Item;
}

/** Any message of the schema, of a depth that ends. */
function drawMessage(draw: Draw, desc: DescMessage, depth: number): JsonObject {
  const json: JsonObject = {};
  const chosen = new Set<string>();
  const possible = desc.fields.filter(({ message }) => depth > 0 || !isOurs(message));
  for (let left = Math.min(draw(fc.nat, 6), possible.length); left > 0; left -= 1) {
    const field = pick(draw, possible);
    const choice = field.oneof?.name ?? field.name;
    if (chosen.has(choice)) continue;
    chosen.add(choice);
    json[draw(fc.boolean) ? field.name : field.jsonName] = drawField(draw, field, depth);
  }
  return json;
}

function isOurs(message: DescMessage | undefined): boolean {
  return message?.typeName.startsWith("diode") ?? false;
}

function drawField(draw: Draw, field: DescField, depth: number): JsonValue {
  const drawOne = (): JsonValue => drawValue(draw, field, depth);
  const times = draw(fc.nat, 3);
  if (field.fieldKind === "list") return Array.from({ length: times }, drawOne);
  if (field.fieldKind !== "map") return times === 0 ? null : drawOne();
  const keys = Array.from({ length: times }, (_, i) => `${draw(fc.string)}${i}`);
  return Object.fromEntries(keys.map((name) => [name, drawOne()]));
}

function drawValue(draw: Draw, field: DescField, depth: number): JsonValue {
  if (field.message?.typeName === "google.protobuf.Timestamp") {
    return new Date(draw(fc.nat, 2 ** 31) * 1000 + draw(fc.nat, 999)).toISOString();
  }
  if (field.message?.typeName === "google.protobuf.Struct") {
    return { [draw(fc.string)]: pick(draw, [null, true, "x", 1.5]) };
  }
  if (field.message !== undefined) return drawMessage(draw, field.message, depth - 1);
  const scalar = "scalar" in field ? field.scalar : undefined;
  return draw(() => SCALARS.get(scalar ?? ScalarType.STRING) ?? fc.constant(null));
}

/** An entity of any type. */
function drawEntity(draw: Draw): JsonObject {
  const field = pick(draw, EntitySchema.fields.filter(({ oneof }) => oneof !== undefined));
  return {
    timestamp: "2026-01-02T03:04:05.678Z",
    [field.name]: drawMessage(draw, field.message as DescMessage, 2),
  };
}

function requestWith(...entities: readonly unknown[]): RequestJson {
  return readRequest(encodeUtf8(JSON.stringify({ id: "x", entities })), "x");
}

/** The one fault of an entity: its path within the entity, and its reason. */
function faultOf(entity: unknown): readonly [string, string] {
  const { bytes, faults } = encodeRequest(requestWith({ tag: { name: "fine" } }, entity));
  expect(bytes).toBeUndefined();
  expect(faults).toHaveLength(1);
  expect(faults[0]?.path.slice(0, 2)).toEqual(["entities", 1]);
  return [faults[0]?.path.slice(2).join(".") ?? "", faults[0]?.message ?? ""];
}

describe("a request in bytes", () => {
  test("says to protobuf's own library what the file says", async () => {
    for (const name of (await readdir(EXAMPLE)).filter((file) => /^\d\d-/.test(file))) {
      const bytes = await readFile(join(EXAMPLE, name));
      const { bytes: wire, faults } = encodeRequest(readRequest(bytes, name));
      expect(faults).toEqual([]);
      const expected = fromJson(IngestRequestSchema, JSON.parse(bytes.toString()) as JsonValue);
      const decoded = fromBinary(IngestRequestSchema, wire ?? new Uint8Array());
      expect(equals(IngestRequestSchema, decoded, expected), name).toBe(true);
    }
  });

  test("holds any entity of Diode's schema, in both spellings of its fields", () => {
    fc.assert(
      fc.property(fc.gen(), (draw) => {
        const request = requestWith(drawEntity(draw), drawEntity(draw));
        const { bytes, faults } = encodeRequest(request);
        expect(faults).toEqual([]);
        const expected = fromJson(IngestRequestSchema, request as unknown as JsonValue);
        const decoded = fromBinary(IngestRequestSchema, bytes ?? new Uint8Array());
        // As JSON, where NaN equals itself.
        expect(toJson(IngestRequestSchema, decoded)).toEqual(toJson(IngestRequestSchema, expected));
      }),
      { numRuns: 300 },
    );
  });

  test("holds texts of every length and script", () => {
    fc.assert(fc.property(texts, (text) => {
      const name = text.toWellFormed();
      const { bytes } = encodeRequest(requestWith({ tag: { name } }));
      const { entities: [entity] } = fromBinary(IngestRequestSchema, bytes ?? new Uint8Array());
      expect(entity?.entity.value).toMatchObject({ name });
    }));
  });

  test.each([
    "0",
    "1",
    "127",
    "128",
    "-1",
    "9007199254740993",
    "-9223372036854775808",
    "9223372036854775807",
  ])(
    "holds the whole number %s exactly",
    (text) => {
      const { bytes } = encodeRequest(requestWith({ vlan: { vid: text } }));
      const { entities: [entity] } = fromBinary(IngestRequestSchema, bytes ?? new Uint8Array());
      expect(entity?.entity.value).toMatchObject({ vid: BigInt(text) });
    },
  );
});

describe("a fault names the field, and says what is wrong", () => {
  test.each<readonly [string, unknown, string]>([
    ["tag.colour", { tag: { name: "a", colour: "ff0000" } }, "no field of Tag"],
    ["cable2", { cable2: {} }, "no field of Entity"],
    ["virtual_machine.memory", { virtual_machine: { name: "a", memory: "4 GB" } }, '"4 GB"'],
    ["virtual_machine.memory", { virtual_machine: { memory: 1.5 } }, "no whole number"],
    ["virtual_machine.memory", { virtual_machine: { memory: "9223372036854775808" } }, "64 bits"],
    ["virtual_machine.vcpus", { virtual_machine: { vcpus: "two" } }, "no number"],
    ["virtual_machine.name", { virtual_machine: { name: 7 } }, "no text"],
    ["vm_interface.enabled", { vm_interface: { enabled: "yes" } }, "not true or false"],
    ["virtual_machine.tags", { virtual_machine: { tags: {} } }, "not a list"],
    ["virtual_machine.tags.1.slug", { virtual_machine: { tags: [{}, { slug: 7 }] } }, "no text"],
    ["virtual_machine.tags.0", { virtual_machine: { tags: [null] } }, "not an object"],
    ["virtual_machine.site", { virtual_machine: { site: "Site A" } }, "not an object of type Site"],
    [
      "virtual_machine.custom_fields.x.integer",
      { virtual_machine: { custom_fields: { x: { integer: "many" } } } },
      "no whole number",
    ],
    ["virtual_machine.custom_fields", { virtual_machine: { custom_fields: [] } }, "not an object"],
    ["timestamp", { timestamp: "yesterday", tag: {} }, "no Timestamp"],
    ["device_config.running", { device_config: { running: "%%%" } }, "no base64"],
    ["tag.name", { tag: { name: "\ud800" } }, "surrogate"],
    ["tag", { vlan: {}, tag: {} }, "only one of them"],
    [
      "ip_address.assigned_object_interface",
      { ip_address: { assigned_object_vm_interface: {}, assigned_object_interface: {} } },
      "cannot stand beside assigned_object_vm_interface",
    ],
    ["", { timestamp: "2026-01-02T03:04:05Z" }, "holds no object"],
    ["", {}, "holds no object"],
    ["", "tag", "not an object of type Entity"],
    ["", null, "not an object of type Entity"],
    ["", [], "not an object of type Entity"],
  ])("%s", (path, entity, words) => {
    const [where, reason] = faultOf(JSON.parse(JSON.stringify(entity)) as unknown);
    // Of two that exclude each other, either may be named.
    if (words.startsWith("only one")) expect(["tag", "vlan"]).toContain(where);
    else if (path.includes("assigned")) expect(where).toContain("ip_address.assigned_object");
    else expect(where).toBe(path);
    if (!path.includes("assigned")) expect(reason).toContain(words);
  });

  test("in the header, and of a request that is too large", () => {
    const bad = readRequest(encodeUtf8('{"sdk":"x","entities":[{"tag":{}}]}'), "x");
    expect(encodeRequest(bad).faults).toMatchObject([{ path: ["sdk"] }]);
    const number = readRequest(encodeUtf8('{"stream":7,"entities":[{"tag":{}}]}'), "x");
    expect(encodeRequest(number).faults).toMatchObject([{ path: ["stream"] }]);
    const large = encodeRequest(requestWith({ tag: { name: "x".repeat(MAX_MESSAGE_BYTES) } }));
    expect(large).toMatchObject({ bytes: undefined, faults: [{ path: [] }] });
    expect(large.faults[0]?.message).toContain("larger than the 4194304 bytes");
  });

  test("one for each entity that has any, in their order", () => {
    const { faults } = encodeRequest(requestWith({ tag: 1 }, { tag: {} }, { tag: { a: 1, b: 2 } }));
    expect(faults.map(({ path }) => path[1])).toEqual([0, 2]);
  });

  test("whatever protobuf's own library refuses is refused", () => {
    fc.assert(
      fc.property(fc.gen(), fc.jsonValue(), (draw, junk) => {
        const entity = drawEntity(draw);
        const [field = ""] = Object.keys(entity).slice(1);
        const spoiled = { ...entity, [field]: { ...entity[field] as object, name: junk } };
        const request = requestWith(spoiled);
        const isRefused = (() => {
          try {
            fromJson(IngestRequestSchema, request as unknown as JsonValue);
            return false;
          } catch {
            return true;
          }
        })();
        expect(encodeRequest(request).faults.length > 0, JSON.stringify(spoiled)).toBe(isRefused);
      }),
      { numRuns: 300 },
    );
  });
});

test("the schema has nothing that the encoder does not know", () => {
  for (const message of file_ingester.messages) {
    expect(message.oneofs.length, `${message.name}: two choices at once are not told apart`)
      .toBeLessThan(2);
    for (const field of message.fields) {
      expect(["scalar", "message", "list", "map"], String(field)).toContain(field.fieldKind);
      if ("scalar" in field && field.scalar !== undefined) {
        expect([...SCALARS.keys()], String(field)).toContain(field.scalar);
      }
      if (field.fieldKind === "map") expect(field.mapKey).toBe(ScalarType.STRING);
    }
  }
});
