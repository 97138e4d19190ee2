/** A draft replaces the whole folder or nothing. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../src/base/text.ts";
import { openStore, type Store } from "../../src/run-folder/store/store.ts";
import { tempFolder, treeOf } from "../helpers/temp-folder.ts";

async function storeWithOldFolder(): Promise<{ store: Store; folder: string }> {
  const folder = await tempFolder();
  const store = await openStore(folder);
  await store.write("manifest.json", encodeUtf8("snapshot"));
  for (const name of ["manifest.json", "01-tag-0001.json", "13-device-0009.json"]) {
    await store.write(`netbox/${name}`, encodeUtf8(`old ${name}`));
  }
  return { store, folder };
}

async function textsOf(store: Store): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const key of (await store.keys()).sort()) {
    texts[key] = decodeUtf8((await store.read(key)) ?? encodeUtf8("?"), key);
  }
  return texts;
}

describe("a draft", () => {
  test("replaces the folder, including files of an older, larger one", async () => {
    const { store } = await storeWithOldFolder();
    const draft = await store.draft("netbox");
    await draft.write("01-tag-0001.json", encodeUtf8("new tags"));
    await draft.append("left-out.json", encodeUtf8("one, "));
    await draft.append("left-out.json", encodeUtf8("two"));
    await draft.commit("manifest.json", encodeUtf8("new manifest"));
    expect(await textsOf(store)).toEqual({
      "manifest.json": "snapshot",
      "netbox/01-tag-0001.json": "new tags",
      "netbox/left-out.json": "one, two",
      "netbox/manifest.json": "new manifest",
    });
  });

  test("needs no existing folder, and creates the run folder if needed", async () => {
    const store = await openStore(join(await tempFolder(), "not", "yet"));
    const draft = await store.draft("netbox");
    await draft.commit("manifest.json", encodeUtf8("only"));
    expect(await textsOf(store)).toEqual({ "netbox/manifest.json": "only" });
  });

  test("leaves the old folder readable until it is committed", async () => {
    const { store } = await storeWithOldFolder();
    const draft = await store.draft("netbox");
    await draft.write("01-tag-0001.json", encodeUtf8("new tags"));
    expect(decodeUtf8((await store.read("netbox/01-tag-0001.json")) ?? encodeUtf8(""), "")).toBe(
      "old 01-tag-0001.json",
    );
    await draft.discard();
  });

  test("that is discarded leaves no files", async () => {
    const { store, folder } = await storeWithOldFolder();
    const before = await treeOf(folder);
    const draft = await store.draft("netbox");
    await draft.write("01-tag-0001.json", encodeUtf8("new tags"));
    await draft.append("left-out.json", encodeUtf8("x"));
    await draft.discard();
    expect(await treeOf(folder)).toEqual(before);
  });

  test("can be used in parallel with other drafts and with listings, which miss no file", async () => {
    const { store } = await storeWithOldFolder();
    const passes = Array.from({ length: 8 }, async () => {
      for (let pass = 0; pass < 20; pass += 1) {
        const draft = await store.draft("netbox");
        await draft.write("01-tag-0001.json", encodeUtf8("new tags"));
        const keys = await store.keys();
        expect(keys.filter((key) => !key.startsWith(".netbox.part-"))).toHaveLength(4);
        await draft.discard();
      }
    });
    await Promise.all(passes);
  });

  test("is not mixed with uncommitted drafts of other or crashed processes", async () => {
    const { store, folder } = await storeWithOldFolder();
    const crashed = await store.draft("netbox");
    await crashed.write("99-junk.json", encodeUtf8("half"));
    await crashed.append("left-out.json", encodeUtf8("half"));
    const draft = await store.draft("netbox");
    await draft.append("left-out.json", encodeUtf8("whole"));
    await draft.commit("manifest.json", encodeUtf8("new"));
    const files = Object.keys(await treeOf(folder)).filter((file) => !file.startsWith("."));
    expect(files).toEqual([
      "manifest.json",
      "netbox/left-out.json",
      "netbox/manifest.json",
    ]);
    expect((await textsOf(store))["netbox/left-out.json"]).toBe("whole");
  });

  test("that cannot be committed leaves the old folder unchanged", async () => {
    const { store, folder } = await storeWithOldFolder();
    const before = await treeOf(join(folder, "netbox"));
    const draft = await store.draft("netbox");
    await expect(draft.commit("no/such/folder.json", encodeUtf8("x"))).rejects.toMatchObject({
      kind: "usage",
    });
    await draft.discard();
    expect(await treeOf(join(folder, "netbox"))).toEqual(before);
    expect(Object.keys(await treeOf(folder))).toHaveLength(4);
  });

  test("in a place that is not writable is a usage error that names the place", async () => {
    const file = join(await tempFolder(), "file");
    await writeFile(file, "");
    const store = await openStore(file);
    await expect(store.draft("netbox")).rejects.toMatchObject({
      kind: "usage",
      message: expect.stringContaining(`Cannot write "netbox" in ${file}`),
    });
  });
});
