/** An entity and what was found for it → what is equal, what differs, and what cannot be judged. */
import type { EntityAt } from "../../entities/compare.ts";
import { NATURAL_KEYS } from "../../entities/natural-key.ts";
import type { StepName } from "../../entities/order.ts";
import type { FieldRow, Outcome } from "./field.ts";
import { FIELDS } from "./fields/fields.ts";
import { type Found, type Judged, unjudged, type Verdict } from "./findings.ts";
import type { Resolve } from "./finder.ts";
import type { Reference } from "./kinds.ts";
import { PLACES } from "./places.ts";

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
