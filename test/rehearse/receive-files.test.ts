/** The entity files of `receive`: the same entities and the same form as those of transform. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { shownSteps } from "../../src/netbox/types/steps.ts";
import { createEntityFiles } from "../../src/rehearse/receive/command.ts";
import { requestJson } from "../../src/rehearse/receive/ingester.ts";
import { requestText } from "../../src/run-folder/entity-writer.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { call, statusOf, tokenOf } from "../helpers/diode-client.ts";
import { ROOT } from "../helpers/golden.ts";
import { parseRequest, requestToBinary } from "../helpers/proto.ts";
import { HEADER, received, requestBytes, tag, TIMESTAMP } from "../helpers/receiving.ts";
import { tempFolder, treeOf } from "../helpers/temp-folder.ts";

const EXAMPLE = join(ROOT, "snapshots/example/netbox");
const TOOL = { name: "a-test", version: "1.2.3" };

interface FileJson {
  readonly entities: readonly object[];
}

async function entityFilesIn(folder: string): Promise<Map<string, FileJson>> {
  const names = (await readdir(folder)).filter((name) => /^\d\d[a-z]?-/.test(name)).sort();
  const texts = names.map(async (name) => await readFile(join(folder, name), "utf8"));
  const files = (await Promise.all(texts)).map((text) => JSON.parse(text) as FileJson);
  return new Map(names.map((name, i) => [name, files[i] ?? { entities: [] }]));
}

async function storeRequests(folder: string, requests: readonly Uint8Array[]): Promise<void> {
  const store = await openStore(folder);
  const files = await createEntityFiles(store, TOOL);
  for (const request of requests) await files.add(request);
  await files.finish();
  await store.close();
}

test("receive writes the same files for a push of the example, entity for entity", async () => {
  const folder = await tempFolder();
  const store = await openStore(folder);
  const files = await createEntityFiles(store, TOOL);
  const receiver = await received({ onRequest: (_, bytes) => files.add(bytes) });
  const token = await tokenOf(receiver);
  const sent = await entityFilesIn(EXAMPLE);
  for (const file of sent.values()) {
    const answer = await call(receiver, requestToBinary(parseRequest(file)), { token });
    expect(statusOf(answer)).toBe("0");
  }
  await files.finish();
  expect(sent.size).toBe(shownSteps({}).length);
  expect(await entityFilesIn(join(folder, "netbox"))).toEqual(sent);
  expect(receiver.entities()).toEqual([...sent.values()].flatMap(({ entities }) => entities));
});

describe("netbox/ of receive", () => {
  test("has one line per entity, in the form of transform", async () => {
    const folder = await tempFolder();
    await storeRequests(folder, [requestBytes([tag("one"), tag("two")])]);
    expect(await readFile(join(folder, "netbox/01-tag-0001.json"), "utf8")).toBe([
      `${JSON.stringify(HEADER).slice(0, -1)},"entities":[`,
      `${JSON.stringify(tag("one"))},`,
      JSON.stringify(tag("two")),
      "]}\n",
    ].join("\n"));
  });

  test("has a sealed manifest with counts", async () => {
    const folder = await tempFolder();
    const site = { timestamp: TIMESTAMP, cluster: { name: "lab" } };
    await storeRequests(folder, [
      requestBytes([tag("a")]),
      requestBytes([site]),
      requestBytes([tag("b")]),
    ]);
    const manifest = JSON.parse(await readFile(join(folder, "netbox/manifest.json"), "utf8")) as {
      files: { path: string; sha256: string }[];
    };
    const counts = Object.fromEntries(shownSteps({}).map(({ name }) => [name, 0]));
    expect(manifest).toMatchObject({
      format: 1,
      tool: TOOL,
      snapshots: [],
      counts: { ...counts, tag: 2, cluster: 1 },
    });
    const hashes = Object.fromEntries(manifest.files.map(({ path, sha256 }) => [path, sha256]));
    const { "netbox/manifest.json": _, ...tree } = await treeOf(folder);
    expect(hashes).toEqual(tree);
    expect(Object.keys(hashes)).toEqual([
      "netbox/01-tag-0001.json",
      "netbox/01-tag-0002.json",
      "netbox/04-cluster-0001.json",
      "netbox/left-out.json",
    ]);
  });

  test("is unchanged without a request", async () => {
    const folder = await tempFolder();
    await storeRequests(folder, [requestBytes([tag("a")])]);
    const before = await treeOf(folder);
    await storeRequests(folder, []);
    expect(await treeOf(folder)).toEqual(before);
  });
});

test("receive writes a request with entities of several types to other/", async () => {
  const folder = await tempFolder();
  const mixed = [tag("a"), { timestamp: TIMESTAMP, site: { name: "Cellar" } }, {}];
  await storeRequests(folder, [requestBytes(mixed), requestBytes(mixed.slice(1))]);
  expect(Object.keys(await treeOf(folder))).toEqual(["other/0001.json", "other/0002.json"]);
  const text = await readFile(join(folder, "other/0001.json"), "utf8");
  expect(JSON.parse(text)).toEqual({ ...HEADER, entities: mixed });
});

test("receive answers INTERNAL and reports an error when it cannot write its folder", async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, "other"), "not a folder");
  const files = await createEntityFiles(await openStore(folder), TOOL);
  const errors: unknown[] = [];
  const receiver = await received({
    onRequest: (_, bytes) =>
      files.add(bytes).catch((error: unknown) => {
        errors.push(error);
        throw error;
      }),
  });
  const answer = await call(receiver, requestBytes([{ site: { name: "Cellar" } }]), {
    token: await tokenOf(receiver),
  });
  expect(statusOf(answer)).toBe("13");
  expect(errors).toMatchObject([{ kind: "usage", message: expect.stringContaining(folder) }]);
});

test("the text of a request is equal to the request for all names", () => {
  fc.assert(fc.property(
    fc.array(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 4 }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    (names, size) => {
      const entities = names.map((name) => ({
        timestamp: TIMESTAMP,
        virtual_disk: { virtual_machine: { name }, name: `${name} `, size: String(size || 1n) },
      }));
      const request = requestJson(requestBytes(entities));
      const text = requestText(request);
      expect(text.split("\n")).toHaveLength(names.length + 3);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(request)));
      expect(requestBytes(request.entities)).toEqual(requestBytes(entities));
    },
  ));
});
