/** transform writes exactly the committed files, on Node and on Deno. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseRequest } from "../helpers/proto.ts";
import {
  currentMappingRecord,
  GOLDEN_CASES,
  readMappingRecord,
  ROOT,
  runCase,
} from "../helpers/golden.ts";
import { type MappingRecord, nextRecord } from "../helpers/mapping-record.ts";

async function filesOf(folder: string): Promise<Map<string, string>> {
  const names = (await readdir(folder)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return new Map(names.map((name, i) => [name, texts[i] ?? ""]));
}

test.each(GOLDEN_CASES)("$name: output is byte for byte as committed", async (each) => {
  const out = await mkdtemp(join(tmpdir(), "golden-"));
  try {
    await runCase(each, out);
    const made = await filesOf(join(out, "netbox"));
    const expected = await filesOf(join(ROOT, each.expected, "netbox"));
    expect([...made.keys()]).toEqual([...expected.keys()]);
    for (const [name, text] of expected) expect(made.get(name), name).toBe(text);
  } finally {
    await rm(out, { recursive: true });
  }
});

test.each(GOLDEN_CASES)(
  "$name: entity files contain only fields of Diode's schema",
  async (each) => {
    const files = await filesOf(join(ROOT, each.expected, "netbox"));
    const requests = [...files].filter(([name]) => /^\d\d[a-z]?-/.test(name));
    expect(requests.length).toBeGreaterThan(2);
    for (const [name, text] of requests) {
      expect(() => parseRequest(JSON.parse(text)), name).not.toThrow();
    }
  },
);

describe("the mapping version", () => {
  const released: MappingRecord = {
    mapping_version: 4,
    tool_version: "1.2.0",
    folders: { a: { source: "1", made: "x" }, b: { source: "2", made: "y" } },
  };
  const patched: MappingRecord = { ...released, tool_version: "1.2.1" };
  const changed = { a: { source: "1", made: "z" }, b: { source: "2", made: "y" } };

  test("is the one that wrote the golden files (otherwise run npm run golden)", async () => {
    const record = await readMappingRecord();
    expect(nextRecord(record, await currentMappingRecord())).toEqual(record);
  });

  test("must be raised when a later tool version writes other entities", () => {
    expect(() => nextRecord(released, { ...patched, folders: changed }))
      .toThrow(
        "Raise MAPPING_VERSION in src/transform/mapping/tables.ts: version 1.2.0 has mapping",
      );
    const raised = { ...patched, mapping_version: 5, folders: changed };
    expect(nextRecord(released, raised)).toEqual(raised);
  });

  test("stays the same if entities are unchanged or the tool version is not released yet", () => {
    expect(nextRecord(released, patched)).toEqual(released);
    expect(nextRecord(released, { ...released, folders: changed }).folders).toEqual(changed);
  });

  test("ignores cases that are new or made from another snapshot", () => {
    const folders = { ...released.folders, a: { source: "9", made: "z" }, c: changed.a };
    expect(nextRecord(released, { ...patched, folders })).toEqual({ ...released, folders });
  });
});
