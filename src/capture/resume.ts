/** What a run folder already holds: to go on from, to replace, or to leave alone. */
import { usageError } from "../kernel/errors.ts";
import { switchOf } from "../kernel/setting.ts";
import type { Store } from "../kernel/store.ts";
import { TOOL } from "../kernel/tool.ts";
import { incompleteOf } from "../snapshot/incomplete.ts";
import { MANIFEST_FILE } from "../snapshot/paths.ts";
import { openSnapshot } from "../snapshot/read.ts";
import type { AnswersFile, Snapshot } from "../snapshot/schema.ts";
import { Journal, JOURNAL_FILE } from "./journal.ts";
import { JOURNAL_FORMAT, type JournalHead } from "./journal-line.ts";

/**
 * A capture that was interrupted, or that is partial → a journal that lacks only what is to be asked.
 * @throws AppError "usage" when there is nothing to go on from, or it was asked for something else;
 * "input" when the journal is damaged or of another format.
 */
export async function resumeJournal(store: Store, wanted: JournalHead): Promise<Journal> {
  const journal = await Journal.open(store.place) ?? await journalOfSnapshot(store);
  const difference = differenceOf(journal.head, wanted);
  if (difference === undefined) return journal;
  await journal.close();
  throw usageError(`Cannot resume the capture in ${store.place}: ${difference}`, {
    hint: "Resume with the settings that it was begun with, or capture anew, without --resume",
  });
}

/** Only an older capture from the same host is replaced. @throws AppError "usage". */
export async function refuseForeign(store: Store, { source }: JournalHead): Promise<void> {
  const keys = await store.keys();
  const isTaken = keys.some((key) => key === MANIFEST_FILE || key.startsWith("pve/"));
  // An older capture that was interrupted while its files were written.
  if (!isTaken || (!keys.includes(MANIFEST_FILE) && keys.includes(JOURNAL_FILE))) return;
  const { manifest } = await openSnapshot(store);
  if (manifest.tool.name === TOOL.name && manifest.source.host === source.host) return;
  throw usageError(
    `Cannot capture into ${store.place}: it holds a snapshot of "${manifest.source.host}"`,
    { hint: "Name another folder with --out, or remove that one first" },
  );
}

/** The answers of a snapshot that is sealed, for more than its journal is gone. */
async function journalOfSnapshot(store: Store): Promise<Journal> {
  if (await store.read(MANIFEST_FILE) === undefined) {
    throw usageError(`Found nothing to resume in ${store.place}`, {
      hint: "Name the folder that the interrupted capture wrote to, or capture without --resume",
    });
  }
  const snapshot = await openSnapshot(store);
  const { source, scope, captured_at, settings = {}, counts } = snapshot.manifest;
  const journal = await Journal.create(store.place, {
    journal: JOURNAL_FORMAT,
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

async function* filesOf(snapshot: Snapshot): AsyncGenerator<AnswersFile> {
  yield await snapshot.cluster();
  for (const node of snapshot.nodes) {
    const file = await snapshot.node(node);
    if (file !== undefined) yield file;
  }
}

/** TABLE: what has to be the same, as the setting is called. */
const SAME: Readonly<Record<string, (head: JournalHead) => string>> = {
  PROXMOX_HOST: ({ source }) => source.host,
  PROXMOX_PORT: ({ source }) => String(source.port ?? ""),
  nodes: ({ scope }) => scope.nodes.toSorted().join(","),
  LXC_LIVE_ADDRESSES: ({ settings }) => String(switchOf(settings.LXC_LIVE_ADDRESSES ?? "false")),
};

function differenceOf(begun: JournalHead, wanted: JournalHead): string | undefined {
  const name = Object.keys(SAME).find((each) => SAME[each]?.(begun) !== SAME[each]?.(wanted));
  return name &&
    `it was begun with ${name} "${SAME[name]?.(begun)}", not "${SAME[name]?.(wanted)}"`;
}
