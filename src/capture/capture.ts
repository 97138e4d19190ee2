/** Reads a live cluster into a snapshot. Sends GET requests only; what could not be read is recorded as such. */
import { AppError, isAbort } from "../base/errors.ts";
import { compareNatural } from "../base/natural-order.ts";
import { TOOL } from "../base/tool.ts";
import type { Answer } from "../proxmox/answers.ts";
import { clusterQuestion } from "../proxmox/endpoints.ts";
import {
  CAPTURE_JOURNAL_FILE,
  CaptureJournal,
  type CaptureJournalHead,
} from "../run-folder/capture-journal.ts";
import { type ManifestFacts, startSnapshot } from "../run-folder/snapshot-files.ts";
import type { Manifest } from "../run-folder/snapshot.ts";
import type { Store } from "../run-folder/store/store.ts";
import { type Client, type ClientRun, connect } from "./client.ts";
import {
  forgetFiltered,
  type Overview,
  readOverview,
  refuseEmpty,
  warningsOf,
} from "./overview.ts";
import { type CaptureProgress, countInScope, ProgressCounter } from "./progress.ts";
import { type ExpectedAnswers, QuestionQueue } from "./question-queue.ts";
import { isResumable, refuseForeign, resumeJournal } from "./resume.ts";
import type { CaptureOptions } from "./settings.ts";
import { type CaptureSummary, groupGaps } from "./summary.ts";
import { Walk } from "./walk.ts";

export interface CaptureRun extends ClientRun {
  /** A run folder on this machine, since the journal is appended to. */
  readonly store: Store;
  /** Continue from what the folder holds. */
  readonly isResumed: boolean;
  /** Time that a new capture begins, as "2026-01-02T03:04:05Z"; default: now. */
  readonly startedAt?: string | undefined;
  /** For the hint of an error. */
  readonly resumeCommand: string;
  readonly onProgress: (progress: CaptureProgress) => void;
}

/**
 * The folder holds a sealed snapshot afterwards, complete or partial. When this throws, it holds what it held before,
 * or unfinished files, and in both cases a journal to resume from if there was an answer.
 * @throws AppError "remote" when no host answers or the token is refused, "interrupted" when aborted.
 */
export async function capture(options: CaptureOptions, run: CaptureRun): Promise<CaptureSummary> {
  const { store } = run;
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const head = headOf(options, run.startedAt ?? now());
  let journal = run.isResumed ? await resumeJournal(store, head) : undefined;
  if (journal === undefined) await refuseForeign(store, head, run.onWarning);
  try {
    const { client, version } = await connect(options, { ...run, signal });
    try {
      journal ??= await CaptureJournal.create(store.place, head);
      if (run.isResumed) await forgetFiltered(journal, options);
      const { path } = clusterQuestion("version");
      await journal.record({ path, ...version });
      return await askAll(options, run, { client, journal, head });
    } catch (error) {
      // Ends the calls that are running or waiting.
      stop.abort(error);
      throw error;
    } finally {
      await client.close();
    }
  } catch (error) {
    throw withResumeHint(error, run, journal);
  } finally {
    await journal?.close();
  }
}

async function askAll(
  options: CaptureOptions,
  run: CaptureRun,
  { client, journal, head }: {
    readonly client: Client;
    readonly journal: CaptureJournal;
    readonly head: CaptureJournalHead;
  },
): Promise<CaptureSummary> {
  const progress = new ProgressCounter(run.onProgress);
  const queue = new QuestionQueue({
    client,
    journal,
    limits: options.limits,
    onAnswer: (path, answer) => progress.answered(path, answer),
  });
  const walk = new Walk({
    queue,
    perNode: options.limits.perNode,
    hasLiveAddresses: options.hasLiveAddresses,
    extensions: options.extensions,
    onNode: () => progress.done("nodes"),
    onGuest: () => progress.done("guests"),
  });
  const ask = queue.ask.bind(queue);
  let overview = await readOverview(ask, options);
  refuseEmpty(overview, options);
  for (const warning of warningsOf(overview, options)) run.onWarning(warning);
  progress.expect(overview.inventory);
  if (await walk.run(overview)) {
    // Guests that moved are looked up and asked on their new node; nothing else is asked twice.
    await queue.renew(clusterQuestion("resources"));
    queue.clearFiles();
    overview = await readOverview(ask, options);
    progress.expect(overview.inventory);
    await walk.run(overview);
  }
  if (walk.unappliedNodes.size > 0) run.onWarning(unappliedWarning(walk.unappliedNodes));
  const manifest = await assemble(run.store, { journal, files: queue.files }, {
    ...factsOf(options, head, { client, overview }),
    captured_at: journal.head.started_at,
    attempts: journal.attempts,
  });
  return {
    manifest,
    ...countInScope(overview.inventory),
    gaps: groupGaps(manifest, { ...overview, token: options.token }),
  };
}

function unappliedWarning(nodes: ReadonlySet<string>): string {
  const names = [...nodes].sort(compareNatural).join(", ");
  return `The network of ${names} was read with changes that are not applied, not as it is in force: ` +
    "apply or revert them under System > Network of the node, then capture again, without --resume";
}

function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, "Z");
}

/** Would a capture with these options, with `isResumed`, continue what the folder holds? */
export async function canResume(options: CaptureOptions, store: Store): Promise<boolean> {
  return await isResumable(store, headOf(options, now()));
}

function headOf(
  { hosts: [{ name, port }], nodes, recorded }: CaptureOptions,
  startedAt: string,
): CaptureJournalHead {
  return {
    started_at: startedAt,
    source: { host: name, port },
    scope: { nodes: nodes === undefined ? ["*"] : [...nodes] },
    settings: recorded,
  };
}

type Facts = Pick<Manifest, "tool" | "source" | "settings" | "scope"> & {
  readonly filtered: readonly string[];
};

function factsOf(
  { hosts: [first] }: CaptureOptions,
  { source, scope, settings }: CaptureJournalHead,
  { client, overview: { version, filtered } }: {
    readonly client: Client;
    readonly overview: Overview;
  },
): Facts {
  const host = client.host();
  const certificate = client.certificate();
  return {
    tool: TOOL,
    source: {
      ...source,
      ...(version === undefined ? {} : { version }),
      ...(host.name === first.name ? {} : { answered_by: host.name }),
      ...(certificate === undefined ? {} : { fingerprint: certificate.fingerprint }),
    },
    ...(Object.keys(settings).length === 0 ? {} : { settings }),
    scope,
    filtered,
  };
}

/** What stopped the capture, with the command that resumes it. Other errors stay as they are. */
function withResumeHint(
  error: unknown,
  { signal, store, resumeCommand }: CaptureRun,
  journal: CaptureJournal | undefined,
): unknown {
  const kept = journal &&
    `${journal.size} answers are kept in ${store.place}/${CAPTURE_JOURNAL_FILE}`;
  const resume = `resume with: ${resumeCommand}`;
  if (signal.aborted && isAbort(error)) {
    return kept === undefined
      ? new AppError("interrupted", "Interrupted before the first answer")
      : new AppError("interrupted", `Interrupted: ${kept}`, { hint: resume });
  }
  if (kept === undefined || !(error instanceof AppError) || error.kind !== "remote") return error;
  const hint = [error.hint, kept, resume].filter((part) => part !== undefined).join("; ");
  return new AppError("remote", error.message, { hint, cause: error.cause });
}

/**
 * Journal → the files of the run folder and the manifest. An older snapshot in the folder is removed first: until the
 * manifest is written, the folder is unfinished. The journal, which holds everything, is removed last.
 */
async function assemble(
  store: Store,
  { journal, files }: {
    readonly journal: CaptureJournal;
    readonly files: ReadonlyMap<string, ExpectedAnswers>;
  },
  facts: ManifestFacts,
): Promise<Manifest> {
  const writer = await startSnapshot(store);
  for (const [file, expected] of files) {
    await writer.write(file, await answersOf(expected, journal));
  }
  const manifest = await writer.finish(facts);
  await journal.remove();
  return manifest;
}

async function answersOf(
  expected: ExpectedAnswers,
  journal: CaptureJournal,
): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer>();
  for (const [path, state] of expected) {
    const answer = state === "asked" ? await journal.answer(path) : { skipped: state };
    if (answer !== undefined) answers.set(path, answer);
  }
  return answers;
}
