/** The base of a push: the earlier run to which only the differences are sent; or why everything is sent. */
import { capturedAtOf } from "../run-folder/history.ts";
import type { RunPush, StoredRun } from "./stored-run.ts";

/** TABLE: why a run is pushed as a whole. */
export const WHOLE_REASONS = {
  first: "it is the first run that is pushed to this target",
  unconfirmed: "NetBox was not seen to have all entities of any earlier run",
  unacknowledged: "Diode has not acknowledged all entities of any earlier run",
  mapping: "another version of the mapping made the entities of the base",
  "full-every": "the last push of all entities is older than FULL_EVERY",
  identity: "settings that identify objects in NetBox have changed (--accept-identity-change)",
  again: "--again asks for it",
  resumed: "it continues a push of all entities that was interrupted",
  "many-runs": "too many runs were sent in part since the base",
  changed: "an earlier run was transformed again after it was pushed",
  unreadable: "a run since the base cannot be read",
} as const;

export type WholeReason = keyof typeof WHOLE_REASONS;

/** The entities of these runs are sent again where they differ from the new ones; a whole push is simpler than more. */
export const MAX_SENT_SINCE = 10;

export type BaseChoice = {
  readonly mode: "differences";
  readonly base: StoredRun;
  /** false: only acknowledged, as NetBox cannot be read. */
  readonly isConfirmed: boolean;
  /** Later runs of which anything was sent, newest first: NetBox may have entities of them. */
  readonly sentSince: readonly StoredRun[];
} | { readonly mode: "whole"; readonly why: WholeReason };

export interface BaseQuestion {
  /** `Target.name` */
  readonly target: string;
  /** Is NetBox named, so that a push is confirmed? */
  readonly isNetBoxRead: boolean;
  /** Of the run that is to be pushed. */
  readonly mappingVersion: number | undefined;
  /** undefined: there is no such limit. */
  readonly fullEveryMs: number | undefined;
  readonly now: Date;
}

/** `runs`: all earlier runs, newest first, or those up to `isEnough`. */
export function chooseBase(runs: readonly StoredRun[], question: BaseQuestion): BaseChoice {
  const { target, isNetBoxRead, mappingVersion, fullEveryMs, now } = question;
  const whole = (why: WholeReason): BaseChoice => ({ mode: "whole", why });
  const at = runs.findIndex((run) => isUsable(run, question));
  const base = runs[at];
  if (base === undefined) {
    const isFirst = runs.every((run) =>
      pushTo(run, target) === undefined && run.fault === undefined
    );
    if (isFirst) return whole("first");
    return whole(isNetBoxRead ? "unconfirmed" : "unacknowledged");
  }
  if (mappingVersion === undefined || base.entities?.manifest.mapping_version !== mappingVersion) {
    return whole("mapping");
  }
  const later = runs.slice(0, at);
  if (later.some(({ fault }) => fault !== undefined)) return whole("unreadable");
  const sentSince = later.filter((run) => pushTo(run, target) !== undefined);
  if (sentSince.some((run) => pushTo(run, target)?.isOfSet === false)) return whole("changed");
  if (sentSince.length > MAX_SENT_SINCE) return whole("many-runs");
  const lastWhole = runs.find((run) => isWholePush(run, question));
  if (fullEveryMs !== undefined && ageMs(lastWhole, now) >= fullEveryMs) return whole("full-every");
  const isConfirmed = pushTo(base, target)?.state === "confirmed";
  return { mode: "differences", base, isConfirmed, sentSince };
}

/** Does the choice stay the same, whatever the older runs are? */
export function isEnough(runs: readonly StoredRun[], question: BaseQuestion): boolean {
  const { fullEveryMs, now } = question;
  if (!runs.some((run) => isUsable(run, question))) return false;
  return fullEveryMs === undefined || runs.some((run) => isWholePush(run, question)) ||
    ageMs(runs.at(-1), now) >= fullEveryMs;
}

/** Reads no more states than the choice needs. `states`: newest first. */
export async function baseAmong(
  states: AsyncIterable<StoredRun>,
  question: BaseQuestion,
): Promise<BaseChoice> {
  const runs: StoredRun[] = [];
  for await (const state of states) {
    runs.push(state);
    if (isEnough(runs, question)) break;
  }
  return chooseBase(runs, question);
}

export function pushTo({ pushes }: StoredRun, target: string): RunPush | undefined {
  return pushes.find((push) => push.target === target);
}

/** Did all that was sent arrive, as far as it can be seen? */
function isUsable(run: StoredRun, { target, isNetBoxRead }: BaseQuestion): boolean {
  const { state, isOfSet } = pushTo(run, target) ?? {};
  return isOfSet === true && (state === "confirmed" || (!isNetBoxRead && state === "acknowledged"));
}

function isWholePush(run: StoredRun, question: BaseQuestion): boolean {
  return isUsable(run, question) && pushTo(run, question.target)?.isWhole === true;
}

function ageMs(run: StoredRun | undefined, now: Date): number {
  return run === undefined ? Infinity : now.getTime() - Date.parse(capturedAtOf(run.name));
}
