/** Differences to an earlier run: changed entities are sent, missing ones are listed, as Diode cannot delete. */
import { type AppError, usageError } from "../base/errors.ts";
import { encodeUtf8 } from "../base/text.ts";
import { isContained } from "../netbox/types/contained.ts";
import { labelOf } from "../netbox/types/order.ts";
import type { EntityFile, TransformedSet } from "../run-folder/entity-set.ts";
import type { Delivery, PushJournal, PushJournalPlace } from "../run-folder/push-journal.ts";
import { judgeMissing, type Missing } from "../run-folder/not-read.ts";
import {
  type ChangedEntity,
  compareSets,
  countEntities,
  entitiesIn,
  entitiesOf,
  type EntityAt,
  type SelectedFile,
} from "../run-folder/set-difference.ts";
import type { Target } from "./settings.ts";

export interface Differences {
  /** All files of the later set; of those without a difference, no entity is to be sent. */
  readonly files: readonly SelectedFile[];
  readonly counts: {
    /** Equal to the earlier set's, or a part of it, and not sent. */
    readonly same: number;
    /** Equal, and sent: see `repeats`. */
    readonly repeated: number;
    readonly changed: number;
    readonly added: number;
    readonly disappeared: number;
    readonly not_read: number;
  };
  /** (changed + disappeared) / entities of the earlier set. */
  readonly share: number;
  readonly missing: readonly Missing[];
  readonly repeats: Repeats;
}

/** What is sent although the earlier set has the same. */
export interface Repeats {
  /** NetBox was not seen to have it. */
  readonly open: readonly SelectedFile[];
  /** A set that was sent meanwhile has it otherwise, or not at all: NetBox may have that. */
  readonly doubtful: readonly SelectedFile[];
}

/** A set that was sent after the earlier one, in whole or in part, and on which no push can build. */
export interface SentSince {
  readonly set: TransformedSet;
  /** Its files that may have been sent; undefined: any. */
  readonly sent: ReadonlySet<string> | undefined;
}

/** @throws AppError "input" when one of the sets cannot be read. */
export async function differencesSince(
  earlier: TransformedSet,
  later: TransformedSet,
  candidates: Repeats,
): Promise<Differences> {
  const chosen = new Selection(later);
  const choose = (found: EntityAt): void => void chosen.add(found);
  const counts = { same: 0, changed: 0, added: 0 };
  const missing: EntityAt[] = [];
  for await (const step of compareSets({ set: earlier }, { set: later })) {
    const changed = step.changed.filter(isNews);
    [...changed.map(({ after }) => after), ...step.added].forEach(choose);
    counts.same += step.same + step.changed.length - changed.length;
    counts.changed += changed.length;
    counts.added += step.added.length;
    missing.push(...step.missing);
  }
  // What differs anyway is no repetition.
  const repeats = {
    open: chosen.addMissing(candidates.open),
    doubtful: chosen.addMissing(candidates.doubtful),
  };
  const repeated = countEntities([...repeats.open, ...repeats.doubtful]);
  const judged = await judgeMissing(missing, earlier, later);
  const disappeared = judged.filter(({ notRead }) => notRead === undefined).length;
  const total = Object.values(earlier.manifest.counts).reduce((sum, count) => sum + count, 0);
  return {
    files: chosen.all(),
    counts: {
      same: counts.same - repeated,
      repeated,
      changed: counts.changed,
      added: counts.added,
      disappeared,
      not_read: judged.length - disappeared,
    },
    share: (counts.changed + disappeared) / Math.max(total, 1),
    missing: judged,
    repeats,
  };
}

/** Without what is only said no more: a field that NetBox has now, and that is people's from then on. */
function isNews({ before, after }: ChangedEntity): boolean {
  return !isContained(after.step, { later: after.entity, earlier: before.entity as never });
}

/** Entities of a set, file by file. */
class Selection {
  readonly #set: TransformedSet;
  readonly #chosen = new Map<string, Set<number>>();

  constructor(set: TransformedSet) {
    this.#set = set;
  }

  /** Returns whether it is new. */
  add({ file, index }: Pick<EntityAt, "file" | "index">): boolean {
    const indices = this.#chosen.get(file.path) ?? new Set();
    this.#chosen.set(file.path, indices);
    return indices.size < indices.add(index).size;
  }

  /** Returns those that are new. */
  addMissing(files: readonly SelectedFile[]): SelectedFile[] {
    return files.map(({ file, only = [] }) => ({
      file,
      only: only.filter((index) => this.add({ file, index })),
    })).filter(({ only }) => only.length > 0);
  }

  /** All files, also those of which nothing is selected. */
  all(): { readonly file: EntityFile; readonly only: readonly number[] }[] {
    return this.#set.files.map((file) => ({
      file,
      only: [...this.#chosen.get(file.path) ?? []].sort((a, b) => a - b),
    }));
  }

  some(): SelectedFile[] {
    return this.all().filter(({ only }) => only.length > 0);
  }
}

/**
 * Entities of the later set that NetBox may lack or have otherwise, whether or not the earlier set has the same.
 * @throws AppError "input" when one of the sets cannot be read.
 */
export async function repeatsIn(
  later: TransformedSet,
  { earlier, except, sentSince }: {
    readonly earlier: TransformedSet;
    /** What NetBox was not seen to have of the earlier set. */
    readonly except: readonly SelectedFile[];
    readonly sentSince: readonly SentSince[];
  },
): Promise<Repeats> {
  const open = new Selection(later);
  for (const [step, files] of Map.groupBy(except, ({ file }) => file.step)) {
    if (step === undefined) continue;
    const keys = new Set<string>();
    for await (const { key } of entitiesIn(step, files, earlier.place)) keys.add(key);
    for await (const found of entitiesOf(later, step)) if (keys.has(found.key)) open.add(found);
  }
  const doubtful = new Selection(later);
  for (const { set, sent } of sentSince) {
    if (sent?.size === 0) continue;
    for await (const { changed, added } of compareSets({ set }, { set: later })) {
      // What that set lacks may have been removed from NetBox after it was sent.
      added.forEach((found) => doubtful.add(found));
      for (const { before, after } of changed.filter(isNews)) {
        if (sent?.has(before.file.path) !== false) doubtful.add(after);
      }
    }
  }
  return { open: open.some(), doubtful: doubtful.some() };
}

/**
 * What NetBox was seen to have of the set.
 * @throws AppError "usage" unless one of the journals shows that the target has acknowledged all of it.
 */
export function requireWhole(
  earlier: TransformedSet,
  target: Target,
  journals: readonly PushJournal[],
): Delivery {
  const found = journals.flatMap((journal) => journal.deliveryOf(earlier) ?? []);
  const best = found.find(({ state }) => state === "confirmed") ??
    found.find(({ state }) => state === "acknowledged");
  if (best !== undefined) return best;
  throw usageError(
    `Cannot send the differences to ${earlier.place}: ` +
      (found.length === 0
        ? `no journal shows that ${target.name} has it`
        : `${target.name} acknowledged only a part of it`),
    {
      hint: "Push that run first, or name its journal with --journal; without --since, all is sent",
    },
  );
}

/** Why a push is refused; undefined if no more changed than is allowed. */
export function shareRefusal(
  { counts, share }: Differences,
  maxChanged: number,
): string | undefined {
  if (share <= maxChanged) return undefined;
  const percent = (part: number): string => `${Number((part * 100).toFixed(1))}%`;
  return `${counts.changed} changed and ${counts.disappeared} disappeared, ` +
    `${percent(share)} of the earlier run, and ${percent(maxChanged)} is allowed`;
}

/** `reason`: a `shareRefusal`. */
export function refusedPush(reason: string): AppError {
  return usageError(`Refused to push: ${reason}`, {
    hint: "Check the changes with diff or push --dry-run; --yes pushes them anyway",
  });
}

/**
 * Entities of the earlier run that this one lacks: a file next to the journal, one entity a line:
 *
 * {"disappeared":[
 * {"step":"virtual-disk","entity":"web-01/scsi1"}
 * ],"not_read":[
 * {"step":"ip-address","entity":"192.0.2.7/24","reason":"agent-not-running","what":"vm/104/agent"}
 * ]}
 */
interface MissingRecord {
  readonly step: string;
  readonly entity: string;
  /** Of an entity that was not read: why, and the subject of the record in left-out.json. */
  readonly reason?: string;
  readonly what?: string;
}

export function missingRecord({ step, entity, notRead }: Missing): MissingRecord {
  const record = { step, entity: labelOf(step, entity) };
  return notRead === undefined ? record : { ...record, reason: notRead.reason, what: notRead.what };
}

/** Returns the key of the file. */
export async function writeMissing(
  { store, key }: PushJournalPlace,
  missing: readonly Missing[],
): Promise<string> {
  const { gone = [], unread = [] } = Object.groupBy(
    missing,
    ({ notRead }) => notRead === undefined ? "gone" : "unread",
  );
  const file = key.replace(/(?:\.journal)?$/, ".disappeared.json");
  const text = `{"disappeared":${listed(gone)},"not_read":${listed(unread)}}\n`;
  await store.write(file, encodeUtf8(text));
  return file;
}

function listed(missing: readonly Missing[]): string {
  const lines = missing.map((each) => JSON.stringify(missingRecord(each)));
  return lines.length === 0 ? "[]" : `[\n${lines.join(",\n")}\n]`;
}
