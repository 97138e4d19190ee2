/**
 * Sends entity files to Diode. Plans what to send, checks all of it, and only then sends. A journal
 * records what the target acknowledged, so that an interrupted push can be resumed.
 */
import { usageError } from "../base/errors.ts";
import type { RemoteFailure } from "../http/failure.ts";
import { isExtension, STEP_NAMES, type StepName } from "../netbox/types/steps.ts";
import type { EntitySet, TransformedSet } from "../run-folder/entity-set.ts";
import {
  type Delivery,
  openPushJournal,
  type PushJournal,
  type PushJournalPlace,
} from "../run-folder/push-journal.ts";
import type { SelectedFile } from "../run-folder/set-difference.ts";
import { connectDiode } from "./diode.ts";
import { type Arrival, Confirmation, type ConfirmOptions } from "./confirm.ts";
import {
  checkFiles,
  isSent,
  type Plan,
  planFiles,
  Requests,
  type StepTotals,
  wholeFiles,
} from "./plan.ts";
import { BOOTSTRAP_STEPS, sendAgain, sendFiles, type SendJob, type SendWatch } from "./send.ts";
import { type PushOptions, requireRemote } from "./settings.ts";
import {
  type Differences,
  differencesSince,
  refusedPush,
  type Repeats,
  repeatsIn,
  requireWhole,
  type SentSince,
  shareRefusal,
  writeMissing,
} from "./since.ts";

export type { Arrival } from "./confirm.ts";
export type { EntityError, Sent } from "./send.ts";

export interface PushInput {
  readonly set: EntitySet;
  readonly options: PushOptions;
  readonly choices: PushChoices;
  /** undefined in a dry run without a target. */
  readonly journalPlace: PushJournalPlace | undefined;
  /** Send only what differs from this run. */
  readonly since: Since | undefined;
  /** Look in NetBox until it has what was sent. */
  readonly confirm: ConfirmOptions | undefined;
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
  /** Runs that were sent after it, in whole or in part, and on which no push can build. */
  readonly sentSince?: readonly {
    readonly set: TransformedSet;
    readonly journalPlace: PushJournalPlace | undefined;
  }[];
}

export interface PushWatch extends SendWatch {
  onPlanned(planned: Planned): void;

  onRetry(failure: RemoteFailure, pauseMs: number): void;
}

export interface Planned {
  readonly steps: readonly StepTotals[];
  /** Number of files that were acknowledged before. */
  readonly acknowledged: number;
  /** How many of these NetBox was not yet seen to have; 0 without `confirm`. */
  readonly unconfirmed: number;
  /** Number of files in steps that were not selected. */
  readonly unselected: number;
  readonly differences: Differences | undefined;
  /** What the target has of the earlier run. undefined: without one, and when this push is resumed. */
  readonly base: Delivery | undefined;
  /** Key of the list of missing entities. */
  readonly missingFile: string | undefined;
  /** Why a push would refuse to send; only in a dry run. */
  readonly refusal: string | undefined;
}

export interface Confirmed extends Arrival {
  /** Custom fields did not arrive, so values were not sent. */
  readonly isStopped: boolean;
}

/**
 * Returns what NetBox was seen to have, with `confirm`.
 * @throws AppError of every kind but "incomplete"; the journal keeps what was acknowledged before.
 */
export async function push(input: PushInput): Promise<Confirmed | undefined> {
  const { set, since, options, choices, journalPlace, watch, signal } = input;
  const remote = choices.isDryRun ? undefined : requireRemote(options);
  const journal = journalPlace && await openPushJournal(journalPlace);
  const sentSets = since?.sentSince?.map((each) => each.set) ?? [];
  const isKnown = journal?.hasAll(set) || journal?.isResumable(set, since?.set, sentSets) || false;
  const base = since && !isKnown ? await requireEarlier(since, input, journal) : undefined;
  const differences = since &&
    await differencesSince(
      since.set,
      set as TransformedSet,
      isKnown && journal !== undefined
        ? journal.repeatsIn(set)
        : await repeatsIn(set as TransformedSet, {
          earlier: since.set,
          except: base?.except ?? [],
          sentSince: await sentSinceOf(since, journal),
        }),
    );
  const refusal = refusalOf(differences, input);
  if (refusal !== undefined && !choices.isDryRun) throw refusedPush(refusal);
  const plan = planFiles(differences?.files ?? wholeFiles(set), {
    journal: isKnown ? journal : undefined,
    ...choices,
  });
  const requests = new Requests();
  const steps = await checkFiles(plan, requests, signal);
  const missingFile = remote && differences && journalPlace &&
    await writeMissing(journalPlace, differences.missing);
  const { files, unselected } = plan;
  const acknowledged = plan.acknowledged.length;
  const unconfirmed = input.confirm && journal
    ? plan.acknowledged.filter(({ file }) => !journal.hasConfirmed(file))
    : [];
  watch.onPlanned({
    steps,
    acknowledged,
    unconfirmed: unconfirmed.length,
    unselected,
    differences,
    base,
    missingFile,
    refusal,
  });
  if (remote === undefined || journal === undefined) return undefined;
  if (files.length + unconfirmed.length === 0) return undefined;
  if (files.length > 0 && (!isKnown || choices.isAgain)) {
    const planned = new Set(files.map(({ file }) => file.path));
    await journal.begin(
      {
        set,
        since: since && {
          set: since.set,
          isConfirmed: base && base.state === "confirmed",
          sentSince: sentSets,
          ...differences?.repeats ?? { open: [], doubtful: [] },
        },
      },
      (file) => isKnown && !planned.has(file),
    );
  }
  const diode = await connectDiode({ ...input, ...remote, onRetry: watch.onRetry });
  const job = { ...remote, files, requests, diode, journal, signal, watch };
  try {
    if (input.confirm === undefined) return void await sendFiles(job);
    return await sendAndConfirm(job, {
      plan,
      unconfirmed,
      confirm: input.confirm,
      set,
      repeats: differences?.repeats ?? { open: [], doubtful: [] },
    });
  } finally {
    await diode.close();
  }
}

/** What `push` waits for before it sends values. */
export const AWAITED_FIELDS = "custom fields";

/** What it waits for before it sends what names them. */
export const AWAITED_NAMES = "VRFs, VLAN groups and L2VPNs";

/**
 * NetBox has no constraint that keeps a VRF or a VLAN group from existing twice, and an entity that names one makes
 * it, if NetBox does not have it yet. Source: netboxlabs/diode, issue 370.
 */
function isNamedByName({ file: { step } }: SelectedFile): boolean {
  return step === "vrf" || step === "vlan-group" || step === "l2vpn";
}

/** Values follow when NetBox has their custom fields; the push ends when it has everything. */
async function sendAndConfirm(
  job: SendJob,
  { plan, unconfirmed, confirm, set, repeats }: {
    readonly plan: Plan;
    /** Acknowledged before. */
    readonly unconfirmed: readonly SelectedFile[];
    readonly confirm: ConfirmOptions;
    readonly set: EntitySet;
    readonly repeats: Repeats;
  },
): Promise<Confirmed> {
  const { files, journal } = job;
  const confirmation = await Confirmation.open({
    ...confirm,
    place: set.place,
    steps: STEP_NAMES.filter((name) =>
      !isExtension(name) || set.files.some(({ step }) => step === name)
    ),
    known: repeats.open,
    isDoubtful: repeats.doubtful.length > 0,
    resend: (files) => sendAgain(files, job),
    signal: job.signal,
  });
  try {
    const isFirst = ({ file: { step } }: SelectedFile): boolean =>
      step !== undefined && BOOTSTRAP_STEPS.has(step);
    const later = files.filter((each) => !isFirst(each));
    await sendFiles({ ...job, files: files.filter(isFirst) });
    const fields = [...files, ...plan.acknowledged].filter(({ file }) =>
      file.step === "custom-field"
    );
    if (later.some(isSent) && fields.length > 0) {
      // A delta without custom fields has values of them, too.
      const arrival = await confirmation.untilArrived(
        fields.map(({ file }) => ({ file })),
        AWAITED_FIELDS,
      );
      if (arrival.arrived < arrival.entities) return { ...arrival, isStopped: true };
    }
    const named = later.filter((each) => isNamedByName(each) && isSent(each));
    const from = later.findLastIndex(isNamedByName) + 1;
    await sendFiles({ ...job, files: later.slice(0, from), bootstrapWaitMs: 0 });
    if (named.length > 0) {
      await confirmation.untilArrived(named.map(({ file }) => ({ file })), AWAITED_NAMES);
    }
    await sendFiles({ ...job, files: later.slice(from), bootstrapWaitMs: 0 });
    const sent = [...files, ...unconfirmed];
    const arrival = await confirmation.untilArrived(sent.filter(isSent), "entities");
    const open = new Map(arrival.open.map(({ file, only = [] }) => [file.path, only]));
    const doubled = Map.groupBy(arrival.doubled, ({ file }) => file.path);
    const confirmed_at = new Date().toISOString();
    const entries = sent.map(({ file: { path, sha256 } }) => {
      const except = open.get(path);
      const twice = doubled.get(path);
      return {
        file: path,
        sha256,
        confirmed_at,
        ...(except && { except: [...except] }),
        ...(twice && { doubled: twice.map(({ index }) => index) }),
      };
    });
    if (entries.length > 0) await journal.add(...entries);
    return { ...arrival, isStopped: false };
  } finally {
    await confirmation.close();
  }
}

/** undefined: without a target. */
async function requireEarlier(
  { set: earlier, journalPlace }: Since,
  { options: { target } }: PushInput,
  journal: PushJournal | undefined,
): Promise<Delivery | undefined> {
  if (target === undefined || journal === undefined) return undefined;
  const own = journalPlace && await openPushJournal(journalPlace);
  return requireWhole(earlier, target, [journal, ...(own === undefined ? [] : [own])]);
}

/** What of each run may have been sent: of a push that was killed before the first answer, no journal says. */
async function sentSinceOf(
  { sentSince = [] }: Since,
  journal: PushJournal | undefined,
): Promise<SentSince[]> {
  return await Promise.all(sentSince.map(async ({ set, journalPlace }) => {
    const own = journalPlace && await openPushJournal(journalPlace);
    return { set, sent: own?.sentOf(set) ?? journal?.sentOf(set) };
  }));
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
