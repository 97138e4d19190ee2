/** What of a run a folder holds, by the names of its files. */
import { isJournal } from "../entities/journal.ts";
import { ENTITY_MANIFEST_FILE } from "../entities/read.ts";
import { ENTITIES_FOLDER } from "../entities/write.ts";
import { inputError } from "../kernel/errors.ts";
import { compareCodeUnits } from "../kernel/natural-order.ts";
import type { Store } from "../kernel/store.ts";
import { MANIFEST_FILE } from "../snapshot/paths.ts";

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
