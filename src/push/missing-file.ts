/**
 * What an earlier run has and this one lacks → a file beside the journal, one entity a line:
 *
 * {"disappeared":[
 * {"step":"virtual-disk","entity":"web-01/scsi1"}
 * ],"not_read":[
 * {"step":"ip-address","entity":"192.0.2.7/24","reason":"agent-not-running","what":"vm/104/agent"}
 * ]}
 */
import { NATURAL_KEYS } from "../entities/natural-key.ts";
import type { Missing } from "../entities/not-read.ts";
import { encodeUtf8 } from "../kernel/utf8.ts";
import type { JournalPlace } from "./journal.ts";

export interface MissingRecord {
  readonly step: string;
  readonly entity: string;
  /** Only of what was not read: why, and the record in left-out.json that says so. */
  readonly reason?: string;
  readonly what?: string;
}

export function missingRecord({ step, entity, notRead }: Missing): MissingRecord {
  const { name } = NATURAL_KEYS[step] as { name: (entity: unknown) => string };
  const record = { step, entity: name(entity) };
  return notRead === undefined ? record : { ...record, reason: notRead.reason, what: notRead.what };
}

/** Answers the file's name in the store. */
export async function writeMissing(
  { store, key }: JournalPlace,
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
