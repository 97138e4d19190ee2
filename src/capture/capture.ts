/** STAGE 1: a live cluster → a snapshot. Reads only; what it could not read stands in the snapshot as such. */
import { AppError, usageError } from "../base/errors.ts";
import { switchOf } from "../base/setting.ts";
import { compareNatural } from "../base/natural-order.ts";
import { TOOL } from "../base/tool.ts";
import { type Answer, incompleteOf } from "../proxmox/answers.ts";
import { clusterQuestion } from "../proxmox/endpoints.ts";
import {
  CAPTURE_JOURNAL_FILE,
  CaptureJournal,
  type CaptureJournalHead,
} from "../run-folder/capture-journal.ts";
import { type ManifestFacts, openSnapshot, startSnapshot } from "../run-folder/snapshot-files.ts";
import { filesOf, type Manifest, MANIFEST_FILE } from "../run-folder/snapshot.ts";
import type { Store } from "../run-folder/store/store.ts";
import type { Client } from "./client.ts";
import { type ClientRun, connect } from "./client.ts";
import { Desk, type Wanted } from "./desk.ts";
import { Limits } from "./limits.ts";
import { forgetFiltered, type Overview, refuseNothing, survey, warningsOf } from "./overview.ts";
import { type CaptureProgress, ProgressCounter } from "./progress.ts";
import { Reach } from "./reach.ts";
import type { CaptureOptions } from "./settings.ts";
import { type CaptureSummary, groupGaps } from "./summary.ts";
import { walk } from "./walk.ts";

export interface CaptureRun extends ClientRun {
  /** Run folder on this machine: a journal is appended to. */
  readonly store: Store;
  /** Go on from what the folder holds. */
  readonly isResumed: boolean;
  readonly onProgress: (progress: CaptureProgress) => void;
}

/**
 * The folder holds a sealed snapshot afterwards, complete or partial; or, when this throws, whatever it
 * held before and a journal to resume from.
 * @throws AppError "remote" when nobody answers or the token is refused, "interrupted" when aborted.
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
      // Calls that are under way, or wait for their turn, end here.
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

interface Means {
  readonly client: Client;
  readonly journal: CaptureJournal;
}

async function askAll(
  options: CaptureOptions,
  run: CaptureRun,
  { client, journal }: Means,
): Promise<CaptureSummary> {
  const progress = new ProgressCounter(run.onProgress);
  const desk = new Desk({
    client,
    journal,
    limits: new Limits(options.limits),
    onAnswer: progress.answered.bind(progress),
  });
  const walking = {
    desk,
    reach: new Reach(desk),
    perNode: options.limits.perNode,
    hasLiveAddresses: options.hasLiveAddresses,
    onNode: progress.nodeDone.bind(progress),
    onGuest: progress.guestDone.bind(progress),
    unapplied: new Set<string>(),
  };
  const ask = desk.ask.bind(desk);
  let overview = await survey(ask, options);
  refuseNothing(overview, options);
  for (const warning of warningsOf(overview, options)) run.onWarning(warning);
  progress.expect(overview.inventory);
  if (await walk(overview.inventory, walking)) {
    // What has moved is looked up, and asked for where it is now; nothing else is asked twice.
    await desk.renew(clusterQuestion("resources"));
    desk.startOver();
    overview = await survey(ask, options);
    progress.expect(overview.inventory);
    await walk(overview.inventory, walking);
  }
  if (walking.unapplied.size > 0) run.onWarning(unappliedWarning(walking.unapplied));
  const manifest = await assemble(run.store, { journal, files: desk.files }, {
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

/** What stopped the capture, with the way to go on. Faults of ours stay as they are. */
function resumable(error: unknown, run: CaptureRun, journal: CaptureJournal | undefined): unknown {
  const { place } = run.store;
  const kept = journal && `${journal.size} answers are kept in ${place}/${CAPTURE_JOURNAL_FILE}`;
  const goOn = `go on with: ${TOOL.name} capture --resume --out ${place}`;
  if (run.signal.aborted) {
    return kept === undefined
      ? new AppError("interrupted", "Interrupted before the first answer")
      : new AppError("interrupted", `Interrupted: ${kept}`, { hint: goOn });
  }
  if (kept === undefined || !(error instanceof AppError) || error.kind !== "remote") return error;
  const hint = [error.hint, kept, goOn].filter((part) => part !== undefined).join("; ");
  return new AppError("remote", error.message, { hint });
}

/** The journal and the list of what the snapshot shall hold → the files of the run folder, and the manifest. */

/**
 * An older snapshot in the folder goes first: from then on, until the manifest is written, the folder is
 * an unfinished one. The journal, which holds everything, goes last.
 */
export async function assemble(
  store: Store,
  { journal, files }: {
    readonly journal: CaptureJournal;
    readonly files: ReadonlyMap<string, Wanted>;
  },
  facts: ManifestFacts,
): Promise<Manifest> {
  const writer = await startSnapshot(store);
  for (const [file, wanted] of files) await writer.write(file, await answersOf(wanted, journal));
  const manifest = await writer.finish(facts);
  await journal.remove();
  return manifest;
}

async function answersOf(wanted: Wanted, journal: CaptureJournal): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer>();
  for (const [path, state] of wanted) {
    const answer = state === "asked" ? await journal.answer(path) : { skipped: state };
    if (answer !== undefined) answers.set(path, answer);
  }
  return answers;
}

/** What a run folder already holds: to go on from, to replace, or to leave alone. */

/**
 * A capture that was interrupted, or that is partial → a journal that lacks only what is to be asked.
 * @throws AppError "usage" when there is nothing to go on from, or it was asked for something else;
 * "input" when the journal is damaged or of another format.
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
    hint: "Resume with the settings that it was begun with, or capture anew, without --resume",
  });
}

/** Only an older capture from the same host is replaced. @throws AppError "usage". */
export async function refuseForeign(store: Store, { source }: CaptureJournalHead): Promise<void> {
  const keys = await store.keys();
  const isTaken = keys.some((key) => key === MANIFEST_FILE || key.startsWith("pve/"));
  // An older capture that was interrupted while its files were written.
  if (!isTaken || (!keys.includes(MANIFEST_FILE) && keys.includes(CAPTURE_JOURNAL_FILE))) return;
  const { manifest } = await openSnapshot(store);
  if (manifest.tool.name === TOOL.name && manifest.source.host === source.host) return;
  throw usageError(
    `Cannot capture into ${store.place}: it holds a snapshot of "${manifest.source.host}"`,
    { hint: "Name another folder with --out, or remove that one first" },
  );
}

/** The answers of a snapshot that is sealed, for more than its journal is gone. */
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
      const isAnswer = answer !== undefined && !("skipped" in answer) &&
        incompleteOf(path, answer) === undefined;
      if (isAnswer) await journal.record({ path, answer, attempts: 0 });
    }
  }
  return journal;
}

/** TABLE: what has to be the same, as the setting is called. */
const SAME: Readonly<Record<string, (head: CaptureJournalHead) => string>> = {
  PROXMOX_HOST: ({ source }) => source.host,
  PROXMOX_PORT: ({ source }) => String(source.port ?? ""),
  nodes: ({ scope }) => scope.nodes.toSorted().join(","),
  LXC_LIVE_ADDRESSES: ({ settings }) => String(switchOf(settings.LXC_LIVE_ADDRESSES ?? "false")),
};

function differenceOf(begun: CaptureJournalHead, wanted: CaptureJournalHead): string | undefined {
  const name = Object.keys(SAME).find((each) => SAME[each]?.(begun) !== SAME[each]?.(wanted));
  return name &&
    `it was begun with ${name} "${SAME[name]?.(begun)}", not "${SAME[name]?.(wanted)}"`;
}
