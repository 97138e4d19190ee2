/** Whether an entity says nothing that another one has not said: Diode leaves fields as they are that it is not sent. */
import { canonicalJson } from "../../base/json.ts";
import { type Entities, ENTITY_TYPES, naturalKey } from "./order.ts";
import type { Shape, Shapes } from "./shape.ts";
import type { StepName } from "./steps.ts";

/** Where NetBox has the earlier entity of an object, would the later one change nothing? */
export function isContained<Name extends StepName>(
  step: Name,
  { later, earlier }: { readonly later: Entities[Name]; readonly earlier: Entities[Name] },
): boolean {
  return isWithin(
    { definition: { object: ENTITY_TYPES[step].fields }, refersTo: step },
    later,
    earlier,
  );
}

/** Is the field the same object in both, though one of them may say more about it? */
export function isSameReference(
  step: StepName,
  field: string,
  [a, b]: readonly [unknown, unknown],
): boolean {
  const shape = (ENTITY_TYPES[step].fields as Shapes)[field];
  if (shape === undefined || shape.refersTo === "custom-field") return false;
  return isWithin(shape, a, b) || isWithin(shape, b, a);
}

/** Also of what no other entity names. */
type AnyShape = Omit<Shape, "refersTo"> & { readonly refersTo?: StepName };

function isWithin(shape: AnyShape, part: unknown, whole: unknown): boolean {
  if (canonicalJson(part) === canonicalJson(whole)) return true;
  const { definition } = shape;
  if (typeof definition === "string") return false;
  if (Array.isArray(part) && Array.isArray(whole)) {
    return "listOf" in definition && part.length === whole.length &&
      part.every((item, i) => isWithin(definition.listOf, item, whole[i]));
  }
  if (!isObject(part) || !isObject(whole)) return false;
  if ("oneOf" in definition) return isWithin(definition.oneOf[0], part, whole);
  // An empty stub clears a relation.
  if (Object.keys(part).length === 0 || !isSameObject(shape, part, whole)) return false;
  return Object.entries(part).every(([name, value]) => {
    if ("mapOf" in definition) return canonicalJson(value) === canonicalJson(whole[name]);
    const field = "object" in definition ? definition.object[name] : undefined;
    return field !== undefined && isWithin(field, value, whole[name]);
  });
}

/** Fields of a stub that do not identify its object. */
const DETAILS: ReadonlySet<string> = new Set(["slug", "tags"]);

function isSameObject(
  { definition, refersTo, slugged }: AnyShape,
  part: Fields,
  whole: Fields,
): boolean {
  if (typeof definition === "object" && "mapOf" in definition) return true;
  if (refersTo === undefined) {
    return slugged !== undefined &&
      Object.keys(whole).every((name) => name in part || DETAILS.has(name));
  }
  try {
    return naturalKey(refersTo, part as never) === naturalKey(refersTo, whole as never);
  } catch {
    // A folder may be sealed by hand.
    return false;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
