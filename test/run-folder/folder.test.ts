/** Folders are created with their parents; a place that cannot hold a folder is refused at once. */
import { existsSync } from "node:fs";
import { readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeFolder } from "../../src/run-folder/store/folder.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

describe("a folder", () => {
  test("is made with those above it, once or twice", async () => {
    const place = await tempFolder();
    await makeFolder(join(place, "a/b/c"));
    await makeFolder(join(place, "a/b/c"));
    expect(await readdir(join(place, "a/b"))).toEqual(["c"]);
  });

  test("is made by many at once", async () => {
    const place = await tempFolder();
    const wanted = Array.from({ length: 20 }, (_, i) => `a/b/${i % 4}`);
    await Promise.all(wanted.map((folder) => makeFolder(join(place, folder))));
    expect((await readdir(join(place, "a/b"))).sort()).toEqual(["0", "1", "2", "3"]);
  });

  test("is refused where a file stands", async () => {
    const place = await tempFolder();
    await writeFile(join(place, "file"), "");
    await expect(makeFolder(join(place, "file"))).rejects.toThrow("EEXIST");
    await expect(makeFolder(join(place, "file/a"))).rejects.toThrow("ENOTDIR");
  });

  test("is refused below a link to nowhere", async () => {
    const place = await tempFolder();
    await symlink(join(place, "unmounted"), join(place, "link"));
    await expect(makeFolder(join(place, "link/a/b"))).rejects.toThrow();
  });

  test.skipIf(!existsSync("/proc/self"))("is refused in /proc", async () => {
    await expect(makeFolder("/proc/no-such-process/a")).rejects.toThrow();
  });
});
