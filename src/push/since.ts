/** Differences to an earlier run: changed entities are sent, missing ones are listed, as Diode cannot delete. */
import { usageError } from "../base/errors.ts";
import { encodeUtf8 } from "../base/text.ts";
import { labelOf } from "../netbox/types/order.ts";
import type { TransformedSet } from "../run-folder/entity-set.ts";
import type { PushJournal, PushJournalPlace } from "../run-folder/push-journal.ts";
import { judgeMissing, type Missing } from "../run-folder/not-read.ts";
import { compareSets, type EntityAt, type SelectedFile } from "../run-folder/set-difference.ts";
import type { Target } from "./settings.ts";

export interface Differences {
  /** All files of the later set; of those without a difference, no entity is to be sent. */
  readonly files: readonly SelectedFile[];
  readonly counts: {
    readonly same: number;
    readonly changed: number;
    readonly added: number;
    readonly disappeared: number;
    readonly not_read: number;
  };
  /** (changed + disappeared) / entities of the earlier set. */
  readonly share: number;
  readonly missing: readonly Missing[];
}

/** @throws AppError "input" when one of the sets cannot be read. */
export async function differencesSince(
  earlier: TransformedSet,
  later: TransformedSet,
): Promise<Differences> {
  const chosen = new Map<string, number[]>();
  const choose = ({ file, index }: EntityAt): void => {
    const indices = chosen.get(file.path) ?? [];
    indices.push(index);
    chosen.set(file.path, indices);
  };
  const counts = { same: 0, changed: 0, added: 0 };
  const missing: EntityAt[] = [];
  for await (const step of compareSets({ set: earlier }, { set: later })) {
    [...step.changed.map(({ after }) => after), ...step.added].forEach(choose);
    counts.same += step.same;
    counts.changed += step.changed.length;
    counts.added += step.added.length;
    missing.push(...step.missing);
  }
  const judged = await judgeMissing(missing, earlier, later);
  const disappeared = judged.filter(({ notRead }) => notRead === undefined).length;
  const total = Object.values(earlier.manifest.counts).reduce((sum, count) => sum + count, 0);
  return {
    files: later.files.map((file) => ({
      file,
      only: (chosen.get(file.path) ?? []).sort((a, b) => a - b),
    })),
    counts: { ...counts, disappeared, not_read: judged.length - disappeared },
    share: (counts.changed + disappeared) / Math.max(total, 1),
    missing: judged,
  };
}

/**
 * Was NetBox seen to have all of the set?
 * @throws AppError "usage" unless one of the journals shows that the target has acknowledged all of it.
 */
export function requireWhole(
  earlier: TransformedSet,
  target: Target,
  journals: readonly PushJournal[],
): boolean {
  if (journals.some((journal) => journal.isConfirmed(earlier))) return true;
  if (journals.some((journal) => journal.hasAll(earlier))) return false;
  const found = journals.find((journal) => journal.isFor(earlier));
  throw usageError(
    `Cannot send the differences to ${earlier.place}: ` +
      (found === undefined
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
