/** Entity files held against a NetBox: did they arrive? Reads only. */
import { AppError } from "../../base/errors.ts";
import { type NetBoxOptions, openNetBox, type Status } from "../../netbox/rest/client.ts";
import type { FieldRow, Outcome } from "../../netbox/rest/fields/field.ts";
import { FIELDS } from "../../netbox/rest/fields/fields.ts";
import { Finder, type Resolve } from "../../netbox/rest/finder.ts";
import { type Found, type Judged, unjudged, type Verdict } from "../../netbox/rest/findings.ts";
import type { Identities, Reference } from "../../netbox/rest/kinds.ts";
import { PLACES } from "../../netbox/rest/places.ts";
import { NATURAL_KEYS } from "../../netbox/types/natural-key.ts";
import type { StepName } from "../../netbox/types/order.ts";
import type { TransformedSet } from "../../run-folder/entity-set.ts";
import { entitiesOf, type EntityAt } from "../../run-folder/set-difference.ts";

export interface CompareInput extends NetBoxOptions {
  readonly set: TransformedSet;
  readonly steps: readonly StepName[];
  /** Called before anything is judged. */
  readonly onStatus: (status: Status) => void;
}

/** Entities that are looked for together; so many times the concurrency is in memory. */
const BATCH = 200;

/**
 * Every entity of the steps, in their order.
 * @throws AppError "input", "remote" or "interrupted".
 */
export async function* compare(input: CompareInput): AsyncGenerator<Judged> {
  const { set, steps, concurrency } = input;
  const stop = new AbortController();
  const signal = AbortSignal.any([input.signal, stop.signal]);
  const netbox = openNetBox({ ...input, signal });
  try {
    input.onStatus(await netbox.status());
    const finder = new Finder(netbox);
    for (const step of steps) {
      const judged = inOrder(
        batches(entitiesOf(set, step), BATCH),
        concurrency,
        (batch) => judgeBatch(step, batch, { finder, url: input.url }),
      );
      for await (const batch of judged) yield* batch;
    }
  } catch (error) {
    throw input.signal.aborted
      ? new AppError("interrupted", "Interrupted: what NetBox has was not compared to the end")
      : error;
  } finally {
    // What else is under way, after a failure, is of no use any more.
    stop.abort();
    await netbox.close();
  }
}

async function judgeBatch(
  step: StepName,
  batch: readonly EntityAt[],
  { finder, url }: { readonly finder: Finder; readonly url: string },
): Promise<readonly Judged[]> {
  const identities = batch.map(({ entity }) => entity as Identities[StepName]);
  const found = await finder.find(step, identities, keysOf(step));
  const resolve = await finder.resolve(batch.flatMap(needsOf));
  return batch.map((at, i) => judge(at, found[i] as Found, { url, resolve }));
}

/** An entity and what was found for it → what is equal, what differs, and what cannot be judged. */

type Rows = Readonly<Record<string, FieldRow<unknown>>>;

/** Keys of NetBox's objects that the step's table reads. */
export function keysOf(step: StepName): readonly string[] {
  return Object.values(FIELDS[step] as Rows).flatMap(({ reads }) => reads);
}

/** What has to be found in NetBox before the entity's fields can be judged. */
export function needsOf({ step, entity }: EntityAt): readonly Reference[] {
  const rows = FIELDS[step] as Rows;
  return Object.entries(entity).flatMap(([field, value]) => rows[field]?.needs?.(value) ?? []);
}

export function judge(
  at: EntityAt,
  found: Found,
  { url, resolve }: { readonly url: string; readonly resolve: Resolve },
): Judged {
  const { step, entity } = at;
  const name = (NATURAL_KEYS[step].name as (entity: unknown) => string)(entity);
  const nothing = { step, entity: name, url: undefined, differences: [], unjudged: [], more: [] };
  if (found.state === "missing") return { ...nothing, verdict: "missing" };
  if (found.state === "unclear") {
    return { ...nothing, verdict: "unjudged", unjudged: [unjudged(found)] };
  }
  const { object } = found;
  const outcomes = Object.entries(entity).flatMap(([field, value]): readonly Outcome[] => {
    const row = (FIELDS[step] as Rows)[field];
    return row === undefined ? [unknownField(field)] : row.judge({ field, value, object, resolve });
  });
  const differences = outcomes.filter((outcome) => "netbox" in outcome);
  const unclear = outcomes.filter((outcome) => "reason" in outcome);
  return {
    ...nothing,
    verdict: verdictOf(differences.length, unclear.length),
    url: `${url}/${PLACES[step].path}/${object.id}/`,
    differences,
    unjudged: unclear,
    more: outcomes.filter((outcome) => "values" in outcome),
  };
}

function verdictOf(differences: number, unclear: number): Verdict {
  if (differences > 0) return "different";
  return unclear > 0 ? "unjudged" : "equal";
}

function unknownField(field: string): Outcome {
  return { field, reason: "unknown-field", sentence: `the entity has an unknown field "${field}"` };
}

/** Several at once, and what they come to in the order of the items. */

/** After a failure nothing more is started; what is under way is for the caller to stop. */
export async function* inOrder<Item, Value>(
  items: AsyncIterable<Item>,
  concurrency: number,
  work: (item: Item) => Promise<Value>,
): AsyncGenerator<Value> {
  const running: Promise<Value>[] = [];
  for await (const item of items) {
    const started = work(item);
    // It may fail while an earlier one is awaited; it is heard when its turn comes.
    started.catch(() => undefined);
    running.push(started);
    if (running.length >= concurrency) yield await (running.shift() as Promise<Value>);
  }
  for (const each of running) yield await each;
}

/** Lists of so many items, the last one of what is left. */
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
