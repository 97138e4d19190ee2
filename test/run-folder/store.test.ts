/** A run folder on disk: reading, writing and replacing files; no file name leaves the folder. */
import { execFileSync } from "node:child_process";
import { chmod, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import { decodeUtf8, encodeUtf8 } from "../../src/base/text.ts";
import { openStore, readRequired, safeKey, type Store } from "../../src/run-folder/store/store.ts";
import { tempFolder, treeOf } from "../helpers/temp-folder.ts";

async function tempStore(): Promise<Store> {
  return await openStore(await tempFolder());
}

async function textOf(store: Store, key: string): Promise<string | undefined> {
  const bytes = await store.read(key);
  return bytes && decodeUtf8(bytes, key);
}

async function thrownBy(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  return undefined;
}

test("append adds to an existing file or creates it", async () => {
  const store = await tempStore();
  for (const text of ["a\n", "b\n", "c\n"]) await store.append("push/x.journal", encodeUtf8(text));
  expect(await textOf(store, "push/x.journal")).toBe("a\nb\nc\n");
  expect(() => safeKey("../x")).toThrow();
  await expect(store.append("../x", new Uint8Array())).rejects.toThrow("Refused the file name");
});

describe("files in a run folder", () => {
  test("are read back with any bytes", async () => {
    const store = await tempStore();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        await store.write("pve/nodes/a.json", bytes);
        expect([...(await store.read("pve/nodes/a.json")) ?? [-1]]).toEqual([...bytes]);
      }),
      { numRuns: 30 },
    );
  });

  test("are listed by path with slashes, including hidden files and unusual names", async () => {
    const store = await tempStore();
    for (const key of ["manifest.json", "pve/nodes/a.json", ".hidden", "pve/100$", "a b"]) {
      await store.write(key, encodeUtf8(key));
    }
    expect((await store.keys()).sort()).toEqual(
      [".hidden", "a b", "manifest.json", "pve/100$", "pve/nodes/a.json"].sort(),
    );
  });

  test("are listed by their full names, which unstorage would shorten", async () => {
    const folder = await tempFolder();
    for (const name of ["a.json?old", "b:c", "d$"]) await writeFile(join(folder, name), name);
    expect((await (await openStore(folder)).keys()).sort()).toEqual(["a.json?old", "b:c", "d$"]);
  });

  test("are undefined if missing, and a missing folder is empty", async () => {
    const store = await openStore(join(await tempFolder(), "none"));
    expect(await store.read("manifest.json")).toBeUndefined();
    expect(await store.keys()).toEqual([]);
  });

  test("that cannot be read are an error, not missing", async () => {
    const folder = await tempFolder();
    await mkdir(join(folder, "folder.json"));
    await writeFile(join(folder, "file"), "");
    await symlink("loop.json", join(folder, "loop.json"));
    const store = await openStore(folder);
    await expect(store.read("folder.json")).rejects.toThrow("it is a folder");
    await expect(store.read("file/below.json")).rejects.toThrow("ENOTDIR");
    await expect(store.read("loop.json")).rejects.toThrow("ELOOP");
    await expect(readRequired(store, "loop.json")).rejects.toMatchObject({
      kind: "input",
      message: expect.stringMatching(/^Cannot read "loop\.json" in .*: ELOOP/),
    });
  });

  const isWindows = process.platform === "win32";
  test.skipIf(isWindows)("that are pipes are an error at once", async () => {
    const folder = await tempFolder();
    execFileSync("mkfifo", [join(folder, "pipe.json")]);
    const store = await openStore(folder);
    await expect(store.read("pipe.json")).rejects.toThrow("a pipe, a socket or a device");
  });

  const isRoot = process.getuid?.() === 0;
  const why = isRoot ? " (skipped: root may read everything)" : "";
  test.skipIf(isRoot)(`without read permission are an error, not missing${why}`, async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, "secret.json"), "{}", { mode: 0o000 });
    await mkdir(join(folder, "closed"));
    await chmod(join(folder, "closed"), 0o000);
    const store = await openStore(folder);
    await expect(store.read("secret.json")).rejects.toThrow("EACCES");
    await expect(store.keys()).rejects.toMatchObject({ kind: "input" });
    await chmod(join(folder, "closed"), 0o700);
  });

  test("in a folder that cannot be listed are an input error that names the folder", async () => {
    const file = join(await tempFolder(), "file");
    await writeFile(file, "");
    const error = await thrownBy(async () => await (await openStore(file)).keys());
    expect(error).toMatchObject({
      kind: "input",
      message: expect.stringContaining(`${file} as a run: it is not a folder`),
    });
  });

  test("that cannot be written are a usage error, and leave no partial file", async () => {
    const folder = await tempFolder();
    await mkdir(join(folder, "taken", "x"), { recursive: true });
    const store = await openStore(folder);
    const error = await thrownBy(() => store.write("taken", encodeUtf8("new")));
    expect(error).toMatchObject({ kind: "usage", message: expect.stringContaining('"taken"') });
    expect(await readdir(folder, { recursive: true })).toEqual(["taken", join("taken", "x")]);
  });

  test("are replaced completely, without leftovers", async () => {
    const store = await tempStore();
    await store.write("a.json", encodeUtf8("a long first version"));
    await store.write("a.json", encodeUtf8("short"));
    expect(await textOf(store, "a.json")).toBe("short");
    expect(await store.keys()).toEqual(["a.json"]);
  });

  test("can be removed, also twice", async () => {
    const store = await tempStore();
    await store.write("pve/a.json", encodeUtf8("{}"));
    await store.remove("pve/a.json");
    await store.remove("pve/a.json");
    expect(await store.keys()).toEqual([]);
  });
});

describe("file names", () => {
  test.each([
    ["that lead above the folder", "../x"],
    ["that lead above it through a subfolder", "pve/../../x"],
    ["that lead above it after a line break", "pve\n/../../x"],
    ["that end with ..", "pve/.."],
    ["that begin with ./", "./x"],
    ["that are absolute", "/etc/passwd"],
    ["with a NUL", "a\0b"],
    ["with a backslash", "..\\x"],
    ["with a drive letter", "C:x"],
    ["with a query, which unstorage cuts off", "manifest.json?x"],
    ["with two slashes", "a//b"],
    ["with a slash at the end", "a/"],
    ["that are empty", ""],
  ])("%s are rejected by all operations", async (_what, key) => {
    const folder = join(await tempFolder(), "run");
    const store = await openStore(folder);
    expect(() => safeKey(key)).toThrow(AppError);
    const draft = await store.draft("netbox");
    for (
      const action of [
        () => readRequired(store, key),
        () => store.read(key),
        () => store.write(key, encodeUtf8("x")),
        () => store.remove(key),
        () => store.draft(key),
        () => draft.write(key, encodeUtf8("x")),
        () => draft.append(key, encodeUtf8("x")),
        () => draft.commit(key, encodeUtf8("x")),
      ]
    ) {
      expect(await thrownBy(action)).toMatchObject({
        kind: "input",
        message: expect.stringMatching(/^Refused/),
      });
    }
    await draft.discard();
    expect(await treeOf(dirname(folder))).toEqual({});
  });

  test.each(["a", "a/b.json", "...", "a..b", ".hidden", "pve/nodes/pve-1.example.net.json", "ä b"])(
    "such as %j are accepted",
    (key) => expect(safeKey(key)).toBe(key),
  );

  test("are shortened to one line in errors", async () => {
    const error = await thrownBy(() => safeKey(`../\n\u001b[2J${"x".repeat(100_000)}`));
    expect((error as Error).message.length).toBeLessThan(200);
    // deno-lint-ignore no-control-regex
    expect((error as Error).message).not.toMatch(/[\u0000-\u001f]/);
  });
});
