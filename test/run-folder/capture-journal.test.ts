/** capture.journal: what was answered stands there, whatever became of the process, or of the last line. */
import { appendFile, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { digest } from "../../src/base/digest.ts";
import { AppError } from "../../src/base/errors.ts";
import { resumeJournal } from "../../src/capture/capture.ts";
import { type Answer, incompleteOf } from "../../src/proxmox/answers.ts";
import {
  decodeLine,
  encodeLine,
  Journal,
  JOURNAL_FILE,
  type JournalHead,
} from "../../src/run-folder/capture-journal.ts";
import { openStore } from "../../src/run-folder/store/store.ts";
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

/** Its own checksum on any JSON text. */
function lineOf(json: string): string {
  return `${digest(json).slice(0, 16)} ${json}\n`;
}

async function journalOf(...lines: readonly string[]): Promise<string> {
  const folder = await tempFolder();
  await writeFile(join(folder, JOURNAL_FILE), lines.join(""));
  return folder;
}

const ENTRY = encodeLine({ path: "/a", answer: good(1), attempts: 1 });

describe("a journal that is refused", () => {
  test.each([0, 2, 1.5, -1])("has another format: %d", async (journal) => {
    const head = { ...HEAD, journal, scope: "as that format has it" };
    const folder = await journalOf(lineOf(JSON.stringify(head)), ENTRY);
    await expect(Journal.open(folder)).rejects.toMatchObject({
      kind: "input",
      message: `Cannot resume from "${JOURNAL_FILE}" in ${folder}: it has journal format ` +
        `${journal}, and this program reads format 1`,
      hint: expect.stringContaining("without --resume"),
    });
  });

  test.each<[string, number, readonly string[]]>([
    ["has a head that lacks its source", 1, [lineOf('{"journal":1}'), ENTRY]],
    ["has a head without a format", 1, [lineOf("null"), ENTRY]],
    ["begins with an answer", 1, [ENTRY, ENTRY]],
    ["has a second head", 2, [encodeLine(HEAD), encodeLine(HEAD)]],
    ["has a line without an answer", 2, [encodeLine(HEAD), lineOf('{"path":"/a","attempts":1}')]],
    ["has an answer that is none", 2, [
      encodeLine(HEAD),
      lineOf('{"path":"/a","answer":{"failed":"?"},"attempts":1}'),
    ]],
    ["has a line that is no JSON", 3, [encodeLine(HEAD), ENTRY, lineOf("{")]],
    ["was changed before its end", 2, [encodeLine(HEAD), ENTRY.replace("/a", "/b"), ENTRY]],
    ["was changed in its head", 1, [encodeLine(HEAD).replace("pve1", "pve2"), ENTRY]],
  ])("%s: line %d", async (_, line, lines) => {
    const folder = await journalOf(...lines);
    const before = await readFile(join(folder, JOURNAL_FILE), "utf8");
    await expect(Journal.open(folder)).rejects.toMatchObject({
      kind: "input",
      message: `Cannot resume from "${JOURNAL_FILE}" in ${folder}: line ${line} is damaged`,
      hint: expect.stringContaining("without --resume"),
    });
    expect(await readFile(join(folder, JOURNAL_FILE), "utf8")).toBe(before);
  });
});

/** A journal to which anything may have happened. */
function anyDamage(): fc.Arbitrary<Buffer> {
  const lines = [
    HEAD,
    ...Object.keys(THREE).map((path) => ({ path, answer: good(1), attempts: 1 })),
  ];
  const json = fc.constantFrom(...lines.map((line) => JSON.stringify(line)));
  // A value of a line replaced by another, with a checksum that fits.
  const resealed = fc.tuple(fc.constantFrom(...lines), fc.nat(), anyValue()).map(
    ([line, at, value]) => {
      const keys = Object.keys(line);
      return JSON.stringify({ ...line, [keys[at % keys.length]!]: value });
    },
  );
  const any = anyValue().map((value) => JSON.stringify(value) ?? "null");
  const line = fc.oneof({ weight: 3, arbitrary: json }, resealed, any, fc.string()).map(lineOf);
  const text = fc.tuple(fc.constant(encodeLine(HEAD)), fc.array(line, { maxLength: 6 })).map(
    ([head, others]) => [head, ...others],
  );
  const texts = fc.oneof(text, fc.array(line, { maxLength: 6 })).map((each) =>
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

test("whatever happened to a journal, it is gone on from or refused with a reason", async () => {
  const folder = await tempFolder();
  const store = await openStore(folder);
  await fc.assert(
    fc.asyncProperty(anyDamage(), async (bytes) => {
      await writeFile(join(folder, JOURNAL_FILE), bytes);
      try {
        const journal = await resumeJournal(store, HEAD);
        for (const path of Object.keys(THREE)) {
          const answer = await journal.answer(path);
          if (answer !== undefined) expect(incompleteOf(path, answer)).toBeUndefined();
        }
        await journal.close();
      } catch (error) {
        // Anything else would end with exit code 1, as a fault of the program.
        expect(error).toBeInstanceOf(AppError);
        expect(["input", "usage"]).toContain((error as AppError).kind);
      }
    }),
    { numRuns: 400 },
  );
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
