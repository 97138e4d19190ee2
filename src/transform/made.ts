/** An entity, with the source that its table made it from. */
import type { Found } from "../netbox/objects.ts";
import type { CustomFields } from "../netbox/types/fields.ts";
import type { Entities } from "../netbox/types/order.ts";
import type { StepName } from "../netbox/types/steps.ts";
import type { LeftOut, Note } from "../run-folder/left-out.ts";
import type { MadePlan } from "../run-folder/tidy-plan.ts";
import type { Ledger } from "./ledger.ts";
import { ruledFields } from "./mapping/ruled.ts";
import { COMPILED, type Sources } from "./mapping/tables.ts";
import { Slugs } from "./slugs.ts";
import type { Origin, RuledValues } from "./sources.ts";
import { respect } from "./target/respect.ts";
import type { Findable } from "../netbox/objects.ts";
import { NetBoxTarget } from "./target/target.ts";

/** `source` and the step's table explain every field of `entity`. */
export type Made = {
  [Name in StepName]: {
    readonly step: Name;
    readonly entity: Entities[Name];
    /** RFC 3339: the entity's timestamp. */
    readonly capturedAt: string;
    readonly source: Sources[Name];
    /** What NetBox has of it. */
    readonly found?: Found;
  };
}[StepName];

export interface Batch {
  readonly made: readonly Made[];
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly Note[];
  /** In the last batch, if it was asked for. */
  readonly plan?: MadePlan;
}

/** With all that was left out or noted since the last batch. */
export function batchOf(made: readonly Made[], ledger: Ledger): Batch {
  return { made, ...ledger.take() };
}

export interface MakeOptions {
  readonly capturedAt: string;
  readonly clearEmpty?: boolean;
  /** Of all names of the set. */
  readonly slugs?: Slugs;
  readonly target?: NetBoxTarget;
}

export function make<Name extends StepName>(
  step: Name,
  source: Sources[Name],
  { capturedAt, clearEmpty = false, slugs = Slugs.NONE, target = NetBoxTarget.NONE }: MakeOptions,
): Made {
  const { found }: Findable = source;
  const entity = slugs.onStubs(step, COMPILED[step](source, clearEmpty));
  if (!target.isKnown) return { step, entity, capturedAt, source } as Made;
  const accepted = target.accepted(step, entity);
  if (found === undefined) return { step, entity: accepted, capturedAt, source } as Made;
  const { rules }: { readonly rules?: RuledValues | undefined } = source as Partial<Origin>;
  const respected = respect({ step, ruled: ruledFields(rules) }, accepted, found);
  return { step, entity: respected, capturedAt, source, found } as Made;
}

/** A request may have 3 MiB of text; stubs and tags stay far below the rest. */
const MAX_ENTITY_BYTES = 2.5 * 2 ** 20;
/** In JSON no UTF-16 unit takes more than this many bytes ("\u0001"). */
const MAX_BYTES_PER_UNIT = 6;

interface Texts {
  readonly [field: string]: unknown;
  readonly custom_fields?: CustomFields;
}

/** With fewer VLANs an interface is far below a request, whatever their sites and groups are called. */
const MANY_VLANS = 500;

/**
 * An entity too large for a request loses its largest texts, each of them a record. Only guests and disks
 * have texts of any length: notes, storage pools, HA states. An interface loses its list of VLANs.
 */
export function fit(made: Made, ledger: Ledger): Made {
  if (made.step === "interface" || made.step === "vm-interface") {
    const { tagged_vlans: vlans = [], ...rest } = made.entity;
    if (vlans.length <= MANY_VLANS || sizeOf(made.entity) <= MAX_ENTITY_BYTES) return made;
    const { subject } = made.source;
    ledger.leave({ ...subject, what: `${subject.what}/tagged_vlans` }, "too-long");
    return { ...made, entity: rest } as Made;
  }
  if (made.step !== "virtual-machine" && made.step !== "virtual-disk") return made;
  const { subject } = made.source;
  let entity: Texts = made.entity;
  for (const { field } of longTextsOf(entity)) {
    if (sizeOf(entity) <= MAX_ENTITY_BYTES) break;
    ledger.leave({ ...subject, what: `${subject.what}/${field}` }, "too-long");
    entity = without(entity, field);
  }
  return entity === made.entity ? made : ({ ...made, entity } as Made);
}

/** The texts that may be too long, the largest first. Nearly every entity has none. */
function longTextsOf(entity: Texts) {
  const long: { readonly field: string; readonly units: number }[] = [];
  const see = (field: string, text: unknown): void => {
    const units = typeof text === "string" ? text.length : 0;
    if (units * MAX_BYTES_PER_UNIT > MAX_ENTITY_BYTES) long.push({ field, units });
  };
  for (const field in entity) see(field, entity[field]);
  for (const field in entity.custom_fields) {
    const value = entity.custom_fields[field];
    if (value !== undefined && "text" in value) see(field, value.text);
  }
  return long.sort((a, b) => b.units - a.units);
}

function without(entity: Texts, field: string): Texts {
  const { [field]: _own, ...rest } = entity;
  const { [field]: _custom, ...custom_fields } = entity.custom_fields ?? {};
  return field in entity ? rest : { ...entity, custom_fields };
}

function sizeOf(entity: object): number {
  return new TextEncoder().encode(JSON.stringify(entity)).length;
}
