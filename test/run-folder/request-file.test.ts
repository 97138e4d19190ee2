/** An entity file is exactly one Diode request: text, limits and ID. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeUtf8, utf8Length } from "../../src/base/text.ts";
import { STEPS } from "../../src/netbox/types/steps.ts";
import {
  createStepWriter,
  MAX_ENTITIES,
  MAX_FILE_BYTES,
} from "../../src/run-folder/entity-writer.ts";
import { numRuns } from "../helpers/full-tests.ts";
import { parseRequest } from "../helpers/proto.ts";
import { codePoint } from "../helpers/arbitraries.ts";

const TOOL = { name: "proxmox-diode", version: "0.1.0" };
const TIME = "2026-01-02T03:04:05Z";
const TAG = STEPS[0];
const NAMESPACE = "5d0c4d6f7f4a5b1e9d572f7c9a1e6b10";

interface Request {
  readonly id: string;
  readonly entities: readonly { readonly tag: { readonly name: string } }[];
}

/** The files that a step writes, by name; their bytes are decoded when they are written. */
async function filesOf(
  entities: readonly object[],
  { step = TAG, tool = TOOL }: { step?: (typeof STEPS)[number]; tool?: typeof TOOL } = {},
): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const writer = createStepWriter(step, {
    tool,
    write: async (name, bytes) => {
      const text = decodeUtf8(bytes, name);
      await Promise.resolve();
      files.set(name, text);
    },
  });
  for (const entity of entities) await writer.add(entity, TIME);
  expect(await writer.finish()).toBe(entities.length);
  return files;
}

function tags(count: number, name = (i: number): string => `tag-${i}`): { name: string }[] {
  return Array.from({ length: count }, (_, i) => ({ name: name(i) }));
}

function parse(text: string): Request {
  return JSON.parse(text) as Request;
}

async function onlyFile(entities: readonly object[], options = {}): Promise<string> {
  const files = [...(await filesOf(entities, options)).values()];
  expect(files).toHaveLength(1);
  return files[0] ?? "";
}

describe("an entity file", () => {
  test("is one request with one entity per line", async () => {
    const text = await onlyFile([{ name: "a", slug: "a" }, { name: "b", slug: "b" }]);
    const id = parse(text).id;
    expect(text).toBe(
      `{"stream":"latest","id":"${id}","producer_app_name":"proxmox-diode",` +
        `"producer_app_version":"0.1.0","sdk_name":"proxmox-diode","sdk_version":"0.1.0",` +
        `"entities":[
{"timestamp":"${TIME}","tag":{"name":"a","slug":"a"}},
{"timestamp":"${TIME}","tag":{"name":"b","slug":"b"}}
]}
`,
    );
    expect(() => parseRequest(parse(text))).not.toThrow();
  });

  test.each(STEPS)("of step $number has entities in the field $field", async (step) => {
    const files = await filesOf([{}], { step });
    expect([...files.keys()]).toEqual([`${step.number}-${step.name}-0001.json`]);
    expect(JSON.parse([...files.values()][0] ?? "")).toMatchObject({
      entities: [{ timestamp: TIME, [step.field]: {} }],
    });
  });

  test("is not written without entities", async () => expect((await filesOf([])).size).toBe(0));

  test("keeps any text unchanged, on one line", async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: codePoint }), async (name) => {
      const text = await onlyFile([{ name }]);
      expect(parse(text).entities[0]?.tag.name).toBe(name);
      expect(text.trimEnd().split("\n")).toHaveLength(3);
    }));
  });
});

describe("names of entity files", () => {
  test("sort in emission order and number the files of a step", async () => {
    const names = STEPS.map(({ number, name }) => `${number}-${name}-0001.json`);
    expect(names.toSorted()).toEqual(names);
    expect([...(await filesOf(tags(2001))).keys()]).toEqual([
      "01-tag-0001.json",
      "01-tag-0002.json",
      "01-tag-0003.json",
    ]);
  });
});

describe("the limits of an entity file", () => {
  test.each([
    [MAX_ENTITIES, [MAX_ENTITIES]],
    [MAX_ENTITIES + 1, [MAX_ENTITIES, 1]],
    [2 * MAX_ENTITIES, [MAX_ENTITIES, MAX_ENTITIES]],
  ])("split %i entities into files of %j", async (count, sizes) => {
    const requests = [...(await filesOf(tags(count))).values()].map(parse);
    expect(requests.map(({ entities }) => entities.length)).toEqual(sizes);
    expect(requests.flatMap(({ entities }) => entities.map(({ tag }) => tag.name)))
      .toEqual(tags(count).map(({ name }) => name));
  });

  test("are 3 MiB per file, and files are as full as possible", async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 1_200_000 }), { maxLength: 12 });
    const letter = fc.constantFrom("x", "ä", "東", "😀", '"', "\u0001");
    await fc.assert(
      fc.asyncProperty(lengths, letter, async (sizes, unit) => {
        const entities = sizes.map((size) => ({
          name: unit.repeat(Math.ceil(size / JSON.stringify(unit).length)),
        }));
        const texts = [...(await filesOf(entities)).values()];
        expect(texts.flatMap((text) => parse(text).entities.map(({ tag }) => tag)))
          .toEqual(entities);
        texts.forEach((text, i) => {
          expect(utf8Length(text)).toBeLessThanOrEqual(MAX_FILE_BYTES);
          const next = texts[i + 1]?.split("\n")[1] ?? "";
          if (next !== "") {
            expect(utf8Length(text) + utf8Length(next) + 16).toBeGreaterThan(MAX_FILE_BYTES);
          }
        });
      }),
      { numRuns: numRuns(15) },
    );
  });

  test("allow exactly 3 MiB; one byte more makes a second file", async () => {
    const room = MAX_FILE_BYTES - utf8Length(await onlyFile([{ name: "" }, { name: "" }]));
    const pair = (bytes: number): object[] => [
      { name: "x".repeat(bytes - 1_000_000) },
      { name: "y".repeat(1_000_000) },
    ];
    const [whole, ...none] = (await filesOf(pair(room))).values();
    expect([utf8Length(whole ?? ""), none]).toEqual([MAX_FILE_BYTES, []]);
    expect((await filesOf(pair(room + 1))).size).toBe(2);
  });

  test("reject an entity that is too large, with its type and the limit", async () => {
    const entity = { name: "x".repeat(MAX_FILE_BYTES) };
    await expect(filesOf([entity])).rejects.toMatchObject({
      kind: "input",
      message: expect.stringMatching(
        new RegExp(`^Cannot write a tag of 31\\d{5} bytes.*${MAX_FILE_BYTES}`),
      ),
    });
  });
});

describe("the ID of a request", () => {
  test("is the UUIDv5 of the text of its entities, in the project's namespace", async () => {
    const text = await onlyFile(tags(3, (i) => `Zürich ${i}`));
    const entities = text.slice(text.indexOf('"entities":') + '"entities":'.length, -2);
    const hash = createHash("sha1").update(NAMESPACE, "hex").update(entities).digest();
    hash[6] = (hash[6]! & 0x0f) | 0x50;
    hash[8] = (hash[8]! & 0x3f) | 0x80;
    const hex = hash.subarray(0, 16).toString("hex");
    expect(parse(text).id).toBe(hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"));
  });

  test("does not depend on the tool version or the file number", async () => {
    const newer = { name: "proxmox-diode", version: "9.9.9" };
    const [same, first, , third] = [
      await onlyFile(tags(MAX_ENTITIES, () => "x"), { tool: newer }),
      ...(await filesOf(tags(3 * MAX_ENTITIES, () => "x"))).values(),
    ];
    expect(parse(same ?? "").id).toBe(parse(first ?? "").id);
    expect(parse(third ?? "").id).toBe(parse(first ?? "").id);
  });

  test("changes with any entity, their order and their type", async () => {
    const texts = [
      await onlyFile(tags(2)),
      await onlyFile(tags(2).toReversed()),
      await onlyFile(tags(3)),
      await onlyFile([{ name: "tag-0" }, { name: "tag-1", color: "e57000" }]),
      await onlyFile(tags(2), { step: STEPS[3] }),
    ];
    expect(new Set(texts.map((text) => parse(text).id)).size).toBe(texts.length);
  });
});
