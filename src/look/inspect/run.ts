/** A run folder, opened: what is finished in it can be read. */
import { inputError } from "../../base/errors.ts";
import { compareCodeUnits } from "../../base/natural-order.ts";
import { MANIFEST_FILE } from "../../proxmox/endpoints.ts";
import {
  ENTITY_MANIFEST_FILE,
  openEntities,
  type TransformedSet,
} from "../../run-folder/entity-set.ts";
import { ENTITIES_FOLDER } from "../../run-folder/entity-writer.ts";
import { isJournal, type JournalText, readJournal } from "../../run-folder/push-journal.ts";
import { openSnapshot } from "../../run-folder/snapshot-files.ts";
import type { Snapshot } from "../../run-folder/snapshot.ts";
import { readRequired, type Store } from "../../run-folder/store/store.ts";

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

/** What of a run a folder holds, by the names of its files. */

/** A manifest is written last: without it, what is there is unfinished. */
export type PartState = "absent" | "unfinished" | "finished";

export interface Parts {
  readonly snapshot: PartState;
  readonly entities: PartState;
  readonly journals: readonly string[];
  /** What belongs to no part. */
  readonly others: readonly string[];
}

const SNAPSHOT_FILE = /^(?:manifest\.json$|pve\/)/;
/** Of a capture that goes on. */
const UNFINISHED_FILE = /^(?:capture\.journal$|pve\/)/;
const ENTITIES_FILE = new RegExp(`^${ENTITIES_FOLDER}/`);

/** @throws AppError "input" when the folder holds no part of a run. */
export async function partsOf(store: Store): Promise<Parts> {
  const keys = (await store.keys()).sort(compareCodeUnits);
  const stateOf = (files: RegExp, manifest: string): PartState => {
    if (keys.includes(manifest)) return "finished";
    return keys.some((key) => files.test(key)) ? "unfinished" : "absent";
  };
  const parts = {
    snapshot: stateOf(UNFINISHED_FILE, MANIFEST_FILE),
    entities: stateOf(ENTITIES_FILE, ENTITY_MANIFEST_FILE),
    journals: keys.filter(isJournal),
    others: keys.filter((key) =>
      !SNAPSHOT_FILE.test(key) && !ENTITIES_FILE.test(key) && !isJournal(key)
    ),
  };
  const { snapshot, entities, journals } = parts;
  if (snapshot !== "absent" || entities !== "absent" || journals.length > 0) return parts;
  const why = keys.length === 0
    ? "there is no such folder, or it is empty"
    : `it has neither a ${MANIFEST_FILE} nor a folder pve/ or ${ENTITIES_FOLDER}/`;
  throw inputError(`Found no run in ${store.place}: ${why}`, {
    hint: "Name a run folder, such as snapshots/example",
  });
}
