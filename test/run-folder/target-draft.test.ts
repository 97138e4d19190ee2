/** Unfinished target folders: what is kept, and what is read again. */
import { appendFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { NetBoxObject } from "../../src/netbox/types/object-type.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { TargetDraft } from "../../src/run-folder/target-draft.ts";
import { OBJECTS_PER_FILE, openTargetFolder } from "../../src/run-folder/target-files.ts";
import { manyTags } from "../helpers/surveying.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const HEAD = { url: "https://netbox.example.net", started_at: "2026-11-28T12:00:00Z" };
const FACTS = { netbox: { url: HEAD.url, version: "4.7.3" }, missing: [] };

function objects(count: number, first = 1): NetBoxObject[] {
  return manyTags(count + first - 1).slice(first - 1);
}

/** One file of tags, with more to follow, and a complete list of one site. */
async function interrupted(): Promise<string> {
  const folder = await tempFolder();
  const draft = TargetDraft.empty(await openStore(folder), HEAD);
  await draft.begin();
  await draft.add("tag", objects(OBJECTS_PER_FILE + 5));
  await draft.add("site", objects(1));
  await draft.end("site");
  return folder;
}

async function opened(folder: string): Promise<TargetDraft> {
  const draft = await TargetDraft.open(await openStore(folder));
  if (draft === undefined) throw new Error("Expected a draft");
  await draft.check();
  return draft;
}

test("an interrupted one knows its files, and after which object reading continues", async () => {
  const folder = await interrupted();
  const draft = await opened(folder);
  expect(draft.head).toEqual(HEAD);
  expect(draft.written("tag")).toMatchObject({ objects: 10_000, after: 10_000 });
  expect(draft.written("site")).toMatchObject({ objects: 1, after: undefined });
  expect(draft.written("vlan")).toBeUndefined();
  await draft.begin();
  await draft.add("tag", objects(5, 10_001));
  await draft.end("tag");
  await draft.finish(FACTS);
  const { manifest } = await openTargetFolder(await openStore(folder));
  expect(manifest).toMatchObject({
    surveyed_at: HEAD.started_at,
    outcome: "complete",
    counts: { tag: 10_005, site: 1 },
  });
  expect(await readdir(folder)).toEqual(["manifest.json", "target"]);
});

test("types of one survey can be written at the same time", async () => {
  const folder = await tempFolder();
  const draft = TargetDraft.empty(await openStore(folder), HEAD);
  await draft.begin();
  await Promise.all((["vlan", "tag", "site"] as const).map(async (name) => {
    await draft.add(name, objects(OBJECTS_PER_FILE + 1));
    await draft.end(name);
  }));
  const { files } = await draft.finish(FACTS);
  expect(files.map(({ path }) => path)).toEqual([
    "target/01-tag-0001.jsonl",
    "target/01-tag-0002.jsonl",
    "target/05-site-0001.jsonl",
    "target/05-site-0002.jsonl",
    "target/18-vlan-0001.jsonl",
    "target/18-vlan-0002.jsonl",
  ]);
  await openTargetFolder(await openStore(folder));
});

test.each<[string, (file: string) => Promise<void>]>([
  ["missing", (file) => rm(file)],
  ["changed", (file) => writeFile(file, "{}\n")],
])("a type with a file that is %s is read again, and others are kept", async (_, change) => {
  const folder = await interrupted();
  await change(join(folder, "target/01-tag-0001.jsonl"));
  const draft = await opened(folder);
  expect(draft.written("tag")).toBeUndefined();
  expect(draft.written("site")?.objects).toBe(1);
  await draft.begin();
  expect(await readdir(join(folder, "target"))).toEqual(["05-site-0001.jsonl"]);
});

test("a file without its line, and half a line, are removed: the program was killed", async () => {
  const folder = await interrupted();
  await writeFile(join(folder, "target/01-tag-0002.jsonl"), "{}\n");
  await appendFile(join(folder, "survey.journal"), '["0123');
  const draft = await opened(folder);
  await draft.begin();
  expect((await readdir(join(folder, "target"))).sort()).toEqual([
    "01-tag-0001.jsonl",
    "05-site-0001.jsonl",
  ]);
  expect(await readFile(join(folder, "survey.journal"), "utf8")).not.toContain('["0123');
});

test("a journal with a changed line is refused", async () => {
  const folder = await interrupted();
  const file = join(folder, "survey.journal");
  await writeFile(file, (await readFile(file, "utf8")).replace('"type":"tag"', '"type":"vrf"'));
  await expect(opened(folder)).rejects.toMatchObject({
    kind: "input",
    message: expect.stringContaining("line 2 is damaged"),
    hint: "Start over without --resume",
  });
});

test("nothing is written after it is closed", async () => {
  const folder = await interrupted();
  const draft = await opened(folder);
  await draft.begin();
  await draft.close();
  const before = await readFile(join(folder, "survey.journal"));
  await expect(draft.end("vlan")).rejects.toThrow("The survey has ended");
  expect(await readFile(join(folder, "survey.journal"))).toEqual(before);
});
