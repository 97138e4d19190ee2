/** A run folder, opened: what is finished in it can be read. */
import { type JournalText, readJournal } from "../../entities/journal.ts";
import { openEntities, type TransformedSet } from "../../entities/read.ts";
import { readRequired, type Store } from "../../kernel/store.ts";
import { openSnapshot } from "../../snapshot/read.ts";
import type { Snapshot } from "../../snapshot/schema.ts";
import { type Parts, partsOf } from "../parts.ts";

export interface Run {
  readonly place: string;
  readonly parts: Parts;
  readonly snapshot: Snapshot | undefined;
  readonly entities: TransformedSet | undefined;
  /** Was netbox/ made from this pve/, as it is now, alone? */
  readonly isOwn: boolean;
  readonly journals: readonly RunJournal[];
}

export interface RunJournal extends JournalText {
  /** Relative to the folder. */
  readonly file: string;
}

/** @throws AppError "input" when a part was changed, or is of a newer format. */
export async function openRun(store: Store): Promise<Run> {
  const parts = await partsOf(store);
  const snapshot = parts.snapshot === "finished" ? await openSnapshot(store) : undefined;
  const entities = parts.entities === "finished" ? await openEntities(store) : undefined;
  const journals = [];
  for (const file of parts.journals) {
    const what = `the journal "${file}" in ${store.place}`;
    journals.push({ file, ...readJournal(await readRequired(store, file), what) });
  }
  const [source, ...others] = entities?.manifest.snapshots ?? [];
  const isOwn = snapshot !== undefined && others.length === 0 && source?.sha256 === snapshot.sha256;
  return { place: store.place, parts, snapshot, entities, isOwn, journals };
}
