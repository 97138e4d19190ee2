/** The shapes of the entities, compiled: for files that others may have changed. */
import { type Type, type } from "arktype";
import { type Entities, entityShape } from "../netbox/types/order.ts";
import { type Step, type StepName, STEPS } from "../netbox/types/steps.ts";
import type { Shape } from "../netbox/types/shape.ts";

export type EntityShapes = { readonly [Name in StepName]: Type<Entities[Name]> };

/** What to do with fields that are in no shape, as a newer version may write them. */
export type OtherFields = "reject" | "ignore";

const COMPILED = new Map<OtherFields, EntityShapes>();

export function entityShapes(otherFields: OtherFields): EntityShapes {
  const shapes = COMPILED.get(otherFields) ?? compile(otherFields);
  COMPILED.set(otherFields, shapes);
  return shapes;
}

function compile(otherFields: OtherFields): EntityShapes {
  const shapes = STEPS.map(({ name }) => [
    name,
    type(definitionOf(entityShape(name), otherFields) as "unknown"),
  ]);
  return Object.fromEntries(shapes) as EntityShapes;
}

/** A shape → its definition in the language of arktype. */
function definitionOf({ definition }: Shape, otherFields: OtherFields): unknown {
  const inner = (shape: Shape): unknown => definitionOf(shape, otherFields);
  if (typeof definition === "string") return definition;
  if ("listOf" in definition) return [inner(definition.listOf), "[]"];
  if ("mapOf" in definition) return { "[string]": inner(definition.mapOf) };
  if ("oneOf" in definition) return [inner(definition.oneOf[0]), "|", inner(definition.oneOf[1])];
  const parts = Object.entries(definition.object)
    .filter(([, { presence }]) => presence !== "not-sent")
    .map(([name, part]) => [part.presence === "optional" ? `${name}?` : name, inner(part)]);
  return { "+": otherFields, ...Object.fromEntries(parts) as object };
}

/** `{"timestamp":"2026-01-02T03:04:05Z","tag":{…}}`, the entity aside */
const Line = type({ "+": "reject", timestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/ });

export interface EntityLine {
  readonly timestamp: string;
  readonly entity: Entities[StepName];
}

export interface ShapeFault {
  /** "vm_interface.untagged_vlan.vid" */
  readonly field: string;
  readonly problem: string;
}

/** An item of a request → its entity and its time, or what is wrong with it. */
export function readLine(
  item: unknown,
  { name, field }: Step,
  otherFields: OtherFields,
): EntityLine | readonly ShapeFault[] {
  const { [field]: entity, ...rest } = Object(item) as Record<string, unknown>;
  const line = Line(rest);
  const checked = entityShapes(otherFields)[name](entity);
  const faults = [
    ...(line instanceof type.errors ? faultsOf(line, []) : []),
    ...(checked instanceof type.errors ? faultsOf(checked, [field]) : []),
  ];
  if (faults.length > 0) return faults;
  return { timestamp: rest["timestamp"] as string, entity: entity as Entities[StepName] };
}

function faultsOf(errors: type.errors, within: readonly string[]): ShapeFault[] {
  return errors.map(({ propString, problem }) => ({
    field: [...within, propString].filter((part) => part !== "").join("."),
    problem,
  }));
}
