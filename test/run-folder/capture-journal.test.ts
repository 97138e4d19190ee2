/** capture.journal keeps every answer, even if the process is killed or the last line is cut off. */
import { appendFile, copyFile, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import { resumeJournal } from "../../src/capture/resume.ts";
import { type Answer, incompleteOf } from "../../src/proxmox/answers.ts";
import {
  CAPTURE_JOURNAL_FILE,
  CaptureJournal,
  type CaptureJournalHead,
} from "../../src/run-folder/capture-journal.ts";
import { encodeLine } from "../../src/run-folder/journal.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
import { anyValue } from "../helpers/arbitraries.ts";
import { numRuns } from "../helpers/full-tests.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const HEAD: CaptureJournalHead = {
  started_at: "2026-01-02T03:04:05Z",
  source: { host: "pve1", port: 8006 },
  scope: { nodes: ["*"] },
  settings: {},
};

const WRITTEN_HEAD = { format: 2, ...HEAD };

const good = (data: unknown): Answer => ({ status: 200, data });

async function written(answers: Readonly<Record<string, Answer>>): Promise<string> {
  const folder = await tempFolder();
  const journal = await CaptureJournal.create(folder, HEAD);
  await Promise.all(
    Object.entries(answers).map(([path, answer]) => journal.record({ path, answer, attempts: 2 })),
  );
  await journal.close();
  return folder;
}

async function reopened(folder: string): Promise<CaptureJournal | undefined> {
  const journal = await CaptureJournal.open(folder);
  if (journal !== undefined) onTestFinished(() => journal.close());
  return journal;
}

const THREE = { "/a": good("ä\n"), "/b": good([1]), "/c": good(null) };

describe("a capture journal", () => {
  test("returns its head, its answers and the number of attempts", async () => {
    const journal = await reopened(await written(THREE));
    expect(journal?.head).toEqual(WRITTEN_HEAD);
    expect([journal?.size, journal?.attempts]).toEqual([3, 6]);
    for (const [path, answer] of Object.entries(THREE)) {
      expect(await journal?.answer(path)).toEqual(answer);
    }
    expect(await journal?.answer("/d")).toBeUndefined();
  });

  test("keeps the last answer for a path, and discards failed answers", async () => {
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

  test("is written at once, without a buffer in the process", async () => {
    const folder = await tempFolder();
    const journal = await CaptureJournal.create(folder, HEAD);
    onTestFinished(() => journal.close());
    await journal.record({ path: "/a", answer: good(1), attempts: 1 });
    expect(await readFile(join(folder, CAPTURE_JOURNAL_FILE), "utf8")).toMatch(
      /"path":"\/a"[^\n]*\n$/,
    );
  });

  test("without a complete head is treated as missing", async () => {
    const folder = await tempFolder();
    expect(await CaptureJournal.open(folder)).toBeUndefined();
    for (const text of ["", "x", line(WRITTEN_HEAD).slice(0, -5), "0".repeat(40) + "\n"]) {
      await writeFile(join(folder, CAPTURE_JOURNAL_FILE), text);
      expect(await CaptureJournal.open(folder)).toBeUndefined();
    }
  });

  test("that is created again is empty, even if another process still writes to the old one", async () => {
    const folder = await tempFolder();
    const old = await CaptureJournal.create(folder, HEAD);
    onTestFinished(() => old.close());
    const fresh = await CaptureJournal.create(folder, HEAD);
    await old.record({ path: "/old", answer: good(1), attempts: 1 });
    await fresh.close();
    expect((await reopened(folder))?.size).toBe(0);
  });

  test("can be removed", async () => {
    const folder = await tempFolder();
    const journal = await CaptureJournal.create(folder, HEAD);
    await journal.remove();
    expect(await CaptureJournal.open(folder)).toBeUndefined();
  });
});

describe("a truncated capture journal", () => {
  test("is read up to the last complete line and continued", async () => {
    const folder = await written(THREE);
    const file = join(folder, CAPTURE_JOURNAL_FILE);
    const whole = await readFile(file);
    const ends = [...whole.entries()].filter(([, byte]) => byte === 10).map(([at]) => at + 1);
    // At every byte of the last line, and around the ends of the other lines.
    const near = ends.flatMap((end) => [end - 1, end, end + 1]);
    const lengths = Array.from({ length: 60 }, (_, back) => whole.length - back).concat(near);
    for (const length of lengths.filter((each) => each >= ends[0]!)) {
      await writeFile(file, whole.subarray(0, length));
      const journal = await CaptureJournal.open(folder);
      const lines = ends.filter((end) => end <= length).length - 1;
      expect(journal?.size, `cut after ${length} bytes`).toBe(lines);
      await journal?.record({ path: "/d", answer: good("new"), attempts: 1 });
      await journal?.close();
      const again = await CaptureJournal.open(folder);
      expect([again?.size, await again?.answer("/d")]).toEqual([lines + 1, good("new")]);
      await again?.close();
    }
  });

  test("with garbage or a gap is ignored from there on", async () => {
    const folder = await written(THREE);
    const file = join(folder, CAPTURE_JOURNAL_FILE);
    await appendFile(file, "\0\0\0\0\n{}\n");
    expect((await reopened(folder))?.size).toBe(3);
    const bytes = await readFile(file);
    const second = bytes.indexOf(10, bytes.indexOf(10) + 1) + 5;
    bytes.fill(0, second, second + 8);
    await writeFile(file, bytes);
    expect((await reopened(folder))?.size).toBe(1);
  });

  test("is an error if it is truncated while it is open", async () => {
    const folder = await written(THREE);
    const journal = await reopened(folder);
    await truncate(join(folder, CAPTURE_JOURNAL_FILE), 100);
    await expect(journal?.answer("/c")).rejects.toMatchObject({
      kind: "usage",
      message: expect.stringContaining(CAPTURE_JOURNAL_FILE),
    });
  });
});

function line(value: unknown): string {
  return Buffer.from(encodeLine(value as object)).toString();
}

async function journalOf(...lines: readonly string[]): Promise<string> {
  const folder = await tempFolder();
  await writeFile(join(folder, CAPTURE_JOURNAL_FILE), lines.join(""));
  return folder;
}

const ENTRY = line({ path: "/a", answer: good(1), attempts: 1 });

describe("a capture journal is rejected if it", () => {
  test.each([0, 3, 1.5, -1])("has format %d", async (format) => {
    const head = { ...HEAD, format, scope: "in that format" };
    const folder = await journalOf(line(head), ENTRY);
    await expect(CaptureJournal.open(folder)).rejects.toMatchObject({
      kind: "input",
      message:
        `Cannot read the journal "${CAPTURE_JOURNAL_FILE}" in ${folder}: it has journal format ` +
        `${format}, and this program reads format 1 and 2`,
      hint: expect.stringContaining("without --resume"),
    });
  });

  test.each<[string, number, readonly string[]]>([
    ["has a head without its source", 1, [line({ format: 1 }), ENTRY]],
    ["has a head without a format", 1, [line(null), ENTRY]],
    ["begins with an answer", 1, [ENTRY, ENTRY]],
    ["has a second head", 2, [line(WRITTEN_HEAD), line(WRITTEN_HEAD)]],
    ["has a line without an answer", 2, [line(WRITTEN_HEAD), line({ path: "/a", attempts: 1 })]],
    ["has an invalid answer", 2, [
      line(WRITTEN_HEAD),
      line({ path: "/a", answer: { failed: "?" }, attempts: 1 }),
    ]],
    ["was changed before its end", 2, [line(WRITTEN_HEAD), ENTRY.replace("/a", "/b"), ENTRY]],
    ["was changed in its head", 1, [line(WRITTEN_HEAD).replace("pve1", "pve2"), ENTRY]],
  ])("%s: line %d", async (_, number, lines) => {
    const folder = await journalOf(...lines);
    const before = await readFile(join(folder, CAPTURE_JOURNAL_FILE), "utf8");
    await expect(CaptureJournal.open(folder)).rejects.toMatchObject({
      kind: "input",
      message: expect.stringContaining(
        `"${CAPTURE_JOURNAL_FILE}" in ${folder}: line ${number} is damaged`,
      ),
      hint: expect.stringContaining("without --resume"),
    });
    expect(await readFile(join(folder, CAPTURE_JOURNAL_FILE), "utf8")).toBe(before);
  });
});

test("a capture journal of format 1, which had another checksum, is read and continued", async () => {
  const folder = await tempFolder();
  await copyFile("test/fixtures/capture-format-1.journal", join(folder, CAPTURE_JOURNAL_FILE));
  const journal = await reopened(folder);
  expect(journal?.head).toEqual({ format: 1, ...HEAD });
  await journal?.record({ path: "/version", answer: good("9.1"), attempts: 1 });
  await journal?.close();
  const again = await reopened(folder);
  expect([again?.size, again?.attempts]).toEqual([3, 4]);
  expect(await again?.answer("/nodes")).toEqual(good([{ node: "pve1" }]));
  expect(await again?.answer("/version")).toEqual(good("9.1"));
});

/** A journal with arbitrary damage. */
function anyDamage(): fc.Arbitrary<Buffer> {
  const lines = [
    WRITTEN_HEAD,
    ...Object.keys(THREE).map((path) => ({ path, answer: good(1), attempts: 1 })),
  ];
  const valid = fc.constantFrom<unknown>(...lines);
  // A line with one value replaced and a valid checksum.
  const resealed = fc.tuple(fc.constantFrom(...lines), fc.nat(), anyValue()).map(
    ([record, at, value]): unknown => {
      const keys = Object.keys(record);
      return { ...record, [keys[at % keys.length]!]: value };
    },
  );
  const any = anyValue().map((value) => value ?? null);
  const anyLine = fc.oneof({ weight: 3, arbitrary: valid }, resealed, any, fc.string()).map(line);
  const text = fc.array(anyLine, { maxLength: 6 }).map((others) => [line(WRITTEN_HEAD), ...others]);
  const texts = fc.oneof(text, fc.array(anyLine, { maxLength: 6 })).map((each) =>
    Buffer.from(each.join(""))
  );
  const splice = fc.record({ at: fc.nat(), gone: fc.nat({ max: 40 }), put: fc.uint8Array() });
  return fc.tuple(texts, fc.array(splice, { maxLength: 2 })).map(([bytes, splices]) =>
    splices.reduce((now, { at, gone, put }) => {
      const from = at % (now.length + 1);
      return Buffer.concat([now.subarray(0, from), put, now.subarray(from + gone)]);
    }, bytes)
  );
}

test("a capture journal with any damage is resumed, or rejected with a reason", async () => {
  const folder = await tempFolder();
  const store = await openStore(folder);
  await fc.assert(
    fc.asyncProperty(anyDamage(), async (bytes) => {
      await writeFile(join(folder, CAPTURE_JOURNAL_FILE), bytes);
      try {
        const journal = await resumeJournal(store, HEAD);
        for (const path of Object.keys(THREE)) {
          const answer = await journal.answer(path);
          if (answer !== undefined) expect(incompleteOf(path, answer)).toBeUndefined();
        }
        await journal.close();
      } catch (error) {
        // Any other error would exit with 1, as a bug in the program.
        expect(error).toBeInstanceOf(AppError);
        expect(["input", "usage"]).toContain((error as AppError).kind);
      }
    }),
    { numRuns: numRuns(400) },
  );
});

test.each(["a folder in place of the journal", "a file in place of the run folder"])(
  "%s is a usage error",
  async (what) => {
    const folder = await tempFolder();
    const isFolder = what.startsWith("a folder");
    if (isFolder) {
      await CaptureJournal.create(join(folder, CAPTURE_JOURNAL_FILE), HEAD).then((each) =>
        each.close()
      );
    } else await writeFile(join(folder, "file"), "");
    const place = isFolder ? folder : join(folder, "file");
    await expect(CaptureJournal.create(place, HEAD)).rejects.toMatchObject({ kind: "usage" });
    await expect(CaptureJournal.open(place)).rejects.toMatchObject({ kind: "usage" });
  },
);
