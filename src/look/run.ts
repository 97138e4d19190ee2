/** A run folder, opened: what is finished in it can be read. */
import { inputError } from "../base/errors.ts";
import { compareCodeUnits } from "../base/natural-order.ts";
import { type Entities, stepCalled, type StepName } from "../netbox/types/order.ts";
import {
  ENTITY_MANIFEST_FILE,
  openEntities,
  type TransformedSet,
} from "../run-folder/entity-set.ts";
import { ENTITIES_FOLDER } from "../run-folder/entity-writer.ts";
import { readLeftOutLines } from "../run-folder/left-out-file.ts";
import type { LeftOut, Note } from "../run-folder/left-out.ts";
import {
  isPushJournal,
  type PushJournalContent,
  readPushJournal,
} from "../run-folder/push-journal.ts";
import { readRequest } from "../run-folder/request.ts";
import { entityShapes } from "../run-folder/shapes.ts";
import { openSnapshot } from "../run-folder/snapshot-files.ts";
import { MANIFEST_FILE, type Snapshot } from "../run-folder/snapshot.ts";
import { readRequired, type Store } from "../run-folder/store/store.ts";
import { parsePolicy, recordedTexts } from "../transform/settings.ts";
import { transform } from "../transform/transform.ts";

export interface Run {
  readonly place: string;
  readonly parts: RunParts;
  readonly snapshot: Snapshot | undefined;
  readonly entities: TransformedSet | undefined;
  /** Was netbox/ made from this pve/, as it is now, alone? */
  readonly isOwn: boolean;
  readonly journals: readonly RunJournal[];
}

export interface RunJournal extends PushJournalContent {
  /** Relative to the folder. */
  readonly file: string;
}

/** @throws AppError "input" when a part was changed, or is of a newer format. */
export async function openRun(store: Store): Promise<Run> {
  const parts = await readRunParts(store);
  const snapshot = parts.snapshot === "finished" ? await openSnapshot(store) : undefined;
  const entities = parts.entities === "finished" ? await openEntities(store) : undefined;
  const journals = [];
  for (const file of parts.journals) {
    const what = `the journal "${file}" in ${store.place}`;
    journals.push({ file, ...readPushJournal(await readRequired(store, file), what) });
  }
  const [source, ...others] = entities?.manifest.snapshots ?? [];
  const isOwn = snapshot !== undefined && others.length === 0 && source?.sha256 === snapshot.sha256;
  return { place: store.place, parts, snapshot, entities, isOwn, journals };
}

/** What of a run a folder holds, by the names of its files. */

/** A manifest is written last: without it, what is there is unfinished. */
export type PartState = "absent" | "unfinished" | "finished";

export interface RunParts {
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
export async function readRunParts(store: Store): Promise<RunParts> {
  const keys = (await store.keys()).sort(compareCodeUnits);
  const stateOf = (files: RegExp, manifest: string): PartState => {
    if (keys.includes(manifest)) return "finished";
    return keys.some((key) => files.test(key)) ? "unfinished" : "absent";
  };
  const parts = {
    snapshot: stateOf(UNFINISHED_FILE, MANIFEST_FILE),
    entities: stateOf(ENTITIES_FILE, ENTITY_MANIFEST_FILE),
    journals: keys.filter(isPushJournal),
    others: keys.filter((key) =>
      !SNAPSHOT_FILE.test(key) && !ENTITIES_FILE.test(key) && !isPushJournal(key)
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

/**
 * What came of a run, one entity or record at a time: read from netbox/ or, when that was not made from
 * this pve/, made in memory as `transform` would make it with the settings that capture recorded.
 */

export type EntityItem = {
  [Name in StepName]: {
    readonly kind: "entity";
    readonly step: Name;
    readonly entity: Entities[Name];
    /** Where it stands; absent when it was made in memory. */
    readonly file?: string;
    readonly line?: number;
  };
}[StepName];

export type Item =
  | EntityItem
  | { readonly kind: "leftOut"; readonly record: LeftOut }
  | { readonly kind: "note"; readonly record: Note }
  /** Other than `transform` makes them, such as another program sent to `receive`. */
  | { readonly kind: "stranger"; readonly step: StepName };

/** What to read of netbox/; what is made in memory comes as a whole. */
export interface ItemSelection {
  readonly steps: readonly StepName[];
  readonly leftOut: boolean;
}

export interface ItemSource {
  readonly from: "netbox" | "transform";
  items(wanted: ItemSelection): AsyncGenerator<Item>;
}

/** undefined when the folder holds neither pve/ nor netbox/ as a whole. */
export function itemSource({ entities, snapshot, isOwn }: Run): ItemSource | undefined {
  if (entities !== undefined && (isOwn || snapshot === undefined)) {
    return { from: "netbox", items: (wanted) => readItems(entities, wanted) };
  }
  return snapshot && { from: "transform", items: () => makeItems(snapshot) };
}

/** The header stands on the first line, and an entity on each line behind it. */
const FIRST_ENTITY_LINE = 2;

async function* readItems(
  set: TransformedSet,
  { steps, leftOut }: ItemSelection,
): AsyncGenerator<Item> {
  const shapes = entityShapes("ignore");
  for (const { path, step: name, read } of set.files) {
    if (name === undefined || !steps.includes(name)) continue;
    const { field } = stepCalled(name);
    const { entities } = readRequest(await read(), `"${path}" in ${set.place}`);
    for (const [i, item] of entities.entries()) {
      const entity = (item as Readonly<Record<string, unknown>> | null)?.[field];
      const place = { file: path, line: i + FIRST_ENTITY_LINE };
      yield shapes[name].allows(entity)
        ? { kind: "entity", step: name, entity, ...place } as EntityItem
        : { kind: "stranger", step: name };
    }
  }
  if (!leftOut) return;
  for (const each of readLeftOutLines(await set.readLeftOut())) {
    yield "note" in each
      ? { kind: "note", record: each.note }
      : { kind: "leftOut", record: each.leftOut };
  }
}

async function* makeItems(snapshot: Snapshot): AsyncGenerator<Item> {
  const policy = parsePolicy(recordedTexts(snapshot.manifest));
  for await (const { made, leftOut, notes } of transform([{ snapshot, policy }])) {
    for (const { step, entity } of made) yield { kind: "entity", step, entity } as EntityItem;
    for (const record of leftOut) yield { kind: "leftOut", record };
    for (const record of notes) yield { kind: "note", record };
  }
}
