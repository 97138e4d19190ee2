/** The request of an entity file, and the errors that are found before anything is sent. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type DescField,
  type DescMessage,
  fromBinary,
  type JsonObject,
  type JsonValue,
  ScalarType,
} from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EntityFile } from "../../src/run-folder/entity-set.ts";
import type { StepName } from "../../src/netbox/types/steps.ts";
import { encodeUtf8 } from "../../src/base/text.ts";
import { MAX_MESSAGE_BYTES } from "../../src/netbox/diode/limits.ts";
import { prepare } from "../../src/push/plan.ts";
import {
  EntitySchema,
  type IngestRequest,
  IngestRequestSchema,
} from "../../src/netbox/diode/ingester.ts";
import { ROOT } from "../helpers/golden.ts";
import { parseRequest, requestToJson } from "../helpers/proto.ts";
import { codePoint } from "../helpers/arbitraries.ts";

const EXAMPLE = join(ROOT, "snapshots/example/netbox");

const texts = fc.oneof(fc.string({ unit: codePoint }), fc.string({ maxLength: 200 }));

/** TABLE: a scalar of the schema → its JSON. */
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

/** By index: fast-check compares drawn values, and descriptors reference each other in cycles. */
function pick<Item>(draw: Draw, items: readonly Item[]): Item {
  return items[draw(fc.nat, items.length - 1)] as Item;
}

/** Any message of the schema, of limited depth. */
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

function entityFile(bytes: Uint8Array, step?: StepName): EntityFile {
  return { path: "x.json", bytes: bytes.length, sha256: "", step, read: async () => bytes };
}

function fileWith(entities: readonly unknown[], header: object = {}): EntityFile {
  return entityFile(encodeUtf8(JSON.stringify({ id: "x", ...header, entities })));
}

/** The request as the server decodes it. */
async function decoded(file: EntityFile): Promise<IngestRequest> {
  return fromBinary(IngestRequestSchema, (await prepare({ file })).bytes);
}

async function refusalOf(file: EntityFile): Promise<{ message: string; hint: string }> {
  const error: unknown = await prepare({ file }).catch((error: unknown) => error);
  expect(error).toMatchObject({ kind: "input" });
  return error as { message: string; hint: string };
}

describe("a request on the wire", () => {
  test("contains exactly what the entity file contains", async () => {
    for (const name of (await readdir(EXAMPLE)).filter((file) => /^\d\d[a-z]?-/.test(file))) {
      const bytes = await readFile(join(EXAMPLE, name));
      const request = requestToJson(await decoded(entityFile(bytes, "tag")));
      expect(request, name).toEqual(JSON.parse(bytes.toString()));
    }
  });

  test("can contain any entity of Diode's schema, in both spellings of its fields", async () => {
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (draw) => {
        // Through JSON, as in a file: it writes -0 as 0.
        const text = JSON.stringify([drawEntity(draw), drawEntity(draw)]);
        const entities = JSON.parse(text) as JsonObject[];
        const expected = requestToJson(parseRequest({ entities }));
        expect(requestToJson(await decoded(fileWith(entities)))).toMatchObject(expected as object);
      }),
      { numRuns: 300 },
    );
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
    "contains the whole number %s exactly",
    async (vid) => {
      const { entities: [entity] } = await decoded(fileWith([{ vlan: { vid } }]));
      expect(entity?.entity.value).toMatchObject({ vid: BigInt(vid) });
    },
  );

  test("has its own id when it contains only some entities of a file", async () => {
    const file = fileWith([{ tag: { name: "a" } }, { tag: { name: "b" } }]);
    const { id, bytes } = await prepare({ file, only: [1] });
    const message = fromBinary(IngestRequestSchema, bytes);
    expect(message.entities.map(({ entity }) => entity.value)).toMatchObject([{ name: "b" }]);
    expect(id).toBe(message.id);
    expect(id).not.toBe("x");
  });
});

describe("an entity file is rejected", () => {
  test.each<readonly [unknown, string]>([
    [{ tag: { name: "a", colour: "ff0000" } }, 'tag "a": invalid Tag: key "colour" is unknown'],
    [{ cable2: {} }, 'cable2: invalid Entity: key "cable2" is unknown'],
    [
      { virtual_machine: { name: "a", memory: "4 GB" } },
      'virtual_machine "a": invalid VirtualMachine.memory: expected a whole number (int64): 4 GB',
    ],
    [{ virtual_machine: { memory: 1.5 } }, "VirtualMachine.memory: expected a whole number"],
    [
      { virtual_machine: { memory: "9223372036854775808" } },
      "VirtualMachine.memory: expected a whole number (int64): 9223372036854775808 out of range",
    ],
    [{ virtual_machine: { vcpus: "two" } }, "VirtualMachine.vcpus: expected number"],
    [{ virtual_machine: { name: 7 } }, "VirtualMachine.name: expected string, got 7"],
    [{ vm_interface: { enabled: "yes" } }, 'VMInterface.enabled: expected boolean, got "yes"'],
    [{ virtual_machine: { tags: {} } }, "VirtualMachine.tags: expected Array, got object"],
    [{ virtual_machine: { tags: [{}, { slug: 7 }] } }, "Tag.slug: expected string, got 7"],
    [{ virtual_machine: { tags: [null] } }, "VirtualMachine.tags: list item must not be null"],
    [{ virtual_machine: { site: "Site A" } }, 'invalid Site: "Site A"'],
    [
      { virtual_machine: { custom_fields: { x: { integer: "many" } } } },
      "CustomFieldValue.integer: expected a whole number",
    ],
    [{ virtual_machine: { custom_fields: [] } }, "VirtualMachine.custom_fields: expected object"],
    [
      { virtual_machine: { custom_fields: { x: null } } },
      "VirtualMachine.custom_fields: map value must not be null",
    ],
    [{ timestamp: "yesterday", tag: {} }, "invalid Timestamp: invalid RFC 3339 string"],
    [{ device_config: { running: "%%%" } }, "DeviceConfig.running: invalid base64 string"],
    [{ tag: { name: "\ud800" } }, "Tag.name: expected string: invalid UTF8"],
    [{ vlan: {}, tag: {} }, "Entity.entity: oneof set multiple times by vlan and tag"],
    [
      { ip_address: { assigned_object_vm_interface: {}, assigned_object_interface: {} } },
      "IPAddress.assigned_object: oneof set multiple times by assigned_object_vm_interface and",
    ],
    [{ virtual_machine: { start_on_boot: "on", startOnBoot: "off" } }, "set multiple times"],
    [{ timestamp: "2026-01-02T03:04:05Z" }, "an entity without a type: no object, such as"],
    [{}, "an entity without a type: no object, such as"],
    [{ tag: null }, "tag: no object, such as"],
    ["tag", 'an entity: invalid Entity: "tag"'],
    [null, "an entity: invalid Entity: null"],
    [[], "invalid Entity: Array(0)"],
  ])("with entity and field for %j", async (entity, words) => {
    const { message, hint } = await refusalOf(fileWith([{ tag: { name: "fine" } }, entity]));
    expect(message).toMatch(/^Cannot send "x\.json", entity 2: /);
    expect(message).toContain(words);
    expect(hint).toBe("nothing was sent");
  });

  test("with the line of the entity, also when only some entities are sent", async () => {
    const bytes = encodeUtf8(JSON.stringify({ entities: [{ tag: {} }, { tag: {} }, { tag: 7 }] }));
    const file = entityFile(bytes, "tag");
    expect(await refusalOf(file)).toMatchObject({
      message: expect.stringContaining("line 4: tag"),
    });
    await expect(prepare({ file, only: [2] })).rejects.toThrow("line 4: tag");
  });

  test("for an invalid header", async () => {
    const { message } = await refusalOf(fileWith([{ tag: {} }], { sdk: "x" }));
    expect(message).toBe('Cannot send "x.json": invalid IngestRequest: key "sdk" is unknown');
    expect((await refusalOf(fileWith([{ tag: {} }], { stream: 7 }))).message)
      .toContain("invalid IngestRequest.stream: expected string, got 7");
  });

  test("when it is larger than Diode accepts", async () => {
    const large = fileWith([{ tag: { name: "x".repeat(MAX_MESSAGE_BYTES) } }]);
    expect((await refusalOf(large)).message).toContain("larger than the 4194304 bytes");
  });

  test("with its first error and the number of invalid entities", async () => {
    const { message, hint } = await refusalOf(fileWith([{ tag: 1 }, { tag: {} }, { tag: 2 }]));
    expect(message).toContain("entity 1: ");
    expect(hint).toBe("2 entities of this file are invalid; nothing was sent");
  });

  test("without printing a long value in full", async () => {
    const memory = "x".repeat(5000);
    const { message } = await refusalOf(fileWith([{ virtual_machine: { memory } }]));
    expect(message.length).toBeLessThan(300);
  });
});
