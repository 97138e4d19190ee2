/** How far each run of a history came: captured, transformed, and pushed to which target. */
import { AppError, inputError } from "../base/errors.ts";
import { decodeUtf8 } from "../base/text.ts";
import { CAPTURE_JOURNAL_FILE } from "../run-folder/capture-journal.ts";
import {
  ENTITY_MANIFEST_FILE,
  listedEntities,
  type TransformedSet,
} from "../run-folder/entity-set.ts";
import { runsIn } from "../run-folder/history.ts";
import { unseal } from "../run-folder/manifest.ts";
import {
  type Acknowledgement,
  isPushJournal,
  PushJournal,
  readPushJournal,
} from "../run-folder/push-journal.ts";
import { MANIFEST_FILE } from "../run-folder/snapshot.ts";
import { folderIn, readRequired, type Store } from "../run-folder/store/store.ts";

/** What a target was sent of a run. */
export interface RunPush {
  /** `Target.name` */
  readonly target: string;
  /** "confirmed": NetBox was seen to have everything; "acknowledged": Diode has everything; "partial": neither. */
  readonly state: "confirmed" | "acknowledged" | "partial";
  /** Entities; those that were sent again count once. */
  readonly sent: number;
  /** Entities that the server has refused. */
  readonly rejected: number;
  /** All entities, not the differences to an earlier run. */
  readonly isWhole: boolean;
  /** false: the run was transformed again since, and what was sent is no longer known. */
  readonly isOfSet: boolean;
}

export interface StoredRun {
  readonly name: string;
  /** Its capture was interrupted: `--resume` continues it. */
  readonly isInterrupted: boolean;
  /** Absent: the capture did not end. */
  readonly outcome?: "complete" | "partial";
  /** Absent: it was not transformed. */
  readonly entities?: TransformedSet;
  readonly pushes: readonly RunPush[];
  /** Why it cannot be read: a file was changed, or has a newer format. */
  readonly fault?: AppError;
}

/** The states of runs, newest first. `before`: only runs that are older than this one. */
export async function* storedRuns(history: Store, before?: string): AsyncGenerator<StoredRun> {
  const names = (await runsIn(history)).filter((name) => before === undefined || name < before);
  for (const name of names.toReversed()) yield await readStoredRun(history, name);
}

export async function readStoredRun(history: Store, name: string): Promise<StoredRun> {
  const run = folderIn(history, name);
  const isInterrupted = await run.read(CAPTURE_JOURNAL_FILE) !== undefined;
  try {
    const outcome = await outcomeOf(run);
    const isTransformed = await run.read(ENTITY_MANIFEST_FILE) !== undefined;
    const entities = isTransformed ? await listedEntities(run) : undefined;
    const pushes = await pushesOf(run, entities);
    return {
      name,
      isInterrupted,
      ...(outcome && { outcome }),
      ...(entities && { entities }),
      pushes,
    };
  } catch (fault) {
    if (!(fault instanceof AppError) || fault.kind !== "input") throw fault;
    return { name, isInterrupted, pushes: [], fault };
  }
}

/** Only what is needed of the manifest: its files are not looked at. */
async function outcomeOf(run: Store): Promise<StoredRun["outcome"]> {
  const bytes = await run.read(MANIFEST_FILE);
  if (bytes === undefined) return undefined;
  const what = `${MANIFEST_FILE} in ${run.place}`;
  const { document } = unseal(decodeUtf8(bytes, what), what);
  const { outcome } = Object(document) as { outcome?: unknown };
  if (outcome === "complete" || outcome === "partial") return outcome;
  throw inputError(`Cannot read ${what}: it is not that of a snapshot`);
}

async function pushesOf(run: Store, set: TransformedSet | undefined): Promise<RunPush[]> {
  const pushes: RunPush[] = [];
  for (const key of (await run.keys("push")).filter(isPushJournal).sort()) {
    const content = readPushJournal(await readRequired(run, key), `"${key}" in ${run.place}`);
    const { head, sent, acknowledged } = content;
    if (head === undefined || sent.size === 0) continue;
    const journal = new PushJournal({ store: run, key, target: { name: head.target } }, content);
    pushes.push({
      target: head.target,
      state: stateOf(journal, set),
      ...countsOf(acknowledged),
      isWhole: head.since === undefined,
      isOfSet: set !== undefined && journal.isFor(set),
    });
  }
  return pushes;
}

/** A file of which a part was sent again has several lines. */
function countsOf(lines: readonly Acknowledgement[]): Pick<RunPush, "sent" | "rejected"> {
  const files = [...Map.groupBy(lines, ({ file }) => file).values()];
  return {
    sent: total(files.map((of) => Math.max(...of.map(({ entities }) => entities)))),
    rejected: total(files.map((of) => of.at(-1)?.errors?.length ?? 0)),
  };
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function stateOf(journal: PushJournal, set: TransformedSet | undefined): RunPush["state"] {
  if (set === undefined) return "partial";
  if (journal.isConfirmed(set)) return "confirmed";
  return journal.hasAll(set) ? "acknowledged" : "partial";
}
