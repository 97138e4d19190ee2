/** readRequest fills in the header fields that an SDK's dry run omits. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeUtf8 } from "../../src/base/text.ts";
import { TOOL } from "../../src/base/tool.ts";
import { dryRunKeys, openDryRun } from "../../src/run-folder/entity-set.ts";
import { readRequest } from "../../src/run-folder/request.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { ROOT } from "../helpers/golden.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const ENTITIES = [{ timestamp: "2026-01-15T10:30:00.123456Z", site: { name: "Site A" } }];
const REQUIRED = [
  "stream",
  "id",
  "producer_app_name",
  "producer_app_version",
  "sdk_name",
  "sdk_version",
];

function read(document: unknown) {
  return readRequest(encodeUtf8(JSON.stringify(document)), "x.json");
}

describe("a request", () => {
  test("written by transform is read unchanged", async () => {
    const bytes = await readFile(
      join(ROOT, "snapshots/example/netbox/11-virtual-machine-0001.json"),
    );
    expect(readRequest(bytes, "x")).toEqual(JSON.parse(bytes.toString()));
  });

  test("of the Python SDK gets the missing version and keeps all else", () => {
    const python = {
      stream: "latest",
      entities: ENTITIES,
      id: "6f0d6a4e-6a56-4b0f-8d55-0f1a2b3c4d5e",
      producer_app_name: "my_app",
      sdk_name: "diode-sdk-python-dry-run",
      sdk_version: "1.14.3",
      metadata: { batch_id: "demo" },
    };
    expect(read(python)).toEqual({ ...python, producer_app_version: TOOL.version });
  });

  test("of the Go SDK gets stream and producer", () => {
    const id = "6f0d6a4e-6a56-4b0f-8d55-0f1a2b3c4d5e";
    const go = { id, entities: ENTITIES, sdk_name: "diode-sdk-go", sdk_version: "v1.9.0" };
    expect(read(go)).toEqual({
      ...go,
      stream: "latest",
      producer_app_name: TOOL.name,
      producer_app_version: TOOL.version,
    });
  });

  test("in camel case gets no duplicate fields, and an empty field counts as missing", () => {
    const request = read({ producerAppName: "mine", sdkVersion: "", entities: ENTITIES });
    expect(request).toMatchObject({ producerAppName: "mine", sdkVersion: TOOL.version });
    expect(Object.keys(request)).not.toContain("producer_app_name");
    expect(Object.keys(request)).not.toContain("sdk_version");
  });

  test("gets all fields that Diode requires, and the same ID for the same entities", () => {
    const subset = fc.subarray(REQUIRED);
    fc.assert(fc.property(subset, fc.string(), (given, name) => {
      const header = Object.fromEntries(given.map((field) => [field, "given"]));
      const request = read({ ...header, entities: [{ site: { name } }] });
      for (const field of REQUIRED) expect(request[field]).toBeTruthy();
      if (!given.includes("id")) {
        expect(read({ entities: [{ site: { name } }] })["id"]).toBe(request["id"]);
      }
    }));
  });

  test.each([
    ["[]", "not a Diode request"],
    ["7", "not a Diode request"],
    ["null", "not a Diode request"],
    ["{}", "no entities"],
    ['{"entities":[]}', "no entities"],
    ['{"entities":{}}', "no entities"],
    ['{"entities":[}', "not valid JSON"],
  ])("that is invalid is rejected: %s", (text, words) => {
    expect(() => readRequest(encodeUtf8(text), '"x.json"')).toThrow(words);
    expect(() => readRequest(encodeUtf8(text), '"x.json"')).toThrow('"x.json"');
  });
});

describe("dry-run files", () => {
  test("are sent in the order of the times in their names", async () => {
    const store = await openStore(await tempFolder());
    const names = ["app_9.json", "app_100.json", "app_20.json"];
    for (const name of names) await store.write(name, encodeUtf8(`{"entities":[{}]}`));
    const set = await openDryRun(store, names);
    expect(set.files.map(({ path }) => path)).toEqual([
      "app_9.json",
      "app_20.json",
      "app_100.json",
    ]);
    expect(set.files.every(({ step }) => step === undefined)).toBe(true);
    await store.write("app_20.json", encodeUtf8(`{"entities":[1]}`));
    expect((await openDryRun(store, names)).sha256).not.toBe(set.sha256);
    await expect(set.files[1]?.read()).rejects.toThrow("it was changed");
  });

  test("are all JSON files in a folder that is not a run folder", () => {
    expect(dryRunKeys(["a_1.json", "b_2.json", "notes.txt", "push/x.journal"]))
      .toEqual(["a_1.json", "b_2.json"]);
    expect(dryRunKeys(["manifest.json", "a.json"])).toEqual([]);
    expect(dryRunKeys(["a.json", "netbox/manifest.json"])).toEqual([]);
  });
});
