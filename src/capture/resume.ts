/** What a run folder holds already: a journal or a snapshot to resume from, or one that must not be replaced. */
import { usageError } from "../base/errors.ts";
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

/**
 * The journal of an interrupted capture, or one made from a snapshot: with the answers that are kept.
 * @throws AppError "usage" when there is nothing to resume, or it was started with other settings; "input" when
 * the journal is damaged or of another format.
 */
export async function resumeJournal(
  store: Store,
  head: CaptureJournalHead,
): Promise<CaptureJournal> {
  const journal = await CaptureJournal.open(store.place) ?? await journalOfSnapshot(store);
  const difference = differenceOf(journal.head, head);
  if (difference === undefined) return journal;
  await journal.close();
  throw usageError(`Cannot resume the capture in ${store.place}: ${difference}`, {
    hint: "Resume with the settings that it was started with, or start over without --resume",
  });
}

/** @throws AppError "usage" when the folder holds anything but an older capture of the same host. */
export async function refuseForeign(store: Store, { source }: CaptureJournalHead): Promise<void> {
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
const RESUME_SETTINGS: Readonly<Record<string, (head: CaptureJournalHead) => string>> = {
  PROXMOX_HOST: ({ source }) => source.host,
  PROXMOX_PORT: ({ source }) => String(source.port ?? ""),
  PROXMOX_NODES: ({ scope }) => scope.nodes.toSorted().join(","),
  LXC_LIVE_ADDRESSES: ({ settings }) => String(switchOf(settings.LXC_LIVE_ADDRESSES ?? "false")),
};

function differenceOf(started: CaptureJournalHead, wanted: CaptureJournalHead): string | undefined {
  const name = Object.keys(RESUME_SETTINGS).find((each) =>
    RESUME_SETTINGS[each]?.(started) !== RESUME_SETTINGS[each]?.(wanted)
  );
  return name &&
    `it was started with ${name} "${RESUME_SETTINGS[name]?.(started)}", not "${
      RESUME_SETTINGS[name]?.(wanted)
    }"`;
}
