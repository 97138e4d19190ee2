/** Entity files held against a NetBox: did they arrive? Reads only. */
import { entitiesOf, type EntityAt } from "../../entities/compare.ts";
import type { StepName } from "../../entities/order.ts";
import type { TransformedSet } from "../../entities/read.ts";
import { AppError } from "../../kernel/errors.ts";
import { Finder } from "./finder.ts";
import type { Found, Judged } from "./findings.ts";
import { batches, inOrder } from "./in-order.ts";
import { judge, keysOf, needsOf } from "./judge.ts";
import type { Identities } from "./kinds.ts";
import { type NetBoxOptions, openNetBox, type Status } from "./netbox.ts";

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
