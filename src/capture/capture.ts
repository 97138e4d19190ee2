/** Reads a live cluster into a snapshot. Sends GET requests only; what could not be read is recorded as such. */
import { AppError, usageError } from "../base/errors.ts";
import { switchOf } from "../base/setting.ts";
import { compareNatural } from "../base/natural-order.ts";
import { TOOL } from "../base/tool.ts";
import { type Answer, incompleteOf, skipReasonOf } from "../proxmox/answers.ts";
import { clusterQuestion } from "../proxmox/endpoints.ts";
import {
  CAPTURE_JOURNAL_FILE,
  CaptureJournal,
  type CaptureJournalHead,
} from "../run-folder/capture-journal.ts";
import { type ManifestFacts, openSnapshot, startSnapshot } from "../run-folder/snapshot-files.ts";
import { filesOf, type Manifest, MANIFEST_FILE } from "../run-folder/snapshot.ts";
import type { Store } from "../run-folder/store/store.ts";
import { type Client, type ClientRun, connect } from "./client.ts";
import {
  forgetFiltered,
  type Inventory,
  type Overview,
  readOverview,
  refuseEmpty,
  warningsOf,
} from "./overview.ts";
import { type ExpectedAnswers, QuestionQueue } from "./question-queue.ts";
import type { CaptureOptions } from "./settings.ts";
import { type CaptureSummary, groupGaps } from "./summary.ts";
import { Walk } from "./walk.ts";

export interface CaptureRun extends ClientRun {
  /** A run folder on this machine, since the journal is appended to. */
  readonly store: Store;
  /** Continue from what the folder holds. */
  readonly isResumed: boolean;
  readonly onProgress: (progress: CaptureProgress) => void;
}

/**
 * The folder holds a sealed snapshot afterwards, complete or partial; or, when this throws, what it held before
 * and a journal to resume from.
 * @throws AppError "remote" when no host answers or the token is refused, "interrupted" when aborted.
 */
export async function capture(options: CaptureOptions, run: CaptureRun): Promise<CaptureSummary> {
  const { store } = run;
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const head = headOf(options);
  let journal = run.isResumed ? await resumeJournal(store, head) : undefined;
  if (journal === undefined) await refuseForeign(store, head);
  try {
    const { client, version } = await connect(options, { ...run, signal });
    try {
      journal ??= await CaptureJournal.create(store.place, head);
      if (run.isResumed) await forgetFiltered(journal, options);
      const { path } = clusterQuestion("version");
      await journal.record({ path, ...version });
      return await askAll(options, run, { client, journal });
    } catch (error) {
      // Ends the calls that are running or waiting.
      stop.abort(error);
      throw error;
    } finally {
      await client.close();
    }
  } catch (error) {
    throw resumable(error, run, journal);
  } finally {
    await journal?.close();
  }
}

async function askAll(
  options: CaptureOptions,
  run: CaptureRun,
  { client, journal }: { readonly client: Client; readonly journal: CaptureJournal },
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
    onNode: () => progress.done("nodes"),
    onGuest: () => progress.done("guests"),
  });
  const ask = queue.ask.bind(queue);
  let overview = await readOverview(ask, options);
  refuseEmpty(overview, options);
  for (const warning of warningsOf(overview, options)) run.onWarning(warning);
  progress.expect(overview.inventory);
  if (await walk.run(overview.inventory)) {
    // Guests that moved are looked up and asked on their new node; nothing else is asked twice.
    await queue.renew(clusterQuestion("resources"));
    queue.clearFiles();
    overview = await readOverview(ask, options);
    progress.expect(overview.inventory);
    await walk.run(overview.inventory);
  }
  if (walk.unappliedNodes.size > 0) run.onWarning(unappliedWarning(walk.unappliedNodes));
  const manifest = await assemble(run.store, { journal, files: queue.files }, {
    ...factsOf(options, client, overview),
    captured_at: journal.head.started_at,
    attempts: journal.attempts,
  });
  return {
    manifest,
    guests: progress.state.guests.total,
    nodes: progress.state.nodes.total,
    gaps: groupGaps(manifest, { ...overview, token: options.token }),
  };
}

function unappliedWarning(nodes: ReadonlySet<string>): string {
  const names = [...nodes].sort(compareNatural).join(", ");
  return `The network of ${names} was read with changes that are not applied, not as it is in force: ` +
    "apply or revert them under System > Network of the node, then capture again, without --resume";
}

function headOf({ hosts: [{ name, port }], nodes, recorded }: CaptureOptions): CaptureJournalHead {
  return {
    started_at: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    source: { host: name, port },
    scope: { nodes: nodes === undefined ? ["*"] : [...nodes] },
    settings: recorded,
  };
}

type Facts = Pick<Manifest, "tool" | "source" | "settings" | "scope"> & {
  readonly filtered: readonly string[];
};

function factsOf(
  options: CaptureOptions,
  client: Client,
  { version, filtered }: Overview,
): Facts {
  const { source, scope, settings } = headOf(options);
  const [first] = options.hosts;
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

/** What stopped the capture, with the command that resumes it. Our own bugs stay as they are. */
function resumable(error: unknown, run: CaptureRun, journal: CaptureJournal | undefined): unknown {
  const { place } = run.store;
  const kept = journal && `${journal.size} answers are kept in ${place}/${CAPTURE_JOURNAL_FILE}`;
  const resume = `resume with: ${TOOL.name} capture --resume --out ${place}`;
  if (run.signal.aborted) {
    return kept === undefined
      ? new AppError("interrupted", "Interrupted before the first answer")
      : new AppError("interrupted", `Interrupted: ${kept}`, { hint: resume });
  }
  if (kept === undefined || !(error instanceof AppError) || error.kind !== "remote") return error;
  const hint = [error.hint, kept, resume].filter((part) => part !== undefined).join("; ");
  return new AppError("remote", error.message, { hint });
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

/**
 * A capture that was interrupted, or is partial → a journal that lacks only what is to be asked.
 * @throws AppError "usage" when there is nothing to resume, or it was started with other settings; "input" when
 * the journal is damaged or of another format.
 */
export async function resumeJournal(
  store: Store,
  wanted: CaptureJournalHead,
): Promise<CaptureJournal> {
  const journal = await CaptureJournal.open(store.place) ?? await journalOfSnapshot(store);
  const difference = differenceOf(journal.head, wanted);
  if (difference === undefined) return journal;
  await journal.close();
  throw usageError(`Cannot resume the capture in ${store.place}: ${difference}`, {
    hint: "Resume with the settings that it was started with, or start over without --resume",
  });
}

/** @throws AppError "usage" when the folder holds anything but an older capture of the same host. */
async function refuseForeign(store: Store, { source }: CaptureJournalHead): Promise<void> {
  const keys = await store.keys();
  const isTaken = keys.some((key) => key === MANIFEST_FILE || key.startsWith("pve/"));
  // A capture that was interrupted while its files were written has a journal and no manifest.
  if (!isTaken || (!keys.includes(MANIFEST_FILE) && keys.includes(CAPTURE_JOURNAL_FILE))) return;
  const { manifest } = await openSnapshot(store);
  if (manifest.tool.name === TOOL.name && manifest.source.host === source.host) return;
  throw usageError(
    `Cannot capture into ${store.place}: it holds a snapshot of "${manifest.source.host}"`,
    { hint: "Name another folder with --out, or remove this one first" },
  );
}

/** A sealed snapshot has no journal any more: its answers make a new one. */
async function journalOfSnapshot(store: Store): Promise<CaptureJournal> {
  if (await store.read(MANIFEST_FILE) === undefined) {
    throw usageError(`Found nothing to resume in ${store.place}`, {
      hint: "Name the folder that the interrupted capture wrote to, or capture without --resume",
    });
  }
  const snapshot = await openSnapshot(store);
  const { source, scope, captured_at, settings = {}, counts } = snapshot.manifest;
  const journal = await CaptureJournal.create(store.place, {
    started_at: captured_at,
    source,
    scope,
    settings,
    attempts: counts.attempts ?? 0,
  });
  for await (const file of filesOf(snapshot)) {
    for (const path of file.paths()) {
      const answer = file.get(path);
      const isAnswer = answer !== undefined && skipReasonOf(answer) === undefined &&
        incompleteOf(path, answer) === undefined;
      if (isAnswer) await journal.record({ path, answer, attempts: 0 });
    }
  }
  return journal;
}

/** TABLE: setting → what must be the same when a capture is resumed. */
const SAME: Readonly<Record<string, (head: CaptureJournalHead) => string>> = {
  PROXMOX_HOST: ({ source }) => source.host,
  PROXMOX_PORT: ({ source }) => String(source.port ?? ""),
  PROXMOX_NODES: ({ scope }) => scope.nodes.toSorted().join(","),
  LXC_LIVE_ADDRESSES: ({ settings }) => String(switchOf(settings.LXC_LIVE_ADDRESSES ?? "false")),
};

function differenceOf(started: CaptureJournalHead, wanted: CaptureJournalHead): string | undefined {
  const name = Object.keys(SAME).find((each) => SAME[each]?.(started) !== SAME[each]?.(wanted));
  return name &&
    `it was started with ${name} "${SAME[name]?.(started)}", not "${SAME[name]?.(wanted)}"`;
}

/** How far a capture is. */
export interface CaptureProgress {
  readonly nodes: { readonly done: number; readonly total: number };
  readonly guests: { readonly done: number; readonly total: number };
  /** Answers that came from the cluster in this run. */
  readonly answers: number;
  /** Of these. */
  readonly gaps: number;
}

class ProgressCounter {
  readonly #report: (progress: CaptureProgress) => void;
  state: CaptureProgress = {
    nodes: { done: 0, total: 0 },
    guests: { done: 0, total: 0 },
    answers: 0,
    gaps: 0,
  };

  constructor(report: (progress: CaptureProgress) => void) {
    this.#report = report;
  }

  /** Starts over with what there is to do. */
  expect({ nodes }: Inventory): void {
    const inScope = nodes.filter(({ isInScope }) => isInScope);
    const guests = inScope.reduce((sum, node) => sum + node.guests.length, 0);
    this.#change({
      nodes: { done: 0, total: inScope.length },
      guests: { done: 0, total: guests },
    });
  }

  done(part: "nodes" | "guests"): void {
    const { done, total } = this.state[part];
    this.#change({ [part]: { done: done + 1, total } });
  }

  answered(path: string, answer: Answer): void {
    const { answers, gaps } = this.state;
    const isGap = incompleteOf(path, answer) !== undefined;
    this.#change({ answers: answers + 1, gaps: gaps + (isGap ? 1 : 0) });
  }

  #change(part: Partial<CaptureProgress>): void {
    this.state = { ...this.state, ...part };
    this.#report(this.state);
  }
}
