/** run --history <place>: one run of a history, from the lock to the removal of old runs. */
import { AppError, reasonOf, usageError } from "../base/errors.ts";
import { TOOL } from "../base/tool.ts";
import { canResume } from "../capture/capture.ts";
import type { CaptureOptions } from "../capture/settings.ts";
import { baseAmong, type BaseChoice, pushTo, WHOLE_REASONS } from "../history/base.ts";
import { changesBetween, type RunChanges } from "../history/changes.ts";
import {
  areOnlyRules,
  duplicatedAfter,
  identityChanges,
  identityError,
} from "../history/identity.ts";
import { type Lock, takeLock } from "../history/lock.ts";
import { checkMetricsFile, writeMetrics } from "../history/metrics.ts";
import { planRetention, removeRuns } from "../history/retention.ts";
import { HISTORY_SETTINGS, type HistoryOptions, parseHistoryOptions } from "../history/settings.ts";
import { openWorkingFolder } from "../history/working-folder.ts";
import { readStoredRun, type StoredRun, storedRuns } from "../history/stored-run.ts";
import { differencesSince, refusedPush, shareRefusal } from "../push/since.ts";
import {
  ENTITY_MANIFEST_FILE,
  openEntities,
  type TransformedSet,
} from "../run-folder/entity-set.ts";
import { capturedAtOf, runNameOf, runsIn, surveyFolderOf } from "../run-folder/history.ts";
import {
  readRunRecord,
  recordedRuns,
  RUN_RECORD_FORMAT,
  type RunRecord,
  writeRunRecord,
} from "../run-folder/run-record.ts";
import { MANIFEST_FILE } from "../run-folder/snapshot.ts";
import { openSnapshot } from "../run-folder/snapshot-files.ts";
import {
  folderIn,
  isUri,
  placeIn,
  readRequired,
  shownPlace,
  type Store,
} from "../run-folder/store/store.ts";
import { EXIT_CODES } from "../terminal/process.ts";
import type { Session } from "../terminal/session.ts";
import { readSettings, storeCredentials } from "../terminal/settings.ts";
import { counted } from "../terminal/tables.ts";
import { type RunSettings, runStages, type StageOptions, Stages } from "./stages.ts";

/** An interrupted run that began longer ago is not continued: the cluster may have changed since. */
const RESUMED_WITHIN_MS = 60 * 60_000;

/** `place`: of the history, as the user named it. */
export async function runInHistory(
  session: Session,
  place: string,
  settings: RunSettings,
): Promise<void> {
  const options = parseHistoryOptions(await readSettings(session.context, HISTORY_SETTINGS));
  const metrics = session.option("metrics");
  if (metrics !== undefined) checkMetricsFile(metrics);
  const history = await openHistory(session, place);
  const lock = await takeLock(history);
  if (!lock.isExclusive) {
    session.log.warn(
      `${history.place} cannot keep two programs apart: do not start two runs in the same minute`,
    );
  }
  try {
    const { endpoint } = storeCredentials(session.io.env);
    const folder = isUri(place) ? await openWorkingFolder(history.place, endpoint) : undefined;
    const working = folder?.store ?? history;
    const next = await nextRun(session, { history, working, capture: settings.capture });
    const run = new HistoryRun(session, { place, history, working, lock, settings, options }, next);
    await run.start().finally(() => folder?.removeIfEmpty());
  } finally {
    await lock.release();
  }
}

/** @throws AppError "usage" when it cannot be one. */
async function openHistory(session: Session, place: string): Promise<Store> {
  if (place.includes(",")) {
    throw usageError("The place of a history (--history) must not contain a comma", {
      hint: "Lists of its runs are separated by commas",
    });
  }
  const history = await session.openTarget(place);
  for (const file of [MANIFEST_FILE, ENTITY_MANIFEST_FILE]) {
    const found = await history.read(file).catch((cause: unknown) => {
      if (cause instanceof AppError) throw cause;
      throw usageError(`Cannot use ${history.place} as a history (--history): ${reasonOf(cause)}`, {
        hint: "Name a folder of its own: each run becomes a folder in it",
        cause,
      });
    });
    if (found === undefined) continue;
    throw usageError(`Cannot use ${history.place} as a history (--history): it is a run folder`, {
      hint: "Name a folder of its own: each run becomes a folder in it",
    });
  }
  return history;
}

interface NextRun {
  readonly name: string;
  /** An interrupted run is continued. */
  readonly isResumed: boolean;
}

/** A new run, or the newest one if it was interrupted a short time ago. */
async function nextRun(
  session: Session,
  { history, working, capture }: Pick<HistoryPlace, "history" | "working"> & {
    readonly capture: CaptureOptions | undefined;
  },
): Promise<NextRun> {
  const now = Date.now();
  const newest = (await runsIn(working)).at(-1);
  const last = [...await runsIn(history), ...await recordedRuns(history)].sort().at(-1);
  // Another machine may have made a run since: NetBox would go back to what this one has captured before.
  const isNewest = newest !== undefined && newest >= (last ?? "");
  if (isNewest && capture !== undefined) {
    // It may be a second from the future: see below.
    const isRecent = Math.abs(now - Date.parse(capturedAtOf(newest))) < RESUMED_WITHIN_MS;
    if (
      isRecent && await isInterrupted(session, history, newest) &&
      await canResume(capture, folderIn(working, newest))
    ) {
      session.log.info(`Continuing the run ${newest}, which was interrupted`);
      return { name: newest, isResumed: true };
    }
  }
  // Two runs in one second, or a clock that was set back: names are in the order of the runs.
  const soonest = last === undefined ? 0 : Date.parse(capturedAtOf(last)) + 1000;
  const startedAt = new Date(Math.max(now, soonest)).toISOString().replace(/\.\d+Z$/, "Z");
  if (soonest > now + 60_000) {
    session.log.warn(
      `The newest run, ${last}, is from the future: check the clock. This run is ${startedAt}`,
    );
  }
  return { name: runNameOf(startedAt), isResumed: false };
}

/** It was killed, so that it has no record; or somebody stopped it. */
async function isInterrupted(session: Session, history: Store, run: string): Promise<boolean> {
  try {
    const record = await readRunRecord(history, run);
    return record === undefined || record.exit_code === EXIT_CODES.interrupted;
  } catch (error) {
    warn(session, error);
    return false;
  }
}

interface HistoryPlace {
  readonly place: string;
  readonly history: Store;
  /** Where the run is captured: the history, if it is a folder. */
  readonly working: Store;
  readonly lock: Lock;
  readonly settings: RunSettings;
  readonly options: HistoryOptions;
}

/** How the push was chosen. */
type PushMode = Pick<NonNullable<RunRecord["push"]>, "mode" | "why" | "since">;

class HistoryRun {
  readonly #session: Session;
  readonly #at: HistoryPlace;
  readonly #next: NextRun;
  readonly #folder: string;
  readonly #stages: Stages;
  readonly #startedAt = new Date().toISOString();
  #mode: PushMode | undefined;
  /** Why it ended early, without an error. */
  #stopped: string | undefined;

  constructor(session: Session, at: HistoryPlace, next: NextRun) {
    this.#session = session;
    this.#at = at;
    this.#next = next;
    this.#folder = placeIn(at.place, next.name);
    this.#stages = new Stages(session, {
      folder: this.#folder,
      captureFolder: placeIn(at.working === at.history ? at.place : at.working.place, next.name),
      startedAt: capturedAtOf(next.name),
      isResumed: next.isResumed,
      onStage: () => at.lock.check(),
    });
  }

  async start(): Promise<void> {
    const { place, settings, lock } = this.#at;
    const course = {
      target: placeIn(place, surveyFolderOf(this.#next.name)),
      since: await this.#runBefore(),
      isConfirmed: settings.isNetBoxNamed,
      onCaptured: () => this.#keepCapture(),
      pushOptions: () => this.#choosePush(),
    };
    const failure = await failureOf(async () => {
      this.#stopped = await runStages(this.#stages, this.#session, course);
    });
    // Another program that has taken the lock writes the history from now on.
    const isLost = await failureOf(() => lock.check());
    if (isLost === undefined) await this.#finish(failure);
    if (failure !== undefined || isLost !== undefined) throw failure ?? isLost;
    this.#stages.finish();
  }

  /** The newest run with entities: what is gone since is known by it. */
  async #runBefore(): Promise<string | undefined> {
    const before = await this.#findEarlier(({ entities }) => entities !== undefined);
    return before && placeIn(this.#at.place, before.name);
  }

  /** The newest of the earlier runs. */
  async #findEarlier(isIt: (run: StoredRun) => boolean): Promise<StoredRun | undefined> {
    for await (const run of storedRuns(this.#at.history, this.#next.name)) {
      if (isIt(run)) return run;
    }
    return undefined;
  }

  /** Moves the capture into a remote history. With its manifest, which is the last file, it counts as a run. */
  async #keepCapture(): Promise<void> {
    const { history, working } = this.#at;
    if (working === history) return;
    const { name } = this.#next;
    const from = folderIn(working, name);
    const keys = (await from.keys()).filter((key) => key !== MANIFEST_FILE);
    for (const key of [...keys, MANIFEST_FILE]) {
      await history.write(`${name}/${key}`, await readRequired(from, key));
    }
    for (const run of await runsIn(working)) await working.removeFolder(run);
  }

  /** @throws AppError "usage" when identity settings or too many entities have changed. */
  async #choosePush(): Promise<StageOptions> {
    const { history, settings: { push: { target, maxChanged } } } = this.#at;
    const set = await openEntities(folderIn(history, this.#next.name));
    const last = await this.#findEarlier((run) => pushTo(run, target.name) !== undefined);
    const isNewIdentity = last !== undefined && await this.#isNewIdentity(last, set);
    const choice = await this.#chooseBase(set, isNewIdentity);
    if (choice.mode === "differences") {
      const { base, sentSince } = choice;
      this.#mode = { mode: "differences", since: base.name };
      this.#session.log.info(`Sending what differs from the run ${base.name}`);
      const places = sentSince.map(({ name }) => placeIn(this.#at.place, name));
      const since = placeIn(this.#at.place, base.name);
      return { options: { since, "sent-since": places.length > 0 ? places.join() : undefined } };
    }
    const why = WHOLE_REASONS[choice.why];
    this.#mode = { mode: "whole", why };
    this.#session.log.info(`Sending all entities: ${why}`);
    if (maxChanged !== undefined && !this.#session.isOn("yes") && last?.entities !== undefined) {
      const none = { open: [], doubtful: [] };
      const differences = await differencesSince(last.entities, set, none);
      const refusal = shareRefusal(differences, maxChanged);
      if (refusal !== undefined) throw refusedPush(refusal);
    }
    // The share of what has changed is checked: push would check it with --since only.
    return { switches: { yes: true } };
  }

  /** @throws AppError "usage" unless --accept-identity-change. */
  async #isNewIdentity(last: StoredRun, set: TransformedSet): Promise<boolean> {
    if (last.entities === undefined) return false;
    const [before, now] = [last.entities, set].map(({ manifest }) => manifest.snapshots[0]?.policy);
    const { nodes } = await openSnapshot(folderIn(this.#at.history, last.name));
    const changes = identityChanges(before ?? {}, now ?? {}, nodes);
    if (changes.length === 0) return false;
    if (this.#session.isOn("accept-identity-change")) return true;
    const duplicated = await duplicatedAfter(last.entities, set, changes);
    if (areOnlyRules(changes) && duplicated.length === 0) return false;
    throw identityError(last.name, changes, duplicated);
  }

  async #chooseBase(set: TransformedSet, isNewIdentity: boolean): Promise<BaseChoice> {
    const { history, settings, options } = this.#at;
    if (isNewIdentity) return { mode: "whole", why: "identity" };
    if (this.#session.isOn("again")) return { mode: "whole", why: "again" };
    if (this.#next.isResumed && await this.#isWholePushOpen()) {
      return { mode: "whole", why: "resumed" };
    }
    return await baseAmong(storedRuns(history, this.#next.name), {
      target: settings.push.target.name,
      isNetBoxRead: settings.isNetBoxNamed,
      mappingVersion: set.manifest.mapping_version,
      fullEveryMs: options.fullEveryMs,
      now: new Date(capturedAtOf(this.#next.name)),
    });
  }

  async #isWholePushOpen(): Promise<boolean> {
    const { history, settings } = this.#at;
    const own = pushTo(
      await readStoredRun(history, this.#next.name),
      settings.push.target.name,
    );
    return own !== undefined && own.isWhole && own.state === "partial";
  }

  /** Writes the record and the metrics, however the run ended, and removes old runs. */
  async #finish(failure: unknown): Promise<void> {
    const { history, settings: { capture } } = this.#at;
    const { lines, counts } = await this.#changes();
    const record = await this.#record(failure, counts);
    await writeRunRecord(history, record, lines);
    this.#stages.note("history", {
      run: record.run,
      folder: shownPlace(this.#folder),
      resumed: this.#next.isResumed,
      changes: record.changes,
      push: record.push,
    });
    const metrics = this.#session.option("metrics");
    // What the run did is done.
    if (metrics !== undefined) {
      const host = capture?.hosts[0].name ?? "";
      await writeMetrics(metrics, { record, host }).catch((error) => warn(this.#session, error));
    }
    if (record.exit_code === EXIT_CODES.interrupted) return;
    await this.#removeOldRuns().catch((error) => warn(this.#session, error));
  }

  /** Empty if the run has no entities. */
  async #changes(): Promise<RunChanges> {
    const { history } = this.#at;
    const run = folderIn(history, this.#next.name);
    const none = { counts: undefined, lines: [] };
    if (this.#stages.results.transform === undefined) return none;
    try {
      return await changesBetween(storedRuns(history, this.#next.name), await openEntities(run));
    } catch (error) {
      warn(this.#session, error);
      return none;
    }
  }

  async #record(failure: unknown, changes: RunChanges["counts"]): Promise<RunRecord> {
    const { seconds, tidied, end, results: { capture, transform } } = this.#stages;
    const kind = failure instanceof AppError ? failure.kind : failure === undefined ? end : "bug";
    const error = failure === undefined
      ? this.#stopped
      : failure instanceof AppError
      ? failure.message
      : "a bug: see what the run printed";
    const { push: { target } } = this.#at.settings;
    const { pushes } = await readStoredRun(this.#at.history, this.#next.name);
    const pushed = pushes.find((push) => push.target === target.name);
    return {
      format: RUN_RECORD_FORMAT,
      tool: TOOL,
      run: this.#next.name,
      started_at: this.#startedAt,
      ended_at: new Date().toISOString(),
      exit_code: kind === undefined ? 0 : EXIT_CODES[kind],
      ...(error !== undefined && { error }),
      ...(this.#next.isResumed && { resumed: true }),
      stages: Object.fromEntries(
        Object.entries(seconds).map(([stage, time]) => [stage, Number(time.toFixed(3))]),
      ),
      ...(capture && {
        capture: {
          outcome: capture.manifest.outcome,
          guests: capture.guests,
          nodes: capture.nodes,
          missing: Object.fromEntries(capture.gaps.map(({ cause, count }) => [cause, count])),
        },
      }),
      ...(transform && {
        entities: { total: sum(transform.counts), left_out: sum(transform.leftOut) },
      }),
      ...(changes && { changes }),
      ...(pushed && this.#mode && {
        push: {
          target: target.name,
          ...this.#mode,
          sent: pushed.sent,
          rejected: pushed.rejected,
          state: pushed.state,
        },
      }),
      ...(tidied !== undefined && { tidied }),
    };
  }

  async #removeOldRuns(): Promise<void> {
    const { history, lock, options: { keep } } = this.#at;
    const { removed } = await planRetention(history, keep);
    if (removed.length === 0) return;
    await removeRuns(history, removed, () => lock.check());
    this.#session.log.info(`Removed ${counted(removed.length, "run")}: ${removed.join(", ")}`);
  }
}

/** What it throws. */
async function failureOf(work: () => Promise<void>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** Of what does not make a run fail. */
function warn(session: Session, error: unknown): void {
  if (!(error instanceof AppError)) throw error;
  session.log.warn(error.message);
}
