/** Entity files are checked against their hashes; each fault has its own error. */
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { shownSteps } from "../../src/netbox/types/steps.ts";
import { ENTITIES_FORMAT } from "../../src/netbox/types/steps.ts";
import { openEntities } from "../../src/run-folder/entity-set.ts";
import { seal } from "../../src/run-folder/manifest.ts";
import { readRequest } from "../../src/run-folder/request.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { buildSet, tag, vm } from "../helpers/entity-set.ts";
import { ROOT } from "../helpers/golden.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const EXAMPLE = join(ROOT, "snapshots/example");

async function small(): Promise<string> {
  const folder = await tempFolder();
  await buildSet(folder, { "tag": [[tag("a")], [tag("b")]], "virtual-machine": [[vm("web-01")]] });
  return folder;
}

async function open(folder: string) {
  return await openEntities(await openStore(folder));
}

/** Writes the manifest with other facts and a valid checksum. */
async function reseal(folder: string, facts: object): Promise<void> {
  const file = join(folder, "netbox/manifest.json");
  const manifest = JSON.parse(await readFile(file, "utf8")) as object;
  await writeFile(file, seal({ ...manifest, ...facts }));
}

async function messageOf(opening: Promise<unknown>): Promise<string> {
  const error: unknown = await opening.then(() => undefined, (thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: "AppError", kind: "input" });
  return (error as Error).message;
}

describe("a set of entity files", () => {
  test("is read in emission order, with the counts of the manifest", async () => {
    const set = await open(EXAMPLE);
    const counts: Record<string, number> = {};
    for (const file of set.files) {
      const { entities } = readRequest(await file.read(), file.path);
      counts[file.step ?? ""] = (counts[file.step ?? ""] ?? 0) + entities.length;
    }
    expect(counts).toEqual(set.manifest.counts);
    expect(set.files.map(({ path }) => path.slice(7, 9))).toEqual(
      shownSteps({}).map(({ number }) => number),
    );
    expect(set.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test("has the same digest wherever the folder is", async () => {
    const copy = join(await tempFolder(), "copy");
    await cp(EXAMPLE, copy, { recursive: true });
    expect((await open(copy)).sha256).toBe((await open(EXAMPLE)).sha256);
  });

  test("keeps its order with more than 9,999 files per step", async () => {
    const folder = await small();
    const { manifest } = await open(folder);
    const [first] = manifest.files;
    const store = await openStore(folder);
    const path = "netbox/01-tag-10000.json";
    await store.write(path, await store.read(first?.path ?? "") ?? new Uint8Array());
    await reseal(folder, { files: [{ ...first, path }, ...manifest.files] });
    const paths = (await open(folder)).files.map((file) => file.path.slice("netbox/".length));
    expect(paths).toEqual([
      "01-tag-0001.json",
      "01-tag-0002.json",
      "01-tag-10000.json",
      "11-virtual-machine-0001.json",
    ]);
  });

  test("is checked file by file, when each file is read", async () => {
    const folder = await small();
    const set = await open(folder);
    await writeFile(join(folder, "netbox/01-tag-0002.json"), "{}");
    await set.files[0]?.read();
    expect(await messageOf(set.files[1]?.read() ?? Promise.resolve())).toBe(
      `Cannot trust "netbox/01-tag-0002.json" in ${folder}: it was changed`,
    );
  });
});

describe("entity files are rejected", () => {
  test.each([
    ["if a listed file is missing", "netbox/01-tag-0002.json", "Cannot find"],
    ["if left-out.json is missing", "netbox/left-out.json", "Cannot find"],
    ["if the manifest is missing", "netbox/manifest.json", "Found unfinished entity files"],
  ])("%s", async (_what, file, words) => {
    const folder = await small();
    await rm(join(folder, file));
    const message = await messageOf(open(folder));
    expect(message).toContain(words);
    expect(message).toContain(file);
  });

  test("if there is an extra file", async () => {
    const folder = await small();
    await writeFile(join(folder, "netbox/01-tag-0003.json"), "{}");
    expect(await messageOf(open(folder))).toContain('Found "netbox/01-tag-0003.json"');
  });

  test("if the manifest was changed", async () => {
    const folder = await small();
    const file = join(folder, "netbox/manifest.json");
    await writeFile(file, (await readFile(file, "utf8")).replace('"format": 1', '"format":  1'));
    expect(await messageOf(open(folder))).toContain("it was changed after it was written");
  });

  test("if the format is newer, and the error names both versions", async () => {
    const folder = await tempFolder();
    const manifest = { format: ENTITIES_FORMAT + 1 };
    const message = await messageOf(buildSet(folder, {}, { manifest }));
    expect(message).toContain(`entity format ${ENTITIES_FORMAT + 1}`);
    expect(message).toContain(`up to ${ENTITIES_FORMAT}`);
  });

  test.each([
    ["counts", { counts: 7 }],
    ["snapshots", { snapshots: [{ sha256: "no" }] }],
    ["Refused the file name", { files: [{ path: "netbox/../../x", bytes: 0, sha256: "00" }] }],
    ["which its manifest does not list", { files: [] }],
  ])("if the manifest is invalid: %s", async (words, manifest) => {
    const folder = await tempFolder();
    expect(await messageOf(buildSet(folder, {}, { manifest }))).toContain(words);
  });

  test("if a file belongs to no step", async () => {
    const folder = await small();
    const { manifest: { files } } = await open(folder);
    const cable = { path: "netbox/14-cable-0001.json", bytes: 0, sha256: "00" };
    await writeFile(join(folder, cable.path), "");
    await reseal(folder, { files: [...files, cable] });
    expect(await messageOf(open(folder))).toContain("it is of no step");
  });

  test("if the snapshot was not transformed yet, or the folder does not exist", async () => {
    const folder = await tempFolder();
    const nothing = open(join(folder, "nowhere"));
    expect(await messageOf(nothing)).toContain("the folder does not exist");
    await writeFile(join(folder, "manifest.json"), "{}");
    await expect(open(folder)).rejects.toMatchObject({ hint: /run transform on it first/ });
  });
});
