/** Folders of a store and files that are created once: the same on disk, in Redis, in S3 and in a folder of a store. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../src/base/text.ts";
import {
  folderIn,
  openStore,
  placeIn,
  type Store,
  type StoreCredentials,
} from "../../src/run-folder/store/store.ts";
import { hasRedis, type RedisServer, startRedis } from "../helpers/redis-server.ts";
import { startS3 } from "../helpers/s3-server.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const KEYS = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret", region: "eu-west-1" };

let redisFolder: string;
let redis: RedisServer | undefined;
beforeAll(async () => {
  redisFolder = await mkdtemp(join(tmpdir(), "redis-"));
  if (hasRedis) redis = await startRedis(redisFolder);
});
afterAll(async () => {
  await redis?.stop();
  await rm(redisFolder, { recursive: true, force: true });
});

let databases = 0;

/** Kind of store → opens the same empty store, as often as it is called. */
const STORES: Readonly<Record<string, () => Promise<() => Promise<Store>>>> = {
  async "on disk"() {
    const folder = await tempFolder();
    return () => opened(join(folder, "history"));
  },
  "in Redis"() {
    const place = `redis://127.0.0.1:${redis?.port}/0/runs${databases++}/history`;
    return Promise.resolve(() => opened(place));
  },
  async "in S3"() {
    const { endpoint } = await startS3({ pageSize: 3 });
    return () => opened("s3://bucket/runs/history", { ...KEYS, endpoint });
  },
  async "in a bucket of its own"() {
    const { endpoint } = await startS3({ pageSize: 2 });
    return () => opened("s3://bucket", { ...KEYS, endpoint });
  },
  async "in a folder of another store"() {
    const folder = await tempFolder();
    return async () => folderIn(await opened(folder), "runs");
  },
};

async function opened(place: string, credentials: StoreCredentials = {}): Promise<Store> {
  const store = await openStore(place, credentials);
  onTestFinished(() => store.close());
  return store;
}

async function fill(store: Store, keys: readonly string[]): Promise<void> {
  for (const key of keys) await store.write(key, encodeUtf8(key));
}

describe.each(Object.entries(STORES))("a store %s", (kind, prepare) => {
  const isSkipped = kind === "in Redis" && !hasRedis;

  test.skipIf(isSkipped)("lists all keys, or those of one folder", async () => {
    const store = await (await prepare())();
    const keys = ["a.json", "run/a", "run/b/c & d", "run/b/e", "run2/f", "runs"];
    await fill(store, keys);
    expect((await store.keys()).sort()).toEqual(keys);
    expect((await store.keys("run")).sort()).toEqual(["run/a", "run/b/c & d", "run/b/e"]);
    expect((await store.keys("run/b")).sort()).toEqual(["run/b/c & d", "run/b/e"]);
    expect(await store.keys("none")).toEqual([]);
    await expect(store.keys("../x")).rejects.toThrow("Refused the file name");
  });

  test.skipIf(isSkipped)("names its folders, and no files", async () => {
    const store = await (await prepare())();
    expect(await store.folders()).toEqual([]);
    await fill(store, ["a.json", "one/a", "one/b", "two/c/d", "three/e", "four/f"]);
    expect((await store.folders()).sort()).toEqual(["four", "one", "three", "two"]);
  });

  test.skipIf(isSkipped)("removes a folder with all of its files, and nothing else", async () => {
    const store = await (await prepare())();
    await fill(store, ["run", "run1/a", "run1/b/c", "run1/b/d", "run1/e", "run11/a"]);
    await store.removeFolder("run1");
    expect((await store.keys()).sort()).toEqual(["run", "run11/a"]);
    await store.removeFolder("run1");
    await expect(store.removeFolder("..")).rejects.toThrow("Refused the file name");
  });

  test.skipIf(isSkipped)("creates a file once, also from many connections", async () => {
    const open = await prepare();
    const stores = await Promise.all(Array.from({ length: 8 }, open));
    const created = await Promise.all(
      stores.map((store, i) => store.create("lock/1.json", encodeUtf8(`by ${i}`))),
    );
    expect(created.filter(Boolean)).toEqual([true]);
    const [store] = stores as [Store];
    const bytes = await store.read("lock/1.json") ?? new Uint8Array();
    expect(decodeUtf8(bytes, "it")).toBe(`by ${created.indexOf(true)}`);
    expect(await store.keys()).toEqual(["lock/1.json"]);
    await store.remove("lock/1.json");
    expect(await store.create("lock/1.json", encodeUtf8("again"))).toBe(true);
    await expect(store.create("../x", new Uint8Array())).rejects.toThrow("Refused the file name");
  });

  test.skipIf(isSkipped)("gives up a draft without touching other folders", async () => {
    const store = await (await prepare())();
    await fill(store, ["other/a", "pve/b"]);
    const draft = await store.draft("netbox");
    await draft.write("01-tag-0001.json", encodeUtf8("new"));
    await draft.discard();
    expect((await store.keys()).sort()).toEqual(["other/a", "pve/b"]);
  });
});

test("a created file leaves no other file on disk, and is not written into a folder that is a file", async () => {
  const folder = await tempFolder();
  const store = await openStore(folder);
  await store.create("a", encodeUtf8("1"));
  await store.create("a", encodeUtf8("2"));
  expect(await readdir(folder)).toEqual(["a"]);
  await expect(store.create("a/b", encodeUtf8("3"))).rejects.toMatchObject({ kind: "usage" });
});

describe("in S3", () => {
  test("folders are listed without their files", async () => {
    const { endpoint, requests } = await startS3();
    const store = await opened("s3://bucket/history", { ...KEYS, endpoint });
    for (let i = 0; i < 30; i += 1) await store.write(`run/${i}`, encodeUtf8("x"));
    const before = requests.length;
    expect(await store.folders()).toEqual(["run"]);
    expect(requests.slice(before)).toEqual([
      "GET bucket?list-type=2&prefix=history%2F&delimiter=%2F",
    ]);
  });

  test("a file that two programs create at the same time is tried again", async () => {
    const { endpoint, objects } = await startS3({ conflicts: 2 });
    const store = await opened("s3://bucket", { ...KEYS, endpoint });
    expect(await store.create("a", encodeUtf8("1"))).toBe(true);
    expect([...objects.keys()]).toEqual(["bucket/a"]);
  });

  test("an answer that refuses a request is an error with its code", async () => {
    const { endpoint } = await startS3({ conflicts: 99 });
    const store = await opened("s3://bucket", { ...KEYS, endpoint });
    await expect(store.create("a", encodeUtf8("1"))).rejects.toMatchObject({
      kind: "remote",
      message: 'Cannot write "a" in s3://bucket: 409 Conflict ConditionalRequestConflict',
    });
  });

  test("the files of another folder of the bucket are never removed", async () => {
    const { endpoint, objects } = await startS3();
    objects.set("bucket/others/precious", encodeUtf8("x"));
    const store = await opened("s3://bucket/lab", { ...KEYS, endpoint });
    const draft = await store.draft("netbox");
    await draft.write("a", encodeUtf8("x"));
    await draft.discard();
    await store.removeFolder("netbox");
    expect([...objects.keys()]).toEqual(["bucket/others/precious"]);
  });
});

test.each([
  ["snapshots/lab", "snapshots/lab/run"],
  ["snapshots/lab/", "snapshots/lab/run"],
  ["s3://bucket", "s3://bucket/run"],
  ["s3://bucket/lab/", "s3://bucket/lab/run"],
  ["redis://host:6379/0/lab?family=6", "redis://host:6379/0/lab/run?family=6"],
])("a folder in %s is %s", (place, expected) => {
  expect(placeIn(place, "run").replaceAll("\\", "/")).toBe(expected);
});
