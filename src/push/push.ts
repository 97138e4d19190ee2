/**
 * Sends entity files to Diode. Plans what to send, checks all of it, and only then sends. A journal
 * records what the target acknowledged, so that an interrupted push can be resumed.
 */
import { type AppError, usageError } from "../base/errors.ts";
import type { RemoteFailure } from "../http/failure.ts";
import type { StepName } from "../netbox/types/steps.ts";
import type { EntitySet, TransformedSet } from "../run-folder/entity-set.ts";
import {
  openPushJournal,
  type PushJournal,
  type PushJournalPlace,
} from "../run-folder/push-journal.ts";
import { connectDiode } from "./diode.ts";
import { checkFiles, planFiles, Requests, type StepTotals, wholeFiles } from "./plan.ts";
import { sendFiles, type SendWatch } from "./send.ts";
import { type PushOptions, requireRemote } from "./settings.ts";
import {
  type Differences,
  differencesSince,
  requireWhole,
  shareRefusal,
  writeMissing,
} from "./since.ts";

export type { EntityError, Sent } from "./send.ts";

export interface PushInput {
  readonly set: EntitySet;
  readonly options: PushOptions;
  readonly choices: PushChoices;
  /** undefined in a dry run without a target. */
  readonly journalPlace: PushJournalPlace | undefined;
  /** Send only what differs from this run. */
  readonly since: Since | undefined;
  /** CA certificates to trust instead of the system's (PEM). */
  readonly certificates: string | undefined;
  readonly proxy: URL | undefined;
  /** After an abort no further request is started; requests under way get a grace period. */
  readonly signal: AbortSignal;
  readonly watch: PushWatch;
}

export interface PushChoices {
  /** Empty: all of them. */
  readonly steps: readonly StepName[];
  /** Also send acknowledged files. */
  readonly isAgain: boolean;
  /** Send nothing, write nothing. */
  readonly isDryRun: boolean;
  /** Ignore maxChanged. */
  readonly isSure: boolean;
}

export interface Since {
  readonly set: TransformedSet;
  /** The journal of the earlier run folder. */
  readonly journalPlace: PushJournalPlace | undefined;
}

export interface PushWatch extends SendWatch {
  onPlanned(planned: Planned): void;
  onRetry(failure: RemoteFailure, pauseMs: number): void;
}

export interface Planned {
  readonly steps: readonly StepTotals[];
  /** Number of files that were acknowledged before. */
  readonly acknowledged: number;
  /** Number of files in steps that were not selected. */
  readonly unselected: number;
  readonly differences: Differences | undefined;
  /** Key of the list of missing entities. */
  readonly missingFile: string | undefined;
  /** Why a push would refuse to send; only in a dry run. */
  readonly refusal: string | undefined;
}

/** @throws AppError of every kind but "incomplete"; the journal keeps what was acknowledged before. */
export async function push(input: PushInput): Promise<void> {
  const { set, since, options, choices, journalPlace, watch } = input;
  const remote = choices.isDryRun ? undefined : requireRemote(options);
  const journal = journalPlace && await openPushJournal(journalPlace);
  const isKnown = journal?.hasAll(set) || journal?.isResumable(set, since?.set) || false;
  const differences = since && await compare(since, input, isKnown ? undefined : journal);
  const refusal = refusalOf(differences, input);
  if (refusal !== undefined && !choices.isDryRun) throw refused(refusal);
  const plan = planFiles(differences?.files ?? wholeFiles(set), {
    journal: isKnown ? journal : undefined,
    ...choices,
  });
  const requests = new Requests();
  const steps = await checkFiles(plan, requests, input.signal);
  const missingFile = remote && differences && journalPlace &&
    await writeMissing(journalPlace, differences.missing);
  const { files, unselected } = plan;
  const acknowledged = plan.acknowledged.length;
  watch.onPlanned({ steps, acknowledged, unselected, differences, missingFile, refusal });
  if (remote === undefined || journal === undefined || files.length === 0) return;
  if (!isKnown || choices.isAgain) {
    const planned = new Set(files.map(({ file }) => file.path));
    await journal.begin({ set, since: since?.set }, (file) => isKnown && !planned.has(file));
  }
  const { signal } = input;
  const diode = await connectDiode({ ...input, ...remote, onRetry: watch.onRetry });
  try {
    await sendFiles({ ...remote, files, requests, diode, journal, signal, watch });
  } finally {
    await diode.close();
  }
}

/** @param unknown A journal that may be about the earlier run; undefined if it is about this one. */
async function compare(
  { set: earlier, journalPlace }: Since,
  { set, options: { target } }: PushInput,
  unknown: PushJournal | undefined,
): Promise<Differences> {
  if (target !== undefined && unknown !== undefined) {
    const own = journalPlace && await openPushJournal(journalPlace);
    requireWhole(earlier, target, [unknown, ...(own === undefined ? [] : [own])]);
  }
  return await differencesSince(earlier, set as TransformedSet);
}

/** @throws AppError "usage" for a limit without an earlier run: it would have no effect. */
function refusalOf(
  differences: Differences | undefined,
  { options: { maxChanged }, choices }: PushInput,
): string | undefined {
  if (maxChanged === undefined || choices.isSure) return undefined;
  if (differences !== undefined) return shareRefusal(differences, maxChanged);
  throw usageError("PUSH_MAX_CHANGED (--max-changed) requires --since", {
    hint: "Name the earlier run with --since; --yes pushes everything, however much has changed",
  });
}

function refused(reason: string): AppError {
  return usageError(`Refused to push: ${reason}`, {
    hint: "Check the changes with --dry-run; --yes pushes them anyway",
  });
}
