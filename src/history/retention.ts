/** Which runs of a history are kept, and why; the others are removed. The rules are those of `restic forget`. */
import { CAPTURE_JOURNAL_FILE } from "../run-folder/capture-journal.ts";
import { ENTITY_MANIFEST_FILE } from "../run-folder/entity-set.ts";
import { capturedAtOf, isRunName, runsIn, surveyFolderOf } from "../run-folder/history.ts";
import { MANIFEST_FILE } from "../run-folder/snapshot.ts";
import type { Store } from "../run-folder/store/store.ts";
import { TARGET_MANIFEST_FILE } from "../run-folder/target.ts";
import { MAX_SENT_SINCE, pushTo } from "./base.ts";
import { inOrder } from "./in-order.ts";
import { readStoredRun, type StoredRun } from "./stored-run.ts";

/** How many runs of each kind are kept; undefined: no such rule. */
export interface KeepRules {
  readonly last?: number | undefined;
  readonly daily?: number | undefined;
  readonly weekly?: number | undefined;
  readonly monthly?: number | undefined;
}

/** Run → why it is kept: the names of rules, or sentences. */
export type KeptRuns = ReadonlyMap<string, readonly string[]>;

/** TABLE: rule → what two runs have in common of which only the newer one is kept. All times are UTC. */
const PERIODS: Readonly<Record<keyof KeepRules, (run: string) => string>> = {
  last: (run) => run,
  daily: (run) => run.slice(0, "2026-11-28".length),
  weekly: weekOf,
  monthly: (run) => run.slice(0, "2026-11".length),
};

/** By the rules alone: a rule keeps the newest run of each of its last n periods that have one. Without a rule: all. */
export function keptRuns(runs: readonly string[], rules: KeepRules): KeptRuns {
  const kept = new Map<string, string[]>();
  const given = Object.entries(PERIODS).flatMap(([name, periodOf]) => {
    const count = rules[name as keyof KeepRules];
    return count === undefined ? [] : [{ name, periodOf, count }];
  });
  const newestFirst = [...new Set(runs)].sort().toReversed();
  if (given.length === 0) return new Map(newestFirst.map((run) => [run, ["no rule"]]));
  for (const { name, periodOf, count } of given) {
    const periods = [...Map.groupBy(newestFirst, periodOf).values()];
    for (const [run = ""] of periods.slice(0, count)) kept.set(run, [...kept.get(run) ?? [], name]);
  }
  return kept;
}

/** The Monday of the ISO week: "2026-11-23". */
function weekOf(run: string): string {
  const day = new Date(capturedAtOf(run));
  const sinceMonday = (day.getUTCDay() + 6) % 7;
  day.setUTCDate(day.getUTCDate() - sinceMonday);
  return day.toISOString().slice(0, "2026-11-23".length);
}

/** Runs that later ones need, whatever the rules. `runs`: all of the history, newest first. */
export function neededRuns(runs: readonly StoredRun[]): KeptRuns {
  const needed = new Map<string, string[]>();
  const need = (run: StoredRun | undefined, why: string): void => {
    if (run !== undefined) needed.set(run.name, [...needed.get(run.name) ?? [], why]);
  };
  need(runs[0], "it is the newest run, which can be resumed");
  need(runs.find(({ outcome }) => outcome === "complete"), "it is the newest complete capture");
  need(
    runs.find(({ entities }) => entities !== undefined),
    "transform compares the next run with it",
  );
  for (const run of runs) if (run.fault !== undefined) need(run, "it cannot be read");
  const targets = new Set(runs.flatMap(({ pushes }) => pushes.map(({ target }) => target)));
  for (const target of [...targets].sort()) {
    const states = runs.map((run) => ({ run, push: pushTo(run, target) }));
    const arrived = states.filter(({ push }) => push?.isOfSet && push.state !== "partial");
    const confirmed = arrived.filter(({ push }) => push?.state === "confirmed");
    const base = confirmed[0] ?? arrived[0];
    need(confirmed[0]?.run, `base: ${target} has it, confirmed`);
    need(arrived[0]?.run, `base: ${target} has acknowledged it`);
    for (const all of [confirmed, arrived]) {
      need(all.find(({ push }) => push?.isWhole)?.run, `${target} was sent all entities`);
    }
    // One more than can be sent again shows that all has to be sent.
    const sentSince = states.slice(0, base === undefined ? 0 : states.indexOf(base))
      .filter(({ push }) => push !== undefined).slice(0, MAX_SENT_SINCE + 1);
    for (const { run } of sentSince) need(run, `${target} was sent a part of it since the base`);
  }
  return needed;
}

export interface Retention {
  /** Newest first. */
  readonly kept: KeptRuns;
  /** Oldest first; also what a removal that was cut off has left. */
  readonly removed: readonly string[];
}

/** What the rules say, and what later runs need. Nothing is read if there is no rule. */
export async function planRetention(history: Store, rules: KeepRules): Promise<Retention> {
  const names = await runsIn(history);
  if (Object.values(rules).every((count) => count === undefined)) {
    return { kept: keptRuns(names, rules), removed: [] };
  }
  const runs: StoredRun[] = [];
  const states = inOrder(names.toReversed(), (name) => readStoredRun(history, name));
  for await (const run of states) runs.push(run);
  // An interrupted capture is no run of its day.
  const captured = runs.filter(({ outcome }) => outcome !== undefined).map(({ name }) => name);
  const [byRule, needed] = [keptRuns(captured, rules), neededRuns(runs)];
  const reasonsOf = (name: string): string[] => [
    ...byRule.get(name) ?? [],
    ...needed.get(name) ?? [],
  ];
  const reasons = runs.map(({ name }): [string, string[]] => [name, reasonsOf(name)]);
  const removed = reasons.filter(([, why]) => why.length === 0).map(([name]) => name);
  return {
    kept: new Map(reasons.filter(([, why]) => why.length > 0)),
    removed: [...removed, ...await runsOfSurveysAlone(history, names)].sort(),
  };
}

/** A run that was interrupted after its survey has no folder of its own. */
async function runsOfSurveysAlone(history: Store, runs: readonly string[]): Promise<string[]> {
  const newest = runs.at(-1) ?? "";
  const surveyed = (await history.folders()).map((folder) => folder.replace(/-netbox$/, ""));
  return surveyed.filter((run) => isRunName(run) && run < newest && !runs.includes(run));
}

/**
 * Removes runs with their surveys. The manifests are first: what is left of a removal that was cut off is never taken
 * for a run. `check`: before each run, such as `Lock.check`.
 */
export async function removeRuns(
  history: Store,
  names: readonly string[],
  check: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  for (const name of names) {
    await check();
    const survey = surveyFolderOf(name);
    // First, so that it does not look like a capture that can be resumed.
    await history.remove(`${name}/${CAPTURE_JOURNAL_FILE}`);
    await history.remove(`${name}/${MANIFEST_FILE}`);
    await history.remove(`${name}/${ENTITY_MANIFEST_FILE}`);
    await history.remove(`${survey}/${TARGET_MANIFEST_FILE}`);
    await history.removeFolder(survey);
    await history.removeFolder(name);
  }
}
