/** makeFolder creates a folder with its parents, and fails at once if that is impossible. */
import { existsSync } from "node:fs";
import { readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeFolder } from "../../src/run-folder/store/folder.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

describe("makeFolder", () => {
  test("creates a folder with its parents, and accepts an existing one", async () => {
    const place = await tempFolder();
    await makeFolder(join(place, "a/b/c"));
    await makeFolder(join(place, "a/b/c"));
    expect(await readdir(join(place, "a/b"))).toEqual(["c"]);
  });

  test("works in parallel", async () => {
    const place = await tempFolder();
    const folders = Array.from({ length: 20 }, (_, i) => `a/b/${i % 4}`);
    await Promise.all(folders.map((folder) => makeFolder(join(place, folder))));
    expect((await readdir(join(place, "a/b"))).sort()).toEqual(["0", "1", "2", "3"]);
  });

  test("fails if a file is in the way", async () => {
    const place = await tempFolder();
    await writeFile(join(place, "file"), "");
    await expect(makeFolder(join(place, "file"))).rejects.toThrow("EEXIST");
    await expect(makeFolder(join(place, "file/a"))).rejects.toThrow("ENOTDIR");
  });

  test("fails below a broken symbolic link", async () => {
    const place = await tempFolder();
    await symlink(join(place, "unmounted"), join(place, "link"));
    await expect(makeFolder(join(place, "link/a/b"))).rejects.toThrow();
  });

  test.skipIf(!existsSync("/proc/self"))("fails in /proc", async () => {
    await expect(makeFolder("/proc/no-such-process/a")).rejects.toThrow();
  });
});
