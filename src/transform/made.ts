/** One entity on its way out, with the record that it was made from. */
import type { LeftOut, Note } from "../entities/left-out.ts";
import type { StepName } from "../entities/order.ts";
import type { Entities } from "../entities/schema.ts";
import type { Sources } from "./join/sources.ts";
import { Slugs } from "./slugs.ts";
import { COMPILED } from "./tables.ts";

/** `source` is what the step's table read: with the table it explains every field. */
export type Made = {
  [Name in StepName]: {
    readonly step: Name;
    readonly entity: Entities[Name];
    /** RFC 3339: the entity's timestamp. */
    readonly capturedAt: string;
    readonly source: Sources[Name];
  };
}[StepName];

/** What one cluster, one node or the shared tables come to. */
export interface Batch {
  readonly made: readonly Made[];
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly Note[];
}

export interface MakeOptions {
  readonly capturedAt: string;
  readonly clearEmpty?: boolean;
  /** Of all names of the set. */
  readonly slugs?: Slugs;
}

export function make<Name extends StepName>(
  step: Name,
  source: Sources[Name],
  { capturedAt, clearEmpty = false, slugs = Slugs.NONE }: MakeOptions,
): Made {
  const entity = slugs.onStubs(COMPILED[step](source, clearEmpty));
  return { step, entity, capturedAt, source } as Made;
}
