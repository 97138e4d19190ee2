/** Compares entity files with what NetBox shows. Reads only. */
import { pMapIterable } from "p-map";
import { AppError } from "../../base/errors.ts";
import { type NetBoxOptions, openNetBox, type Status } from "../../netbox/rest/client.ts";
import { Finder, memorySource, netboxSource } from "../../netbox/rest/finder.ts";
import {
  type Difference,
  type ExtraValues,
  type FieldResult,
  type Lookup,
  type Resolve,
  type Unclear,
  type Unjudged,
  unjudgedField,
} from "../../netbox/types/field-result.ts";
import { comparedKeys, type EntityFields } from "../../netbox/types/fields.ts";
import type { ObjectType, Reference } from "../../netbox/types/object-type.ts";
import { ENTITY_TYPES, labelOf } from "../../netbox/types/order.ts";
import type { StepName } from "../../netbox/types/steps.ts";
import { SURVEYED } from "../../netbox/types/surveyed.ts";
import type { TransformedSet } from "../../run-folder/entity-set.ts";
import { entitiesOf, type EntityAt } from "../../run-folder/set-difference.ts";
import type { TargetFolder } from "../../run-folder/target-files.ts";
import { readTarget } from "../../run-folder/target-objects.ts";

/** The result for one entity: its verdict is the worst of its fields'. */
export interface Judged {
  readonly step: StepName;
  /** As people call it: "web-01/net0". */
  readonly entity: string;
  readonly verdict: CompareVerdict;
  /** Its page in NetBox, if it was found. */
  readonly url: string | undefined;
  readonly differences: readonly Difference[];
  readonly unjudged: readonly Unjudged[];
  readonly more: readonly ExtraValues[];
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
  const { set, steps, concurrency, netbox } = input;
  const stop = new AbortController();
  const signal = AbortSignal.any([input.signal, stop.signal]);
  const opened = "manifest" in netbox ? openTarget(netbox) : openOnline({ ...netbox, signal });
  try {
    const { url } = opened;
    input.onStatus(await opened.status());
    const finder = await opened.finder();
    for (const step of steps) {
      const judged = pMapIterable(
        batches(entitiesOf(set, step), BATCH),
        (batch) => judgeBatch(step, batch, { finder, url }),
        { concurrency, backpressure: concurrency },
      );
      for await (const batch of judged) {
        signal.throwIfAborted();
        yield* batch;
      }
    }
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

/** NetBox, online or as a survey found it. */
interface OpenedNetBox {
  /** Without a final slash. */
  readonly url: string;
  status(): Promise<Status>;
  finder(): Promise<Finder>;
  close(): Promise<void>;
}

function openOnline(options: NetBoxOptions): OpenedNetBox {
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
  const { netbox, missing } = target.manifest;
  const unclear = missing.flatMap(({ type: name, cause, reason }): [string, Unclear][] =>
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

function judge(
  { step, entity }: EntityAt,
  found: Lookup,
  { url, resolve }: { readonly url: string; readonly resolve: Resolve },
): Judged {
  const empty = { url: undefined, differences: [], unjudged: [], more: [] };
  const name = { step, entity: labelOf(step, entity) };
  if (found.state === "missing") return { ...name, ...empty, verdict: "missing" };
  if (found.state === "unclear") {
    return { ...name, ...empty, verdict: "unjudged", unjudged: [unjudgedField(found)] };
  }
  const { path, fields }: { path: string; fields: EntityFields } = ENTITY_TYPES[step];
  const { object } = found;
  const outcomes = Object.entries(entity).flatMap(([field, value]): readonly FieldResult[] =>
    fields[field]?.compare({ field, value, object, resolve }) ?? [unknownField(field)]
  );
  const differences = outcomes.filter((outcome) => "netbox" in outcome);
  const unclear = outcomes.filter((outcome) => "reason" in outcome);
  return {
    ...name,
    verdict: differences.length > 0 ? "different" : unclear.length > 0 ? "unjudged" : "equal",
    url: `${url}/${path}/${object.id}/`,
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
