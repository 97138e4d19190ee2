/** Opens a run folder: its finished parts, and the entities and records in it. */
import { inputError } from "../base/errors.ts";
import { shellWord } from "../base/log.ts";
import { compareCodeUnits } from "../base/natural-order.ts";
import type { Entities } from "../netbox/types/order.ts";
import { stepCalled, type StepName } from "../netbox/types/steps.ts";
import {
  ENTITY_MANIFEST_FILE,
  openEntities,
  type TransformedSet,
} from "../run-folder/entity-set.ts";
import { ENTITIES_FOLDER } from "../run-folder/entity-writer.ts";
import { runsIn } from "../run-folder/history.ts";
import { readLeftOutLines } from "../run-folder/left-out-file.ts";
import type { LeftOut, Note } from "../run-folder/left-out.ts";
import { isPushJournal, readPushJournal } from "../run-folder/push-journal.ts";
import { FIRST_ENTITY_LINE, readRequest } from "../run-folder/request.ts";
import { entityShapes } from "../run-folder/shapes.ts";
import { openSnapshot } from "../run-folder/snapshot-files.ts";
import { MANIFEST_FILE, type Snapshot } from "../run-folder/snapshot.ts";
import { readRequired, type Store } from "../run-folder/store/store.ts";
import { isTargetFolder } from "../run-folder/target-files.ts";
import { counted } from "../terminal/tables.ts";
import { parsePolicy } from "../transform/policy.ts";
import { recordedTexts } from "../transform/settings.ts";
import { transform } from "../transform/transform.ts";

export type Run = Awaited<ReturnType<typeof openRun>>;
export type RunJournal = Run["journals"][number];

/** @throws AppError "input" if a part was changed or has a newer format. */
export async function openRun(store: Store) {
  const parts = await readRunParts(store);
  const snapshot = parts.snapshot === "finished" ? await openSnapshot(store) : undefined;
  const entities = parts.entities === "finished" ? await openEntities(store) : undefined;
  const journals = [];
  for (const file of parts.journals) {
    const what = `the journal "${file}" in ${store.place}`;
    journals.push({ file, ...readPushJournal(await readRequired(store, file), what) });
  }
  const [source, ...others] = entities?.manifest.snapshots ?? [];
  return {
    place: store.place,
    parts,
    snapshot,
    entities,
    /** Was netbox/ made from this pve/ alone, and is pve/ unchanged since? */
    isOwn: snapshot !== undefined && others.length === 0 && source?.sha256 === snapshot.sha256,
    /** `file`: relative to the folder. */
    journals,
  };
}

/** The manifest is written last: a part without one is unfinished. */
type PartState = "absent" | "unfinished" | "finished";

const SNAPSHOT_FILE = /^(?:manifest\.json$|pve\/)/;
/** Left by a capture that was interrupted. */
const UNFINISHED_FILE = /^(?:capture\.journal$|pve\/)/;
const ENTITIES_FILE = new RegExp(`^${ENTITIES_FOLDER}/`);

/** @throws AppError "input" if the folder contains no part of a run. */
export async function readRunParts(store: Store) {
  if (await isTargetFolder(store)) {
    throw inputError(`No run in ${store.place}: it is a target, which survey wrote`, {
      hint: "Name a run folder, such as snapshots/example; inspect and verify read targets too",
    });
  }
  const keys = (await store.keys()).sort(compareCodeUnits);
  const stateOf = (files: RegExp, manifest: string): PartState => {
    if (keys.includes(manifest)) return "finished";
    return keys.some((key) => files.test(key)) ? "unfinished" : "absent";
  };
  const parts = {
    snapshot: stateOf(UNFINISHED_FILE, MANIFEST_FILE),
    entities: stateOf(ENTITIES_FILE, ENTITY_MANIFEST_FILE),
    journals: keys.filter(isPushJournal),
    /** Files that belong to no part. */
    others: keys.filter((key) =>
      !SNAPSHOT_FILE.test(key) && !ENTITIES_FILE.test(key) && !isPushJournal(key)
    ),
  };
  const { snapshot, entities, journals } = parts;
  if (snapshot !== "absent" || entities !== "absent" || journals.length > 0) return parts;
  const runs = await runsIn(store);
  if (runs.length > 0) {
    throw inputError(
      `No run in ${store.place}: it is a history of ${counted(runs.length, "run")}`,
      {
        hint: `Name one of them, such as ${shellWord(`${store.place}@latest`)}`,
      },
    );
  }
  const why = keys.length === 0
    ? "the folder is empty or does not exist"
    : `it contains neither ${MANIFEST_FILE} nor pve/ nor ${ENTITIES_FOLDER}/`;
  throw inputError(`No run in ${store.place}: ${why}`, {
    hint: store.place.includes("@")
      ? "Name a run of a history by @latest, @latest~1, @2026-11-28 or @2026-11-28T06-00-00Z"
      : "Name a run folder, such as snapshots/example",
  });
}

export type EntityItem = {
  [Name in StepName]: {
    readonly kind: "entity";
    readonly step: Name;
    readonly entity: Entities[Name];
    /** Absent for an entity that was made in memory. */
    readonly file?: string;
    readonly line?: number;
  };
}[StepName];

export type Item =
  | EntityItem
  | { readonly kind: "leftOut"; readonly record: LeftOut }
  | { readonly kind: "note"; readonly record: Note }
  /** An entity that `transform` would not write, such as `receive` keeps from another program. */
  | { readonly kind: "foreign"; readonly step: StepName };

/** What to read from netbox/. A transform in memory yields everything. */
export interface ItemSelection {
  readonly steps: readonly StepName[];
  readonly leftOut: boolean;
}

export interface ItemSource {
  readonly from: "netbox" | "transform";
  read(selection: ItemSelection): AsyncGenerator<Item>;
}

/**
 * The entities and records of a run: read from netbox/, or, if that was not made from this pve/,
 * transformed in memory with the settings that capture recorded. undefined if neither part is finished.
 */
export function itemSource({ entities, snapshot, isOwn }: Run): ItemSource | undefined {
  if (entities !== undefined && (isOwn || snapshot === undefined)) {
    return { from: "netbox", read: (selection) => readItems(entities, selection) };
  }
  return snapshot && { from: "transform", read: () => transformItems(snapshot) };
}

/** `verb`: what cannot be done without. @throws AppError "input". */
export function requiredItems(run: Run, verb: string): ItemSource {
  const source = itemSource(run);
  if (source !== undefined) return source;
  throw inputError(`Nothing to ${verb} in ${run.place}: no part of it is finished`, {
    hint: "Run inspect without options to see what there is",
  });
}

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
        : { kind: "foreign", step: name };
    }
  }
  if (!leftOut) return;
  for (const each of readLeftOutLines(await set.readLeftOut())) {
    yield "note" in each
      ? { kind: "note", record: each.note }
      : { kind: "leftOut", record: each.leftOut };
  }
}

async function* transformItems(snapshot: Snapshot): AsyncGenerator<Item> {
  const policy = parsePolicy(recordedTexts(snapshot.manifest));
  for await (const { made, leftOut, notes } of transform([{ snapshot, policy }])) {
    for (const { step, entity } of made) yield { kind: "entity", step, entity } as EntityItem;
    for (const record of leftOut) yield { kind: "leftOut", record };
    for (const record of notes) yield { kind: "note", record };
  }
}
