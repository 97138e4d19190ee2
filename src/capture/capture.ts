/** STAGE 1: a live cluster → a snapshot. Reads only; what it could not read stands in the snapshot as such. */
import { AppError } from "../kernel/errors.ts";
import { compareNatural } from "../kernel/natural-order.ts";
import type { Store } from "../kernel/store.ts";
import { TOOL } from "../kernel/tool.ts";
import type { Manifest } from "../snapshot/schema.ts";
import { assemble } from "./assemble.ts";
import type { Client } from "./client.ts";
import { type Asking, connect } from "./connect.ts";
import { Desk } from "./desk.ts";
import { clusterQuestion } from "./endpoints.ts";
import { Journal, JOURNAL_FILE } from "./journal.ts";
import { JOURNAL_FORMAT, type JournalHead } from "./journal-line.ts";
import { Limits } from "./limits.ts";
import type { CaptureOptions } from "./options.ts";
import { type Overview, refuseNothing, warningsOf } from "./overview.ts";
import { type CaptureProgress, ProgressCounter } from "./progress.ts";
import { Reach } from "./reach.ts";
import { refuseForeign, resumeJournal } from "./resume.ts";
import { type CaptureSummary, groupGaps } from "./summary.ts";
import { forgetFiltered, survey } from "./survey.ts";
import { walk } from "./walk.ts";

export interface CaptureRun extends Asking {
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
      journal ??= await Journal.create(store.place, head);
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
  readonly journal: Journal;
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

function headOf({ hosts: [{ name, port }], nodes, recorded }: CaptureOptions): JournalHead {
  return {
    journal: JOURNAL_FORMAT,
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
function resumable(error: unknown, run: CaptureRun, journal: Journal | undefined): unknown {
  const { place } = run.store;
  const kept = journal && `${journal.size} answers are kept in ${place}/${JOURNAL_FILE}`;
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
