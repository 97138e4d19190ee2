/** What a run folder holds already: a journal or a snapshot to resume from, or one that must not be replaced. */
import { AppError, usageError } from "../base/errors.ts";
import { switchOf } from "../base/setting.ts";
import { TOOL } from "../base/tool.ts";
import { incompleteOf, skipReasonOf } from "../proxmox/answers.ts";
import {
  CAPTURE_JOURNAL_FILE,
  CaptureJournal,
  type CaptureJournalHead,
} from "../run-folder/capture-journal.ts";
import { openSnapshot } from "../run-folder/snapshot-files.ts";
import { filesOf, MANIFEST_FILE } from "../run-folder/snapshot.ts";
import type { Store } from "../run-folder/store/store.ts";
import { counted } from "../terminal/tables.ts";

/**
 * The journal of an interrupted capture, or one made from a snapshot: with the answers that are kept.
 * @throws AppError "usage" when there is nothing to resume, or it was started with other settings; "input" when
 * the journal or the snapshot is damaged or of another format.
 */
export async function resumeJournal(
  store: Store,
  head: CaptureJournalHead,
): Promise<CaptureJournal> {
  const journal = await CaptureJournal.open(store.place);
  if (journal === undefined) return await journalOfSnapshot(store, head);
  try {
    refuseDifference(store, journal.head, head);
    return journal;
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/** Would `resumeJournal` continue what the folder holds? Writes nothing. */
export async function isResumable(store: Store, head: CaptureJournalHead): Promise<boolean> {
  try {
    const journal = await CaptureJournal.open(store.place);
    await journal?.close();
    refuseDifference(store, journal?.head ?? (await startedSnapshot(store)).started, head);
    return true;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

async function startedSnapshot(store: Store) {
  if (await store.read(MANIFEST_FILE) === undefined) {
    throw usageError(`Found nothing to resume in ${store.place}`, {
      hint: "Name the folder that the interrupted capture wrote to, or capture without --resume",
    });
  }
  const snapshot = await openSnapshot(store);
  const { source, scope, captured_at, settings = {} } = snapshot.manifest;
  return { snapshot, started: { started_at: captured_at, source, scope, settings } };
}

/** A sealed snapshot has no journal any more: its answers make a new one. */
async function journalOfSnapshot(store: Store, head: CaptureJournalHead): Promise<CaptureJournal> {
  const { snapshot, started } = await startedSnapshot(store);
  refuseDifference(store, started, head);
  const { attempts = 0 } = snapshot.manifest.counts;
  const journal = await CaptureJournal.create(store.place, { ...started, attempts });
  try {
    for await (const file of filesOf(snapshot)) {
      for (const path of file.paths()) {
        const answer = file.get(path);
        const isAnswer = answer !== undefined && skipReasonOf(answer) === undefined &&
          incompleteOf(path, answer) === undefined;
        if (isAnswer) await journal.record({ path, answer, attempts: 0 });
      }
    }
    return journal;
  } catch (error) {
    // With a part of the answers it would hide the damage from the next --resume.
    await journal.remove();
    throw error;
  }
}

/**
 * Before a capture without --resume, which replaces what the folder holds.
 * @throws AppError "usage" when that is anything but an older capture of the same host.
 */
export async function refuseForeign(
  store: Store,
  { source }: CaptureJournalHead,
  onWarning: (sentence: string) => void,
): Promise<void> {
  const keys = await store.keys();
  const journal = keys.includes(CAPTURE_JOURNAL_FILE)
    ? await readableJournal(store.place)
    : undefined;
  await journal?.close();
  if (journal !== undefined && journal.head.source.host !== source.host) {
    throw foreignError(store, `an interrupted capture of "${journal.head.source.host}"`);
  }
  // A capture that was interrupted while its files were written has a journal and no manifest.
  const isUnfinished = keys.includes(CAPTURE_JOURNAL_FILE) && !keys.includes(MANIFEST_FILE);
  if (!isUnfinished && keys.some((key) => key === MANIFEST_FILE || key.startsWith("pve/"))) {
    const { manifest: { tool, source: { host } } } = await openSnapshot(store);
    const isOwn = tool.name === TOOL.name;
    if (!isOwn || host !== source.host) {
      throw foreignError(store, `a snapshot of "${host}"${isOwn ? "" : ` by ${tool.name}`}`);
    }
  }
  if (journal !== undefined && journal.size > 0) {
    onWarning(
      `Discarding ${
        counted(journal.size, "answer")
      } of an interrupted capture in ${store.place}: ` +
        "--resume would keep them",
    );
  }
}

/** undefined for a damaged one, or one of another format. */
async function readableJournal(folder: string): Promise<CaptureJournal | undefined> {
  return await CaptureJournal.open(folder).catch((error: unknown) => {
    if (error instanceof AppError && error.kind === "input") return undefined;
    throw error;
  });
}

function foreignError({ place }: Store, what: string): AppError {
  return usageError(`Cannot capture into ${place}: it holds ${what}`, {
    hint: "Name another folder with --out, or remove this one first",
  });
}

/** TABLE: setting → what must be the same when a capture is resumed. */
const RESUME_SETTINGS: Readonly<Record<string, (head: CaptureJournalHead) => string>> = {
  PROXMOX_HOST: ({ source }) => source.host,
  PROXMOX_PORT: ({ source }) => String(source.port ?? ""),
  PROXMOX_NODES: ({ scope }) => scope.nodes.toSorted().join(","),
  LXC_LIVE_ADDRESSES: ({ settings }) => String(switchOf(settings.LXC_LIVE_ADDRESSES ?? "false")),
  NETWORK_DEPTH: ({ settings }) => settings.NETWORK_DEPTH ?? "mapped",
  AGENT_HOST_NAMES: ({ settings }) => String(switchOf(settings.AGENT_HOST_NAMES ?? "false")),
};

/** @throws AppError "usage". */
function refuseDifference(
  { place }: Store,
  started: CaptureJournalHead,
  head: CaptureJournalHead,
): void {
  for (const [name, of] of Object.entries(RESUME_SETTINGS)) {
    if (of(started) === of(head)) continue;
    throw usageError(
      `Cannot resume the capture in ${place}: it was started with ${name} "${of(started)}", not "${
        of(head)
      }"`,
      { hint: "Resume with the settings that it was started with, or start over without --resume" },
    );
  }
}
