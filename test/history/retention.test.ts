/** Which runs of a history are kept, and how the others are removed. */
import { readdir } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_SENT_SINCE } from "../../src/history/base.ts";
import {
  type KeepRules,
  keptRuns,
  planRetention,
  removeRuns,
} from "../../src/history/retention.ts";
import { parseHistoryOptions } from "../../src/history/settings.ts";
import { readStoredRun } from "../../src/history/stored-run.ts";
import { runNameOf } from "../../src/run-folder/history.ts";
import type { Store } from "../../src/run-folder/store/store.ts";
import { type DescribedRun, historyOf } from "../helpers/history.ts";

function removedBy(runs: readonly string[], rules: KeepRules): string[] {
  const kept = keptRuns(runs, rules);
  return runs.filter((run) => !kept.has(run));
}

describe("a rule keeps", () => {
  const RUNS = [
    "2026-08-31T23-59-59Z",
    "2026-10-31T12-00-00Z",
    "2026-11-01T00-00-00Z",
    "2026-11-22T23-59-59Z",
    "2026-11-23T00-00-00Z",
    "2026-11-28T00-00-00Z",
    "2026-11-28T23-59-59Z",
  ];

  test.each<[KeepRules, string[]]>([
    [{ last: 2 }, ["2026-11-28T00-00-00Z", "2026-11-28T23-59-59Z"]],
    [{ daily: 2 }, ["2026-11-23T00-00-00Z", "2026-11-28T23-59-59Z"]],
    // 2026-11-22 is a Sunday. The first of November is, too: its week has the last day of October.
    [{ weekly: 3 }, ["2026-11-01T00-00-00Z", "2026-11-22T23-59-59Z", "2026-11-28T23-59-59Z"]],
    [{ monthly: 3 }, ["2026-08-31T23-59-59Z", "2026-10-31T12-00-00Z", "2026-11-28T23-59-59Z"]],
    [{ last: 1, monthly: 2 }, ["2026-10-31T12-00-00Z", "2026-11-28T23-59-59Z"]],
  ])("%j: the newest run of each of the last periods that have one", (rules, kept) => {
    expect([...keptRuns(RUNS, rules).keys()].sort()).toEqual(kept);
  });

  test("a run with every rule as a reason", () => {
    const rules = { last: 1, daily: 1, weekly: 1, monthly: 1 };
    expect(keptRuns(RUNS, rules))
      .toEqual(new Map([["2026-11-28T23-59-59Z", ["last", "daily", "weekly", "monthly"]]]));
  });

  test("the week of a new year by ISO 8601: it begins in the old one", () => {
    const runs = ["2026-12-27T00-00-00Z", "2026-12-28T00-00-00Z", "2027-01-03T00-00-00Z"];
    expect([...keptRuns(runs, { weekly: 2 }).keys()].sort())
      .toEqual(["2026-12-27T00-00-00Z", "2027-01-03T00-00-00Z"]);
  });
});

const TIMES = fc.date({
  min: new Date("2024-12-01T00:00:00Z"),
  max: new Date("2026-03-01T00:00:00Z"),
  noInvalidDate: true,
});
const RUN_NAMES = fc.uniqueArray(
  TIMES.map((time) => runNameOf(time.toISOString().replace(/\.\d+Z$/, "Z"))),
  { maxLength: 60 },
);
const COUNT = fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined });
const RULES = fc.record({ last: COUNT, daily: COUNT, weekly: COUNT, monthly: COUNT });
const NAMES = ["last", "daily", "weekly", "monthly"] as const;

describe("the rules", () => {
  test("remove nothing without any", () => {
    fc.assert(fc.property(RUN_NAMES, (runs) => {
      expect(removedBy(runs, {})).toEqual([]);
    }));
  });

  test("keep the newest run", () => {
    fc.assert(fc.property(RUN_NAMES, RULES, (runs, rules) => {
      expect(removedBy(runs, rules)).not.toContain([...runs].sort().at(-1));
    }));
  });

  test("together keep what each of them keeps, whatever the order of the runs", () => {
    fc.assert(fc.property(RUN_NAMES, RULES, (runs, rules) => {
      fc.pre(NAMES.some((name) => rules[name] !== undefined));
      const each = NAMES.filter((name) => rules[name] !== undefined)
        .flatMap((name) => [...keptRuns(runs, { [name]: rules[name] }).keys()]);
      const together = [...keptRuns(runs.toReversed(), rules).keys()];
      expect(together.sort()).toEqual([...new Set(each)].sort());
    }));
  });

  test("with a larger number keep the same runs, or more", () => {
    fc.assert(fc.property(RUN_NAMES, RULES, fc.constantFrom(...NAMES), (runs, rules, name) => {
      const count = rules[name];
      fc.pre(count !== undefined);
      const more = removedBy(runs, { ...rules, [name]: (count ?? 0) + 1 });
      expect(removedBy(runs, rules)).toEqual(expect.arrayContaining(more));
    }));
  });

  test("keep what they have kept, when they are applied again", () => {
    fc.assert(fc.property(RUN_NAMES, RULES, (runs, rules) => {
      expect(removedBy([...keptRuns(runs, rules).keys()], rules)).toEqual([]);
    }));
  });

  test("keep one run of each of the last n days, weeks and months, and as many if there are", () => {
    fc.assert(fc.property(RUN_NAMES, fc.integer({ min: 1, max: 20 }), (runs, count) => {
      const days = new Set(runs.map((run) => run.slice(0, 10)));
      const kept = [...keptRuns(runs, { daily: count }).keys()];
      const newestDays = [...days].sort().toReversed().slice(0, count);
      expect(kept.map((run) => run.slice(0, 10)).sort()).toEqual(newestDays.sort());
    }));
  });
});

const TIME = "T10-00-00Z";
function day(number: number): string {
  return `2026-11-${String(number).padStart(2, "0")}${TIME}`;
}

const CONFIRMED: DescribedRun = { pushes: [{ state: "confirmed" }] };

async function removed(runs: Readonly<Record<string, DescribedRun>>): Promise<readonly string[]> {
  const { store } = await historyOf(runs);
  return (await planRetention(store, { last: 1 })).removed;
}

describe("whatever the rules say, a history keeps", () => {
  test("the base, the last whole push, and what was sent since the base", async () => {
    const runs = {
      [day(1)]: CONFIRMED,
      [day(2)]: CONFIRMED,
      [day(3)]: { pushes: [{ state: "confirmed", since: day(2) }] },
      [day(4)]: { pushes: [{ state: "confirmed", since: day(3) }] },
      [day(5)]: {},
      [day(6)]: { pushes: [{ state: "partial", since: day(4) }] },
      [day(7)]: { pushes: [{ state: "acknowledged", since: day(4) }] },
      [day(8)]: {},
      [day(9)]: {},
    } as const;
    expect(await removed(runs)).toEqual([day(1), day(3), day(5), day(8)]);
    const { store } = await historyOf(runs);
    const { kept } = await planRetention(store, { last: 1 });
    expect(kept.get(day(4))?.join()).toContain("base");
    expect(kept.get(day(9))).toContain("last");
  });

  test("enough of what was sent to know that everything has to be sent", async () => {
    const partial = { pushes: [{ state: "partial", since: day(1) }] } as const;
    const sent = Array.from({ length: MAX_SENT_SINCE + 5 }, (_, i) => [day(i + 2), partial]);
    const runs = { [day(1)]: CONFIRMED, ...Object.fromEntries(sent) };
    expect(await removed(runs)).toEqual([day(2), day(3), day(4), day(5)]);
  });

  test("the base of each target", async () => {
    const other = { pushes: [{ target: "other.example.com:443", state: "confirmed" }] } as const;
    const runs = { [day(1)]: other, [day(2)]: CONFIRMED, [day(3)]: {}, [day(4)]: {} };
    expect(await removed(runs)).toEqual([day(3)]);
  });

  test("the newest complete capture, the newest entities, and the newest run of all", async () => {
    const runs: Record<string, DescribedRun> = {
      [day(1)]: {},
      [day(2)]: {},
      [day(3)]: { outcome: "partial" },
      [day(4)]: { outcome: "partial", set: undefined },
      [day(5)]: { outcome: "unfinished", set: undefined },
    };
    // By the rule: day 4. An older interrupted capture is not resumed.
    expect(await removed(runs)).toEqual([day(1)]);
    runs[day(6)] = { outcome: "partial" };
    expect(await removed(runs)).toEqual([day(1), day(3), day(4), day(5)]);
  });

  test("a run that cannot be read", async () => {
    const { store } = await historyOf({ [day(1)]: {}, [day(2)]: {}, [day(3)]: {} });
    await store.append(`${day(1)}/manifest.json`, new Uint8Array([32]));
    const { kept, removed: gone } = await planRetention(store, { last: 1 });
    expect(gone).toEqual([day(2)]);
    expect(kept.get(day(1))).toEqual(["it cannot be read"]);
  });

  test("everything, when there is no rule", async () => {
    const { store } = await historyOf({ [day(1)]: {}, [day(2)]: { outcome: "none" } });
    expect((await planRetention(store, {})).removed).toEqual([]);
  });
});

/** Fails before the nth change. */
function cutOff(store: Store, changes: number): Store {
  let left = changes;
  const count = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    left -= 1;
    if (left < 0) throw new Error("killed");
    return await work();
  };
  return {
    ...store,
    remove: (key) => count(() => store.remove(key)),
    removeFolder: (folder) => count(() => store.removeFolder(folder)),
  };
}

describe("a removal", () => {
  const RUNS = {
    [day(1)]: { ...CONFIRMED, hasSurvey: true },
    [day(2)]: { ...CONFIRMED, hasSurvey: true },
  };

  test("takes the run and its survey, and nothing else", async () => {
    const { folder, store } = await historyOf(RUNS);
    await store.write(`log/${day(1)}.jsonl`, new Uint8Array());
    let checks = 0;
    await removeRuns(store, [day(1)], () => Promise.resolve(void (checks += 1)));
    expect((await readdir(folder)).sort()).toEqual([day(2), `${day(2)}-netbox`, "log"]);
    expect(checks).toBe(1);
  });

  test("that was cut off anywhere leaves no run, and is continued", async () => {
    for (let changes = 0; changes < 6; changes += 1) {
      const { folder, store } = await historyOf(RUNS);
      await expect(removeRuns(cutOff(store, changes), [day(1)])).rejects.toThrow("killed");
      const { isInterrupted, outcome } = await readStoredRun(store, day(1));
      if (changes >= 2) expect({ isInterrupted, outcome }).toEqual({ isInterrupted: false });
      await removeRuns(store, (await planRetention(store, { last: 1 })).removed);
      expect((await readdir(folder)).sort()).toEqual([day(2), `${day(2)}-netbox`]);
    }
  });

  test("takes the survey of a run that was interrupted before its capture", async () => {
    const { folder, store } = await historyOf({ [day(2)]: {} });
    await store.write(`${day(1)}-netbox/survey.journal`, new Uint8Array());
    await store.write(`${day(3)}-netbox/survey.journal`, new Uint8Array());
    await removeRuns(store, (await planRetention(store, { last: 1 })).removed);
    expect((await readdir(folder)).sort()).toEqual([day(2), `${day(3)}-netbox`]);
  });
});

describe("the settings", () => {
  test("are numbers of runs, and a time", () => {
    expect(parseHistoryOptions({ KEEP_LAST: "24", KEEP_MONTHLY: "12", FULL_EVERY: "7d" })).toEqual({
      keep: { last: 24, daily: undefined, weekly: undefined, monthly: 12 },
      fullEveryMs: 604_800_000,
    });
    expect(parseHistoryOptions({}).fullEveryMs).toBeUndefined();
  });

  test.each([
    { KEEP_LAST: "0" },
    { KEEP_DAILY: "-1" },
    { KEEP_WEEKLY: "all" },
    { FULL_EVERY: "0" },
    { FULL_EVERY: "7 days" },
  ])("%j is refused", (texts) => {
    expect(() => parseHistoryOptions(texts)).toThrow(Object.keys(texts)[0]);
  });
});
