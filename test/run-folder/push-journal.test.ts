/** A journal calls sent only what was sent, wherever the program that writes it is cut off. */
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkedLine, readCheckedLines } from "../../src/run-folder/checked-lines.ts";
import type { EntitySet } from "../../src/run-folder/entity-set.ts";
import {
  type Acknowledgement,
  type Journal,
  openJournal,
} from "../../src/run-folder/push-journal.ts";
import { buildSet, tag } from "../helpers/entity-set.ts";
import { placeFor } from "../helpers/pushing.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const TARGET = "grpc://127.0.0.1:8080/diode";

async function scene(files = 3) {
  const folder = await tempFolder();
  const names = Array.from({ length: files }, (_, i) => [tag(`t${i}`)]);
  const set = await buildSet(folder, { "tag": names });
  const place = await placeFor(folder, TARGET);
  const journal = await openJournal(place);
  await journal.begin({ set, since: undefined }, () => false);
  return { folder, set, place, journal };
}

function lineOf(set: EntitySet, index: number, more: Partial<Acknowledgement> = {}) {
  const { path: file, sha256 } = set.files[index] ?? { path: "", sha256: "" };
  const acknowledged_at = "2026-01-02T03:04:05Z";
  return { file, sha256, entities: 1, request_id: `id-${index}`, acknowledged_at, ...more };
}

function held(journal: Journal, set: EntitySet): number {
  return set.files.filter((file) => journal.holds(file)).length;
}

describe("a journal", () => {
  test("holds what was added, also when it is opened again", async () => {
    const { set, place, journal } = await scene();
    await Promise.all(set.files.map((_, i) => journal.add(lineOf(set, i))));
    expect([journal.isWhole(set), (await openJournal(place)).isWhole(set)]).toEqual([true, true]);
  });

  test("that is not there holds nothing", async () => {
    const folder = await tempFolder();
    const set = await buildSet(folder, { "tag": [[tag("a")]] });
    const journal = await openJournal(await placeFor(folder, TARGET));
    expect([journal.isWhole(set), journal.names(set), journal.isAbout(set)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("cut off at any byte holds a first part of what it held, and goes on from there", async () => {
    const { set, place, journal } = await scene();
    for (const i of set.files.keys()) await journal.add(lineOf(set, i));
    const { store, key } = place;
    const whole = await store.read(key) ?? new Uint8Array();
    for (let length = 0; length < whole.length; length += 1) {
      await store.write(key, whole.subarray(0, length));
      const cut = await openJournal(place);
      const lines = Buffer.from(whole.subarray(0, length)).toString().split("\n").length - 2;
      expect(held(cut, set)).toBe(Math.max(lines, 0));
      if (lines < 0) continue;
      await cut.add(lineOf(set, 2));
      expect((await openJournal(place)).holds(set.files[2] as never), `${length}`).toBe(true);
    }
  });

  test("does not hold a file that has changed, nor one with errors", async () => {
    const { set, place, journal } = await scene();
    await journal.add(lineOf(set, 0, { sha256: "ab" }));
    await journal.add(lineOf(set, 1, { errors: ["entity at index 0 is nil"] }));
    await journal.add(lineOf(set, 2));
    expect(held(await openJournal(place), set)).toBe(1);
    await journal.add(lineOf(set, 1));
    expect(held(await openJournal(place), set)).toBe(2);
  });

  test("remembers the custom fields from set to set, and when the target first had them", async () => {
    const { set, place, journal } = await scene();
    const fields = { custom_fields: "aa", acknowledged_at: "2026-01-01T00:00:00Z" };
    await journal.add(lineOf(set, 0, fields));
    await journal.begin({ set, since: undefined }, () => false);
    await journal.add(lineOf(set, 0, { ...fields, acknowledged_at: "2026-02-02T00:00:00Z" }));
    const known = { sha256: "aa", acknowledged_at: "2026-01-01T00:00:00Z" };
    expect((await openJournal(place)).customFields).toEqual(known);
    await journal.add(lineOf(set, 0, { ...fields, custom_fields: "bb" }));
    expect((await openJournal(place)).customFields).toMatchObject({ sha256: "bb" });
  });

  test("writes lines that come at once in order, all of them", async () => {
    const { set, place, journal } = await scene(40);
    await Promise.all(set.files.map(async (_, i) => {
      await journal.add(lineOf(set, i));
      expect((await openJournal(place)).holds(set.files[i] as never)).toBe(true);
    }));
  });
});

describe("is refused, and the error says", () => {
  async function complaint(change: (text: string) => string, target = TARGET) {
    const { folder, set, place, journal } = await scene();
    for (const i of set.files.keys()) await journal.add(lineOf(set, i));
    const text = Buffer.from(await place.store.read(place.key) ?? []).toString();
    await place.store.write(place.key, Buffer.from(change(text)));
    const elsewhere = { ...place, target: (await placeFor(folder, target)).target };
    const error: unknown = await openJournal(elsewhere).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "AppError", kind: "input" });
    return (error as Error).message;
  }

  test("that a line was changed", async () => {
    expect(await complaint((text) => text.replace("id-0", "id-9"))).toContain("line 2 was changed");
  });

  test("that it is about another target", async () => {
    const message = await complaint((text) => text, "grpc://127.0.0.1:8081/diode");
    expect(message).toContain("127.0.0.1:8080/diode, not 127.0.0.1:8081/diode");
  });

  test("that it is newer, or none", async () => {
    const first = (record: object) => (text: string): string =>
      text.replace(/^.*\n/, Buffer.from(checkedLine(record)).toString());
    const header = { target: "127.0.0.1:8080/diode", entities: "aa" };
    expect(await complaint(first({ format: 2, ...header }))).toContain("journal format 2");
    expect(await complaint(first({ format: 1, entities: "aa" }))).toContain("target");
  });
});

test("checked lines come back whole, and a torn one is not a record", () => {
  const records = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { minLength: 1 });
  fc.assert(fc.property(records, fc.nat(), (values, cut) => {
    const bytes = Buffer.concat(values.map((value) => checkedLine(value)));
    expect(readCheckedLines(bytes, "x")).toMatchObject({ isTorn: false });
    expect(readCheckedLines(bytes, "x").records).toEqual(JSON.parse(JSON.stringify(values)));
    const length = cut % bytes.length;
    const part = readCheckedLines(bytes.subarray(0, length), "x");
    expect(part.records).toEqual(
      JSON.parse(JSON.stringify(values.slice(0, part.records.length))),
    );
    expect(part.isTorn).toBe(length > 0 && bytes[length - 1] !== 0x0a);
  }));
});

test("a journal that the user names stands there", async () => {
  const folder = await tempFolder();
  const place = { ...await placeFor(join(folder, "cache"), TARGET), key: "push.journal" };
  const set = await buildSet(folder, { "tag": [[tag("a")]] });
  const journal = await openJournal(place);
  await journal.begin({ set, since: undefined }, () => false);
  await journal.add(lineOf(set, 0));
  expect((await openJournal(place)).isWhole(set)).toBe(true);
});
