/** capture.journal: what was answered stands there, whatever became of the process, or of the last line. */
import { appendFile, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { Journal, JOURNAL_FILE } from "../../src/capture/journal.ts";
import { decodeLine, encodeLine, type JournalHead } from "../../src/capture/journal-line.ts";
import type { Answer } from "../../src/snapshot/schema.ts";
import { anyText, anyValue } from "../helpers/arbitraries.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const HEAD: JournalHead = {
  journal: 1,
  started_at: "2026-01-02T03:04:05Z",
  source: { host: "pve1", port: 8006 },
  scope: { nodes: ["*"] },
  settings: {},
};

const good = (data: unknown): Answer => ({ status: 200, data });

async function written(answers: Readonly<Record<string, Answer>>): Promise<string> {
  const folder = await tempFolder();
  const journal = await Journal.create(folder, HEAD);
  await Promise.all(
    Object.entries(answers).map(([path, answer]) => journal.record({ path, answer, attempts: 2 })),
  );
  await journal.close();
  return folder;
}

async function reopened(folder: string): Promise<Journal | undefined> {
  const journal = await Journal.open(folder);
  if (journal !== undefined) onTestFinished(() => journal.close());
  return journal;
}

const THREE = { "/a": good("ä\n"), "/b": good([1]), "/c": good(null) };

describe("a journal", () => {
  test("gives back its head, its answers and the count of their attempts", async () => {
    const journal = await reopened(await written(THREE));
    expect(journal?.head).toEqual(HEAD);
    expect([journal?.size, journal?.attempts]).toEqual([3, 6]);
    for (const [path, answer] of Object.entries(THREE)) {
      expect(await journal?.answer(path)).toEqual(answer);
    }
    expect(await journal?.answer("/d")).toBeUndefined();
  });

  test("has of several answers to one question the last, and of gaps none", async () => {
    const folder = await written({
      "/a": good(1),
      "/b": { failed: "timeout" },
      "/c": { status: 403 },
    });
    const journal = await reopened(folder);
    await journal?.record({ path: "/a", answer: good(2), attempts: 1 });
    expect(await journal?.answer("/a")).toEqual(good(2));
    expect([journal?.size, journal?.attempts]).toEqual([1, 7]);
    await journal?.record({ path: "/b", answer: { failed: "timeout" }, attempts: 1 });
    await journal?.close();
    const again = await reopened(folder);
    expect(await again?.answer("/a")).toEqual(good(2));
    expect(await again?.answer("/b")).toBeUndefined();
  });

  test("is there at once for others: nothing is kept back in the process", async () => {
    const folder = await tempFolder();
    const journal = await Journal.create(folder, HEAD);
    onTestFinished(() => journal.close());
    await journal.record({ path: "/a", answer: good(1), attempts: 1 });
    expect(await readFile(join(folder, JOURNAL_FILE), "utf8")).toMatch(/"path":"\/a"[^\n]*\n$/);
  });

  test("that is not there, or holds not even a head, is none", async () => {
    const folder = await tempFolder();
    expect(await Journal.open(folder)).toBeUndefined();
    for (const text of ["", "x", `${encodeLine(HEAD).slice(0, -5)}`, "0".repeat(40) + "\n"]) {
      await writeFile(join(folder, JOURNAL_FILE), text);
      expect(await Journal.open(folder)).toBeUndefined();
    }
  });

  test("that is begun anew is empty, and what still writes to the old one does not reach it", async () => {
    const folder = await tempFolder();
    const old = await Journal.create(folder, HEAD);
    onTestFinished(() => old.close());
    const anew = await Journal.create(folder, HEAD);
    await old.record({ path: "/old", answer: good(1), attempts: 1 });
    await anew.close();
    expect((await reopened(folder))?.size).toBe(0);
  });

  test("is removed without a trace", async () => {
    const folder = await tempFolder();
    const journal = await Journal.create(folder, HEAD);
    await journal.remove();
    expect(await Journal.open(folder)).toBeUndefined();
  });
});

describe("a journal that was cut off", () => {
  test("anywhere is read up to there, and goes on from there", async () => {
    const folder = await written(THREE);
    const file = join(folder, JOURNAL_FILE);
    const whole = await readFile(file);
    const ends = [...whole.entries()].filter(([, byte]) => byte === 10).map(([at]) => at + 1);
    // At every byte of the last line, and before and after the others.
    const near = ends.flatMap((end) => [end - 1, end, end + 1]);
    const lengths = Array.from({ length: 60 }, (_, back) => whole.length - back).concat(near);
    for (const length of lengths.filter((each) => each >= ends[0]!)) {
      await writeFile(file, whole.subarray(0, length));
      const journal = await Journal.open(folder);
      const lines = ends.filter((end) => end <= length).length - 1;
      expect(journal?.size, `cut after ${length} bytes`).toBe(lines);
      await journal?.record({ path: "/d", answer: good("new"), attempts: 1 });
      await journal?.close();
      const again = await Journal.open(folder);
      expect([again?.size, await again?.answer("/d")]).toEqual([lines + 1, good("new")]);
      await again?.close();
    }
  });

  test("and has rubbish behind, or a hole in it, is not trusted from there on", async () => {
    const folder = await written(THREE);
    const file = join(folder, JOURNAL_FILE);
    await appendFile(file, "\0\0\0\0\n{}\n");
    expect((await reopened(folder))?.size).toBe(3);
    const bytes = await readFile(file);
    const second = bytes.indexOf(10, bytes.indexOf(10) + 1) + 5;
    bytes.fill(0, second, second + 8);
    await writeFile(file, bytes);
    expect((await reopened(folder))?.size).toBe(1);
  });

  test("while it is read says so, and gives nothing that is not whole", async () => {
    const folder = await written(THREE);
    const journal = await reopened(folder);
    await truncate(join(folder, JOURNAL_FILE), 100);
    await expect(journal?.answer("/c")).rejects.toMatchObject({
      kind: "usage",
      message: expect.stringContaining(JOURNAL_FILE),
    });
  });
});

test("a line is whole or nothing: no other text has its checksum", () => {
  fc.assert(fc.property(anyText(), anyValue(), fc.nat(), (path, data, at) => {
    const answer = good(data ?? null);
    const line = encodeLine({ path, answer, attempts: 1 });
    expect(line.indexOf("\n")).toBe(line.length - 1);
    const text = line.slice(0, -1);
    expect(decodeLine(text)).toEqual(JSON.parse(JSON.stringify({ path, answer, attempts: 1 })));
    const cut = at % text.length;
    expect(decodeLine(text.slice(0, cut))).toBeUndefined();
    expect(decodeLine(`${text.slice(0, cut)}\u0001${text.slice(cut + 1)}`)).toBeUndefined();
  }));
});

test.each(["a folder in its place", "a place that is no folder"])(
  "%s is a clear error",
  async (what) => {
    const folder = await tempFolder();
    const isFolder = what.startsWith("a folder");
    if (isFolder) {
      await Journal.create(join(folder, JOURNAL_FILE), HEAD).then((each) => each.close());
    } else await writeFile(join(folder, "file"), "");
    const place = isFolder ? folder : join(folder, "file");
    await expect(Journal.create(place, HEAD)).rejects.toMatchObject({ kind: "usage" });
    await expect(Journal.open(place)).rejects.toMatchObject({ kind: "usage" });
  },
);
