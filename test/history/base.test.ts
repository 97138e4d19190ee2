/** The base of a push, and why a run is pushed as a whole: from real files of a history. */
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  baseAmong,
  type BaseChoice,
  type BaseQuestion,
  chooseBase,
  MAX_SENT_SINCE,
} from "../../src/history/base.ts";
import { type StoredRun, storedRuns } from "../../src/history/stored-run.ts";
import { buildSet, tag } from "../helpers/entity-set.ts";
import { type DescribedRun, historyOf, TARGET } from "../helpers/history.ts";

const DAYS = ["24", "25", "26", "27", "28"].map((day) => `2026-11-${day}T10-00-00Z`);
const [A = "", B = "", C = "", D = "", E = ""] = DAYS;

const QUESTION: BaseQuestion = {
  target: TARGET,
  isNetBoxRead: true,
  mappingVersion: 1,
  fullEveryMs: undefined,
  now: new Date("2026-11-28T12:00:00Z"),
};
const DAY_MS = 86_400_000;

const CONFIRMED: DescribedRun = { pushes: [{ state: "confirmed" }] };
const ACKNOWLEDGED: DescribedRun = { pushes: [{ state: "acknowledged" }] };
const PARTIAL: DescribedRun = { pushes: [{ state: "partial" }] };

function after(since: string, state: "confirmed" | "acknowledged" | "partial"): DescribedRun {
  return { pushes: [{ state, since }] };
}

async function runsOf(runs: Readonly<Record<string, DescribedRun>>): Promise<StoredRun[]> {
  const { store } = await historyOf(runs);
  const found: StoredRun[] = [];
  for await (const run of storedRuns(store)) found.push(run);
  return found;
}

async function chosen(
  runs: Readonly<Record<string, DescribedRun>>,
  question: Partial<BaseQuestion> = {},
): Promise<BaseChoice> {
  return chooseBase(await runsOf(runs), { ...QUESTION, ...question });
}

/** For short comparisons. */
function shown(choice: BaseChoice): unknown {
  if (choice.mode === "whole") return choice.why;
  const { base, isConfirmed, sentSince } = choice;
  return [base.name, isConfirmed ? "confirmed" : "acknowledged", sentSince.map(({ name }) => name)];
}

describe("the base is", () => {
  test("the newest run that NetBox has, with the later ones of which anything was sent", async () => {
    const runs = {
      [A]: CONFIRMED,
      [B]: after(A, "confirmed"),
      [C]: after(B, "acknowledged"),
      [D]: {},
      [E]: after(B, "partial"),
    };
    expect(shown(await chosen(runs))).toEqual([B, "confirmed", [E, C]]);
  });

  test("without NetBox, the newest run that Diode has acknowledged", async () => {
    const runs = { [A]: CONFIRMED, [B]: after(A, "acknowledged"), [C]: after(B, "partial") };
    expect(shown(await chosen(runs, { isNetBoxRead: false }))).toEqual([B, "acknowledged", [C]]);
    expect(shown(await chosen({ [A]: CONFIRMED }, { isNetBoxRead: false })))
      .toEqual([A, "confirmed", []]);
  });

  test("of this target alone", async () => {
    const other = { target: "other.example.com:443", state: "confirmed" } as const;
    const runs = { [A]: CONFIRMED, [B]: { pushes: [other] } };
    expect(shown(await chosen(runs))).toEqual([A, "confirmed", []]);
    expect(shown(await chosen(runs, { target: other.target }))).toEqual([B, "confirmed", []]);
    expect(shown(await chosen(runs, { target: "third" }))).toBe("first");
  });

  test("an earlier run than the one that is at work", async () => {
    const { store } = await historyOf({ [A]: CONFIRMED, [B]: PARTIAL, [C]: {} });
    const choice = await baseAmong(storedRuns(store, B), QUESTION);
    expect(shown(choice)).toEqual([A, "confirmed", []]);
  });
});

describe("everything is sent", () => {
  test.each<[string, Readonly<Record<string, DescribedRun>>, Partial<BaseQuestion>]>([
    ["first", {}, {}],
    ["first", { [A]: {}, [B]: { outcome: "unfinished", set: undefined } }, {}],
    ["unconfirmed", { [A]: ACKNOWLEDGED, [B]: PARTIAL }, {}],
    ["unacknowledged", { [A]: PARTIAL }, { isNetBoxRead: false }],
    ["mapping", { [A]: CONFIRMED }, { mappingVersion: 2 }],
    ["mapping", { [A]: { ...CONFIRMED, manifest: { mapping_version: undefined } } }, {
      mappingVersion: undefined,
    }],
    ["full-every", { [A]: CONFIRMED, [E]: after(A, "confirmed") }, { fullEveryMs: 4 * DAY_MS }],
  ])("%s", async (why, runs, question) => {
    expect(shown(await chosen(runs, question))).toBe(why);
  });

  test("full-every, but not while the last whole push is younger", async () => {
    const runs = { [A]: CONFIRMED, [E]: after(A, "confirmed") };
    expect(shown(await chosen(runs, { fullEveryMs: 5 * DAY_MS }))).toEqual([E, "confirmed", []]);
    // A whole push that did not arrive does not count.
    const more = { ...runs, [D]: PARTIAL };
    expect(shown(await chosen(more, { fullEveryMs: 4 * DAY_MS }))).toBe("full-every");
  });

  test("many-runs, as the base is too far away", async () => {
    const runs = (count: number): Readonly<Record<string, DescribedRun>> =>
      Object.fromEntries(
        Array.from({ length: count }, (_, i) => [
          `2026-11-25T10-00-${String(i).padStart(2, "0")}Z`,
          after(A, "partial"),
        ]),
      );
    const near = await chosen({ [A]: CONFIRMED, ...runs(MAX_SENT_SINCE) });
    expect(near.mode === "differences" && near.sentSince).toHaveLength(MAX_SENT_SINCE);
    expect(shown(await chosen({ [A]: CONFIRMED, ...runs(MAX_SENT_SINCE + 1) }))).toBe("many-runs");
  });

  test("changed: a run since the base was transformed again after it was pushed", async () => {
    const { folder, store } = await historyOf({ [A]: CONFIRMED, [B]: after(A, "acknowledged") });
    await buildSet(join(folder, B), { tag: [[tag("other")]] }, {
      manifest: { mapping_version: 1 },
    });
    expect(shown(await baseAmong(storedRuns(store), QUESTION))).toBe("changed");
    await buildSet(join(folder, A), { tag: [[tag("other")]] }, {
      manifest: { mapping_version: 1 },
    });
    expect(shown(await baseAmong(storedRuns(store), QUESTION))).toBe("unconfirmed");
  });

  test("unreadable: a run since the base was damaged; an older one does not matter", async () => {
    const { store } = await historyOf({ [A]: CONFIRMED, [B]: CONFIRMED, [C]: {} });
    await store.append(`${A}/netbox/manifest.json`, new Uint8Array([32]));
    expect(shown(await baseAmong(storedRuns(store), QUESTION))).toEqual([B, "confirmed", []]);
    await store.append(`${C}/netbox/manifest.json`, new Uint8Array([32]));
    expect(shown(await baseAmong(storedRuns(store), QUESTION))).toBe("unreadable");
  });
});

/** A run in memory: the choice looks at no file. */
function anyRun(): fc.Arbitrary<Omit<StoredRun, "name">> {
  const push = fc.record({
    target: fc.constant(TARGET),
    state: fc.constantFrom("confirmed", "acknowledged", "partial"),
    sent: fc.constant(1),
    rejected: fc.constant(0),
    isWhole: fc.boolean(),
    isOfSet: fc.boolean(),
  });
  return fc.record({
    isInterrupted: fc.boolean(),
    entities: fc.constantFrom(1, 1, 2).map((mapping_version) =>
      ({ manifest: { mapping_version } }) as NonNullable<StoredRun["entities"]>
    ),
    pushes: fc.array(push, { maxLength: 1 }),
  }) as fc.Arbitrary<Omit<StoredRun, "name">>;
}

const HISTORIES = fc.array(anyRun(), { maxLength: 30 }).map((runs) =>
  runs.map((run, i): StoredRun => ({
    ...run,
    name: `2026-11-${String(28 - Math.floor(i / 2)).padStart(2, "0")}T${
      i % 2 ? "06" : "18"
    }-00-00Z`,
  }))
);
const QUESTIONS = fc.record({
  isNetBoxRead: fc.boolean(),
  fullEveryMs: fc.option(fc.integer({ min: 1, max: 20 }).map((days) => days * DAY_MS), {
    nil: undefined,
  }),
});

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}

describe("whatever the history is", () => {
  test("reading only what is needed gives the same choice as reading everything", async () => {
    await fc.assert(fc.asyncProperty(HISTORIES, QUESTIONS, async (runs, more) => {
      const question = { ...QUESTION, ...more };
      expect(shown(await baseAmong(each(runs), question))).toEqual(
        shown(chooseBase(runs, question)),
      );
    }));
  });

  test("every later run that was sent is listed, and the base has arrived", () => {
    fc.assert(fc.property(HISTORIES, QUESTIONS, (runs, more) => {
      const choice = chooseBase(runs, { ...QUESTION, ...more });
      if (choice.mode === "whole") return;
      const [push] = choice.base.pushes;
      expect(push?.isOfSet).toBe(true);
      expect(push?.state === "confirmed" || (!more.isNetBoxRead && push?.state === "acknowledged"))
        .toBe(true);
      const sent = runs.filter(({ name, pushes }) => name > choice.base.name && pushes.length > 0);
      expect(choice.sentSince).toEqual(sent);
    }));
  });
});
