/**
 * STAGE 3: entity files → Diode. Plans what is to be sent, checks all of it, and only then sends; what
 * the target acknowledged stands in a journal, so that a push that was cut off goes on.
 */
import { type AppError, usageError } from "../base/errors.ts";
import type { RemoteFailure } from "../http/failure.ts";
import type { StepName } from "../netbox/types/order.ts";
import type { EntitySet, TransformedSet } from "../run-folder/entity-set.ts";
import {
  openPushJournal,
  type PushJournal,
  type PushJournalPlace,
} from "../run-folder/push-journal.ts";
import { checkFiles, type Plan, planFiles, type StepTotals, wholeFiles } from "./plan.ts";
import { connectDiode } from "./remote/client.ts";
import { Requests } from "./requests.ts";
import { sendFiles, type SendWatch } from "./send.ts";
import { type PushOptions, type RemoteOptions, requireRemote } from "./settings.ts";
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
  /** undefined when no target is named, as a dry run may do. */
  readonly journalPlace: PushJournalPlace | undefined;
  /** Send only what differs from this run. */
  readonly since: Since | undefined;
  /** What to trust instead of the system's certificates (PEM). */
  readonly certificates: string | undefined;
  readonly proxy: URL | undefined;
  /** Once it is aborted, nothing more is started; what is under way is given a moment. */
  readonly signal: AbortSignal;
  readonly watch: PushWatch;
}

export interface PushChoices {
  /** Empty: all of them. */
  readonly steps: readonly StepName[];
  /** Send what is acknowledged once more. */
  readonly isAgain: boolean;
  /** Send nothing, write nothing. */
  readonly isDryRun: boolean;
  /** Whatever share has changed. */
  readonly isSure: boolean;
}

export interface Since {
  readonly set: TransformedSet;
  /** That of the earlier run folder. */
  readonly journalPlace: PushJournalPlace | undefined;
}

/** Told as it happens. */
export interface PushWatch extends SendWatch {
  onPlanned(planned: Planned): void;
  onRetry(failure: RemoteFailure, pauseMs: number): void;
}

/** What is to be sent. */
export interface Planned {
  readonly steps: readonly StepTotals[];
  /** How many files were acknowledged before. */
  readonly acknowledged: number;
  /** How many files stand in steps that were not asked for. */
  readonly unasked: number;
  readonly differences: Differences | undefined;
  /** Where the list of what is missing was written. */
  readonly missingFile: string | undefined;
  /** Of a dry run: why a push would end here. */
  readonly refusal: string | undefined;
}

/** @throws AppError of every kind but "incomplete"; what was acknowledged before that stays so. */
export async function push(input: PushInput): Promise<void> {
  const { set, since, options, choices, journalPlace, watch } = input;
  const remote = choices.isDryRun ? undefined : requireRemote(options);
  const journal = journalPlace && await openPushJournal(journalPlace);
  const isKnown = journal?.isWhole(set) || journal?.isAbout(set, since?.set) || false;
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
  const { files, held, unasked } = plan;
  const acknowledged = held.length;
  watch.onPlanned({ steps, acknowledged, unasked, differences, missingFile, refusal });
  if (remote === undefined || journal === undefined || files.length === 0) return;
  if (!isKnown || choices.isAgain) {
    const planned = new Set(files.map(({ file }) => file.path));
    await journal.begin({ set, since: since?.set }, (file) => isKnown && !planned.has(file));
  }
  await sendPlanned(plan, { ...input, remote, journal, requests });
}

/** `unknown`: the journal that may be about the earlier run; undefined when that was settled before. */
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

/** @throws AppError "usage" for a guard that has nothing to hold against: it would be off unseen. */
function refusalOf(
  differences: Differences | undefined,
  { options: { maxChanged }, choices }: PushInput,
): string | undefined {
  if (maxChanged === undefined || choices.isSure) return undefined;
  if (differences !== undefined) return shareRefusal(differences, maxChanged);
  throw usageError("Setting PUSH_MAX_CHANGED is given, and --since is not", {
    hint: "Name the earlier run with --since; --yes pushes all, however much has changed",
  });
}

function refused(reason: string): AppError {
  return usageError(`Refused to push: ${reason}`, {
    hint: "Look at what changed with --dry-run; --yes pushes it all the same",
  });
}

interface Sending extends PushInput {
  readonly remote: RemoteOptions;
  readonly journal: PushJournal;
  readonly requests: Requests;
}

async function sendPlanned({ files }: Plan, sending: Sending): Promise<void> {
  const { remote, journal, requests, signal, watch } = sending;
  const diode = await connectDiode({ ...sending, ...remote, onRetry: watch.onRetry });
  try {
    await sendFiles({ ...remote, files, requests, pauses: remote, diode, journal, signal, watch });
  } finally {
    await diode.close();
  }
}
