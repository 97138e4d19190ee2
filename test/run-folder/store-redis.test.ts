/** Run folders in a real Redis have the same files and bytes as on disk. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { digest } from "../../src/base/digest.ts";
import { AppError } from "../../src/base/errors.ts";
import { encodeUtf8 } from "../../src/base/text.ts";
import { writeEntities } from "../../src/run-folder/entity-writer.ts";
import { openSnapshot } from "../../src/run-folder/snapshot-files.ts";
import { openStore, type Store } from "../../src/run-folder/store/store.ts";
import { parsePolicy } from "../../src/transform/policy.ts";
import { transform } from "../../src/transform/transform.ts";
import { hasRedis, type RedisServer, startRedis } from "../helpers/redis-server.ts";
import { buildSnapshot, oneGuest } from "../helpers/snapshot-builder.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const TOOL = { name: "proxmox-diode", version: "0.1.0" };
const suffix = hasRedis ? "" : " (skipped: redis-server is not on the PATH)";

/** All keys of a store, with the SHA-256 of their bytes. */
async function contentsOf(store: Store): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for (const key of (await store.keys()).sort()) {
    contents[key] = digest((await store.read(key)) ?? "missing");
  }
  return contents;
}

async function makeRun(store: Store): Promise<void> {
  const site = oneGuest({ config: { description: "Grüße, 東京 \u0001" } });
  const snapshot = await buildSnapshot(store, site);
  const policy = parsePolicy({ PROXMOX_HOST: "pve1.example.net" });
  const facts = { tool: TOOL, snapshots: [{ sha256: snapshot.sha256, policy: {} }] };
  await writeEntities(store, transform([{ snapshot, policy }]), facts);
}

describe.skipIf(!hasRedis)(`a run folder in Redis${suffix}`, () => {
  let folder: string;
  let server: RedisServer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "redis-"));
    server = await startRedis(folder);
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(path: string): Promise<Store> {
    const store = await openStore(`redis://127.0.0.1:${server.port}/${path}`);
    onTestFinished(() => store.close());
    return store;
  }

  test("contains a snapshot and entity files with the same bytes as on disk", async () => {
    const onDisk = await openStore(await tempFolder());
    const inRedis = await open("0/lab");
    await makeRun(onDisk);
    await makeRun(inRedis);
    const contents = await contentsOf(onDisk);
    expect(Object.keys(contents).length).toBeGreaterThan(10);
    expect(await contentsOf(inRedis)).toEqual(contents);
  });

  test("is read by another connection", async () => {
    await buildSnapshot(await open("0/other"), oneGuest());
    const snapshot = await openSnapshot(await open("0/other"));
    expect(snapshot.name).toBe("other");
    expect([...(await snapshot.node("pve1"))?.paths() ?? []]).toHaveLength(5);
  });

  test("is separate from other folders and other databases", async () => {
    await (await open("0/a")).write("x", encodeUtf8("a"));
    await (await open("0/ab")).write("x", encodeUtf8("ab"));
    await (await open("1/a")).write("y", encodeUtf8("1"));
    expect(await (await open("0/a")).keys()).toEqual(["x"]);
    expect(await (await open("1/a")).keys()).toEqual(["y"]);
  });

  test("keeps binary files, and distinguishes an empty file from a missing one", async () => {
    const store = await open("0/bytes");
    await store.write("all", Uint8Array.from({ length: 256 }, (_, i) => i));
    await store.write("empty", new Uint8Array());
    expect([...(await store.read("all")) ?? []]).toEqual([...Array(256).keys()]);
    expect((await store.read("empty"))?.byteLength).toBe(0);
    expect(await store.read("none")).toBeUndefined();
  });

  test("appends to existing files", async () => {
    const store = await open("0/append");
    for (const text of ["a\n", "b\n"]) await store.append("push/x.journal", encodeUtf8(text));
    expect(new TextDecoder().decode(await store.read("push/x.journal"))).toBe("a\nb\n");
  });

  test("is unfinished from the first to the last file of a draft", async () => {
    const store = await open("0/draft");
    await store.write("netbox/manifest.json", encodeUtf8("old"));
    await store.write("netbox/13-device-0009.json", encodeUtf8("old"));
    const draft = await store.draft("netbox");
    expect(await store.read("netbox/manifest.json")).toBeDefined();
    await draft.write("01-tag-0001.json", encodeUtf8("new"));
    expect(await store.read("netbox/manifest.json")).toBeUndefined();
    await draft.append("left-out.json", encodeUtf8("one "));
    await draft.append("left-out.json", encodeUtf8("two"));
    await draft.commit("manifest.json", encodeUtf8("new"));
    expect((await store.keys()).sort()).toEqual([
      "netbox/01-tag-0001.json",
      "netbox/left-out.json",
      "netbox/manifest.json",
    ]);
    expect(new TextDecoder().decode(await store.read("netbox/left-out.json"))).toBe("one two");
  });

  test("in a database that the server does not have is an error, and nothing is written", async () => {
    await expect(open("99/lab")).rejects.toSatisfy((error) =>
      error instanceof AppError && error.kind === "remote" && /out of range/.test(error.message)
    );
  });
});
