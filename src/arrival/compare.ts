/** Compares entity files with what NetBox shows. Reads only. */
import { pMapIterable } from "p-map";
import { AppError } from "../base/errors.ts";
import { type NetBoxOptions, openNetBox, type Status } from "../netbox/rest/client.ts";
import { Finder, memorySource, netboxSource } from "../netbox/rest/finder.ts";
import {
  type Difference,
  type ExtraValues,
  type FieldResult,
  type Lookup,
  type Resolve,
  type Unclear,
  type Unjudged,
  unjudgedField,
} from "../netbox/types/field-result.ts";
import { comparedKeys, type EntityFields } from "../netbox/types/fields.ts";
import type { NetBoxObject, ObjectType, Reference } from "../netbox/types/object-type.ts";
import { ENTITY_TYPES, labelOf } from "../netbox/types/order.ts";
import { type StepName, STEPS } from "../netbox/types/steps.ts";
import { SURVEYED } from "../netbox/types/surveyed.ts";
import type { EntityFile, TransformedSet } from "../run-folder/entity-set.ts";
import { entitiesIn, type EntityAt, type SelectedFile } from "../run-folder/set-difference.ts";
import type { TargetFolder } from "../run-folder/target-files.ts";
import { readTarget } from "../run-folder/target-objects.ts";

/** The result for one entity: its verdict is the worst of its fields'. */
export interface Judged {
  readonly step: StepName;
  readonly file: EntityFile;
  /** Index in the file's list of entities. */
  readonly index: number;
  /** As people call it: "web-01/net0". */
  readonly entity: string;
  readonly verdict: CompareVerdict;
  /** Its page in NetBox, if it was found. */
  readonly url: string | undefined;
  readonly differences: readonly Difference[];
  readonly unjudged: readonly Unjudged[];
  readonly more: readonly ExtraValues[];
  /** When NetBox has several objects of its key: their pages, and whether one of them is as it was sent. */
  readonly doubled?: { readonly urls: readonly string[]; readonly isOneEqual: boolean };
}

export type CompareVerdict = "equal" | "different" | "missing" | "unjudged";

export interface CompareInput {
  readonly set: TransformedSet;
  readonly steps: readonly StepName[];
  /** A NetBox to ask, or what a survey of it holds. */
  readonly netbox: Omit<NetBoxOptions, "signal"> | TargetFolder;
  /** Batches under way at once. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** Called before anything is judged. */
  readonly onStatus: (status: Status) => void;
}

/** Entities that are looked for together; `concurrency` times as many are in memory. */
const BATCH = 200;

/**
 * Every entity of the steps, in their order.
 * @throws AppError "input", "remote" or "interrupted".
 */
export async function* compare(input: CompareInput): AsyncGenerator<Judged> {
  const { set, steps, netbox } = input;
  const stop = new AbortController();
  const signal = AbortSignal.any([input.signal, stop.signal]);
  const opened = "manifest" in netbox ? openTarget(netbox) : openOnline({ ...netbox, signal });
  const files = set.files.filter(({ step }) => step !== undefined && steps.includes(step))
    .map((file) => ({ file }));
  try {
    input.onStatus(await opened.status());
    yield* judgeFiles(files, { ...input, place: set.place, opened, signal });
  } catch (error) {
    throw input.signal.aborted
      ? new AppError("interrupted", "Interrupted: the comparison with NetBox is not complete")
      : error;
  } finally {
    // After a failure, requests that are still under way are of no use.
    stop.abort();
    await opened.close();
  }
}

/**
 * The selected entities, step by step. What NetBox answers is not remembered for the next call.
 * @throws AppError "input", "remote", and what an abort throws.
 */
export async function* judgeFiles(
  files: readonly SelectedFile[],
  { place, opened, concurrency, signal }: {
    /** Of the set. */
    readonly place: string;
    readonly opened: OpenedNetBox;
    readonly concurrency: number;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<Judged> {
  const { url } = opened;
  const finder = await opened.finder();
  for (const { name: step } of STEPS) {
    const own = files.filter(({ file }) => file.step === step);
    const judged = pMapIterable(
      batches(entitiesIn(step, own, place), BATCH),
      (batch) => judgeBatch(step, batch, { finder, url }),
      { concurrency, backpressure: concurrency },
    );
    for await (const batch of judged) {
      signal.throwIfAborted();
      yield* batch;
    }
  }
}

/** NetBox, online or as a survey found it. */
export interface OpenedNetBox {
  /** Without a final slash. */
  readonly url: string;
  status(): Promise<Status>;
  finder(): Promise<Finder>;
  close(): Promise<void>;
}

export function openOnline(options: NetBoxOptions): OpenedNetBox {
  const netbox = openNetBox(options);
  return {
    url: options.url,
    status: netbox.status,
    finder: () => Promise.resolve(new Finder(netboxSource(netbox))),
    close: netbox.close,
  };
}

/** Types that the survey could not read are not judged. */
function openTarget(target: TargetFolder): OpenedNetBox {
  const { netbox, missing, unread = [] } = target.manifest;
  const unclear = [...missing, ...unread].flatMap((
    { type: name, cause, reason },
  ): [string, Unclear][] =>
    SURVEYED.filter((each) => each.name === name)
      .map(({ type }) => [type.path, { state: "unclear", reason: cause, sentence: reason }])
  );
  return {
    url: netbox.url,
    status: () => Promise.resolve({ version: netbox.version, plugin: netbox.plugin }),
    finder: async () => new Finder(memorySource(await readTarget(target)), new Map(unclear)),
    close: () => Promise.resolve(),
  };
}

async function judgeBatch(
  step: StepName,
  batch: readonly EntityAt[],
  { finder, url }: { readonly finder: Finder; readonly url: string },
): Promise<readonly Judged[]> {
  const type: ObjectType<never> = ENTITY_TYPES[step];
  const fields: EntityFields = ENTITY_TYPES[step].fields;
  const found = await finder.find(
    type,
    batch.map(({ entity }) => entity as never),
    comparedKeys(fields),
  );
  const resolve = await finder.resolve(batch.flatMap(({ entity }) => referencesOf(entity, fields)));
  return batch.map((at, i) => judge(at, found[i] as Lookup, { url, resolve }));
}

/** What has to be found in NetBox before the entity's fields can be judged. */
function referencesOf(entity: object, fields: EntityFields): readonly Reference[] {
  return Object.entries(entity).flatMap(([field, value]) => fields[field]?.needs?.(value) ?? []);
}

interface JudgeContext {
  /** Of NetBox. */
  readonly url: string;
  readonly resolve: Resolve;
}

function judge(at: EntityAt, found: Lookup, context: JudgeContext): Judged {
  const { step, entity, file, index } = at;
  const empty = { url: undefined, differences: [], unjudged: [], more: [] };
  const name = { step, entity: labelOf(step, entity), file, index };
  if (found.state === "missing") return { ...name, ...empty, verdict: "missing" };
  if (found.state === "found") return { ...name, ...judgeObject(at, found.object, context) };
  const { objects } = found;
  const copies = objects?.map((object) => judgeObject(at, object, context));
  const doubled = copies && {
    urls: copies.map(({ url }) => url),
    isOneEqual: copies.some(({ verdict }) => verdict !== "different"),
  };
  return {
    ...name,
    ...empty,
    verdict: "unjudged",
    unjudged: [unjudgedField(found)],
    ...(doubled && { doubled }),
  };
}

function judgeObject({ step, entity }: EntityAt, object: NetBoxObject, context: JudgeContext) {
  const { path, fields }: { path: string; fields: EntityFields } = ENTITY_TYPES[step];
  const { resolve } = context;
  const outcomes = Object.entries(entity).flatMap(([field, value]): readonly FieldResult[] =>
    fields[field]?.compare({ field, value, object, resolve }) ?? [unknownField(field)]
  );
  const differences = outcomes.filter((outcome) => "netbox" in outcome);
  const unclear = outcomes.filter((outcome) => "reason" in outcome);
  const verdict: CompareVerdict = differences.length > 0
    ? "different"
    : unclear.length > 0
    ? "unjudged"
    : "equal";
  return {
    verdict,
    url: `${context.url}/${path}/${object.id}/`,
    differences,
    unjudged: unclear,
    more: outcomes.filter((outcome) => "values" in outcome),
  };
}

function unknownField(field: string): Unjudged {
  return { field, reason: "unknown-field", sentence: `the entity has an unknown field "${field}"` };
}

/** Lists of this size; the last one may be shorter. */
export async function* batches<Item>(items: AsyncIterable<Item>, size: number) {
  let batch: Item[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
