/** A push journal lists a file as sent only if it was sent, whenever the process is killed. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { EntitySet } from "../../src/run-folder/entity-set.ts";
import { encodeLine } from "../../src/run-folder/journal.ts";
import {
  type Acknowledgement,
  openPushJournal,
  type PushJournal,
  readPushJournal,
} from "../../src/run-folder/push-journal.ts";
import { buildSet, tag } from "../helpers/entity-set.ts";
import { placeFor } from "../helpers/pushing.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const TARGET = "grpc://127.0.0.1:8080/diode";

async function started(files = 3) {
  const folder = await tempFolder();
  const names = Array.from({ length: files }, (_, i) => [tag(`t${i}`)]);
  const set = await buildSet(folder, { "tag": names });
  const place = await placeFor(folder, TARGET);
  const journal = await openPushJournal(place);
  await journal.begin({ set, since: undefined }, () => false);
  return { folder, set, place, journal };
}

function lineOf(set: EntitySet, index: number, more: Partial<Acknowledgement> = {}) {
  const { path: file, sha256 } = set.files[index] ?? { path: "", sha256: "" };
  const acknowledged_at = "2026-01-02T03:04:05Z";
  return { file, sha256, entities: 1, request_id: `id-${index}`, acknowledged_at, ...more };
}

function acknowledgedCount(journal: PushJournal, set: EntitySet): number {
  return set.files.filter((file) => journal.isAcknowledged(file)).length;
}

describe("a push journal", () => {
  test("contains added files, also after it is opened again", async () => {
    const { set, place, journal } = await started();
    await Promise.all(set.files.map((_, i) => journal.add(lineOf(set, i))));
    expect([journal.hasAll(set), (await openPushJournal(place)).hasAll(set)]).toEqual([
      true,
      true,
    ]);
  });

  test("that is missing contains no files", async () => {
    const folder = await tempFolder();
    const set = await buildSet(folder, { "tag": [[tag("a")]] });
    const journal = await openPushJournal(await placeFor(folder, TARGET));
    expect([journal.hasAll(set), journal.isFor(set), journal.isResumable(set)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("that is cut off at any byte contains the complete lines and is continued", async () => {
    const { set, place, journal } = await started();
    for (const i of set.files.keys()) await journal.add(lineOf(set, i));
    const { store, key } = place;
    const whole = await store.read(key) ?? new Uint8Array();
    for (let length = 0; length < whole.length; length += 1) {
      await store.write(key, whole.subarray(0, length));
      const cut = await openPushJournal(place);
      const lines = Buffer.from(whole.subarray(0, length)).toString().split("\n").length - 2;
      expect(acknowledgedCount(cut, set)).toBe(Math.max(lines, 0));
      if (lines < 0) continue;
      await cut.add(lineOf(set, 2));
      expect((await openPushJournal(place)).isAcknowledged(set.files[2] as never), `${length}`)
        .toBe(
          true,
        );
    }
  });

  test("does not count files that changed or had errors", async () => {
    const { set, place, journal } = await started();
    await journal.add(lineOf(set, 0, { sha256: "ab" }));
    await journal.add(lineOf(set, 1, { errors: ["entity at index 0 is nil"] }));
    await journal.add(lineOf(set, 2));
    expect(acknowledgedCount(await openPushJournal(place), set)).toBe(1);
    await journal.add(lineOf(set, 1));
    expect(acknowledgedCount(await openPushJournal(place), set)).toBe(2);
  });

  test("keeps the digest of the custom fields across sets, with the time when the target first had them", async () => {
    const { set, place, journal } = await started();
    const fields = { custom_fields: "aa", acknowledged_at: "2026-01-01T00:00:00Z" };
    await journal.add(lineOf(set, 0, fields));
    await journal.begin({ set, since: undefined }, () => false);
    await journal.add(lineOf(set, 0, { ...fields, acknowledged_at: "2026-02-02T00:00:00Z" }));
    const known = { sha256: "aa", acknowledged_at: "2026-01-01T00:00:00Z" };
    expect((await openPushJournal(place)).customFields).toEqual(known);
    await journal.add(lineOf(set, 0, { ...fields, custom_fields: "bb" }));
    expect((await openPushJournal(place)).customFields).toMatchObject({ sha256: "bb" });
  });

  test("tells what was sent, acknowledged and confirmed", async () => {
    const { set, place, journal } = await started(2);
    const about = (index: number) => {
      const { path: file, sha256 } = set.files[index] ?? { path: "", sha256: "" };
      return { file, sha256 };
    };
    const time = "2026-01-02T03:04:05Z";
    await journal.add(lineOf(set, 0), lineOf(set, 1));
    await journal.add({ ...about(0), confirmed_at: time });
    await journal.add({ ...about(1), confirmed_at: time, sha256: "ab" });
    const again = await openPushJournal(place);
    expect(set.files.map((file) => again.hasConfirmed(file))).toEqual([true, false]);
    expect([again.hasAll(set), again.isConfirmed(set)]).toEqual([true, false]);
    await again.add({ ...about(1), confirmed_at: time });
    expect((await openPushJournal(place)).isConfirmed(set)).toBe(true);
  });

  test("about differences is confirmed only if the earlier run is", async () => {
    const { set, place, journal } = await started(1);
    const { path: file = "", sha256 = "" } = set.files[0] ?? {};
    for (const isConfirmed of [false, true]) {
      const since = { set, isConfirmed, open: [], doubtful: [], sentSince: [] };
      await journal.begin({ set, since }, () => false);
      await journal.add(lineOf(set, 0), { file, sha256, confirmed_at: "2026-01-02T03:04:05Z" });
      expect((await openPushJournal(place)).isConfirmed(set)).toBe(isConfirmed);
    }
  });

  test("of another set is kept until the first answer about this one", async () => {
    const { set, place, journal } = await started(2);
    await journal.add(lineOf(set, 0));
    const other = await buildSet(await tempFolder(), { "tag": [[tag("z")]] });
    const next = await openPushJournal(place);
    await next.begin({ set: other, since: undefined }, () => false);
    const { path: file = "", sha256 = "" } = other.files[0] ?? {};
    const sent = { file, sha256, sent_at: "2026-01-02T03:04:05Z" };
    await next.sending(sent);
    expect((await openPushJournal(place)).isFor(set)).toBe(true);
    await next.add(lineOf(other, 0));
    const { store, key } = place;
    const { head, entries } = readPushJournal(await store.read(key) ?? new Uint8Array(), key);
    expect([head?.entities, entries]).toEqual([other.sha256, [sent, lineOf(other, 0)]]);
  });

  test("tells of the first file that it is sent, before there is an answer", async () => {
    const { set, place, journal } = await started(2);
    const { path: file = "", sha256 = "" } = set.files[0] ?? {};
    await journal.sending({ file, sha256, sent_at: "2026-01-02T03:04:05Z" });
    const killed = await openPushJournal(place);
    expect(killed.sentOf(set)).toEqual(new Set([file]));
    expect(killed.deliveryOf(set)).toEqual({ state: "partial", except: [] });
  });

  test("writes lines that are added in parallel in order", async () => {
    const { set, place, journal } = await started(40);
    await Promise.all(set.files.map(async (_, i) => {
      await journal.add(lineOf(set, i));
      expect((await openPushJournal(place)).isAcknowledged(set.files[i] as never)).toBe(true);
    }));
  });
});

test("a push journal of format 1, which has acknowledged files only, is read and continued", async () => {
  const folder = await tempFolder();
  const place = await placeFor(folder, "grpcs://diode.example.net/diode");
  await place.store.write(place.key, await readFile("test/fixtures/push-format-1.journal"));
  const journal = await openPushJournal(place);
  const file = {
    path: "netbox/01-tag-0001.json",
    sha256: "ab12",
    bytes: 0,
    step: "tag" as const,
    read: () => Promise.resolve(new Uint8Array()),
  };
  const set = { place: folder, sha256: "cd34", files: [file] };
  expect([journal.hasAll(set), journal.isConfirmed(set)]).toEqual([true, false]);
  const line = { file: file.path, sha256: file.sha256, confirmed_at: "2026-10-05T09:00:07Z" };
  await journal.add(line);
  expect((await openPushJournal(place)).isConfirmed(set)).toBe(true);
});

test("a push journal of format 2, which has no exceptions, is read and continued", async () => {
  const folder = await tempFolder();
  const place = await placeFor(folder, "grpcs://diode.example.net/diode");
  await place.store.write(place.key, await readFile("test/fixtures/push-format-2.journal"));
  const files = [["netbox/01-tag-0001.json", "ab12"], ["netbox/06-vlan-0001.json", "ef56"]].map(
    ([path = "", sha256 = ""]) => ({
      path,
      sha256,
      bytes: 0,
      step: undefined,
      read: () => Promise.resolve(new Uint8Array()),
    }),
  );
  const set = { place: folder, sha256: "cd34", files };
  const journal = await openPushJournal(place);
  expect(journal.deliveryOf(set)).toEqual({ state: "acknowledged", except: [] });
  const line = { file: "netbox/06-vlan-0001.json", sha256: "ef56" };
  await journal.add({ ...line, confirmed_at: "2026-10-05T09:00:08Z", except: [3] });
  const again = await openPushJournal(place);
  expect(again.deliveryOf(set)).toEqual({
    state: "confirmed",
    except: [{ file: files[1], only: [3] }],
  });
  // A program that knows no exceptions must not read it.
  const { head } = readPushJournal(await place.store.read(place.key) ?? new Uint8Array(), "");
  expect(head?.format).toBe(3);
});

test("a push journal that is cut off is not changed by opening it", async () => {
  const { set, place, journal } = await started();
  for (const i of set.files.keys()) await journal.add(lineOf(set, i));
  const { store, key } = place;
  const cut = (await store.read(key) ?? new Uint8Array()).subarray(0, -9);
  await store.write(key, cut);
  expect(acknowledgedCount(await openPushJournal(place), set)).toBe(2);
  expect(Buffer.from(await store.read(key) ?? []).equals(cut)).toBe(true);
});

test("a push journal is whole after a write that failed halfway", async () => {
  const { set, place } = await started(4);
  let isFull = false;
  const { store } = place;
  const append = async (key: string, bytes: Uint8Array): Promise<void> => {
    await store.append(key, isFull ? bytes.subarray(0, 20) : bytes);
    if (!isFull) return;
    isFull = false;
    throw new Error("no space left on device");
  };
  const journal = await openPushJournal({ ...place, store: { ...store, append } });
  await journal.begin({ set, since: undefined }, () => false);
  await journal.add(lineOf(set, 0));
  isFull = true;
  await expect(journal.add(lineOf(set, 1))).rejects.toThrow("no space left");
  expect(acknowledgedCount(journal, set)).toBe(1);
  for (const i of [2, 3]) await journal.add(lineOf(set, i));
  expect(acknowledgedCount(journal, set)).toBe(3);
  expect(acknowledgedCount(await openPushJournal(place), set)).toBe(3);
});

describe("a push journal is rejected if", () => {
  async function messageAfter(change: (text: string) => string, target = TARGET) {
    const { folder, set, place, journal } = await started();
    for (const i of set.files.keys()) await journal.add(lineOf(set, i));
    const text = Buffer.from(await place.store.read(place.key) ?? []).toString();
    await place.store.write(place.key, Buffer.from(change(text)));
    const elsewhere = { ...place, target: (await placeFor(folder, target)).target };
    const error: unknown = await openPushJournal(elsewhere).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "AppError", kind: "input" });
    return (error as Error).message;
  }

  test("a line was changed", async () => {
    expect(await messageAfter((text) => text.replace("id-0", "id-9"))).toContain(
      "line 2 is damaged",
    );
  });

  test("it belongs to another target", async () => {
    const message = await messageAfter((text) => text, "grpc://127.0.0.1:8081/diode");
    expect(message).toContain("127.0.0.1:8080/diode, not 127.0.0.1:8081/diode");
  });

  test("a time is not a date", async () => {
    const entry = { file: "a", sha256: "ab", entities: 1, acknowledged_at: "yesterday" };
    const added = Buffer.from(encodeLine(entry)).toString();
    expect(await messageAfter((text) => text + added)).toContain("acknowledged_at");
  });

  test("its format is newer or its head is incomplete", async () => {
    const first = (record: object) => (text: string): string =>
      text.replace(/^.*\n/, Buffer.from(encodeLine(record)).toString());
    const header = { target: "127.0.0.1:8080/diode", entities: "aa" };
    expect(await messageAfter(first({ format: 4, ...header }))).toContain("journal format 4");
    expect(await messageAfter(first({ format: 1, entities: "aa" }))).toContain("target");
  });
});

test("a push journal may be in a file that the user names", async () => {
  const folder = await tempFolder();
  const place = { ...await placeFor(join(folder, "cache"), TARGET), key: "push.journal" };
  const set = await buildSet(folder, { "tag": [[tag("a")]] });
  const journal = await openPushJournal(place);
  await journal.begin({ set, since: undefined }, () => false);
  await journal.add(lineOf(set, 0));
  expect((await openPushJournal(place)).hasAll(set)).toBe(true);
});
