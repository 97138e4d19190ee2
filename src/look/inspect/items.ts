/**
 * What came of a run, one entity or record at a time: read from netbox/ or, when that was not made from
 * this pve/, made in memory as `transform` would make it with the settings that capture recorded.
 */
import { readLeftOutLines } from "../../run-folder/left-out-file.ts";
import type { LeftOut, Note } from "../../run-folder/left-out.ts";
import { stepCalled, type StepName } from "../../netbox/types/order.ts";
import type { TransformedSet } from "../../run-folder/entity-set.ts";
import { readRequest } from "../../run-folder/request.ts";
import type { Entities } from "../../netbox/types/schema.ts";
import { entityShapes } from "../../run-folder/shapes.ts";
import type { Snapshot } from "../../run-folder/snapshot.ts";
import { parsePolicy, recordedTexts } from "../../transform/settings.ts";
import { transform } from "../../transform/transform.ts";
import type { Run } from "./run.ts";

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
export interface Wanted {
  readonly steps: readonly StepName[];
  readonly leftOut: boolean;
}

export interface ItemSource {
  readonly from: "netbox" | "transform";
  items(wanted: Wanted): AsyncGenerator<Item>;
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

async function* readItems(set: TransformedSet, { steps, leftOut }: Wanted): AsyncGenerator<Item> {
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
