/** A stub → the entity that it names: the one that it is a part of. */
import type { StepName } from "../../entities/order.ts";
import { STUBS } from "../../transform/stubs.ts";
import type { StubName } from "../../transform/table.ts";
import type { Made } from "../../transform/transform.ts";
import { contains } from "./contains.ts";
import { PRIMARY_FIELDS } from "./primary-address.ts";

export interface StubTarget {
  readonly stub: object;
  readonly made: Made;
}

/**
 * The entities that stubs of this name in a value name: the value itself is one, a list of them, or
 * holds them deeper down. None when what it names is the user's own.
 */
export function stubTargets(
  name: StubName,
  value: unknown,
  made: ReadonlyMap<StepName, readonly Made[]>,
): StubTarget[] {
  const { step } = STUBS[name];
  const named = step === undefined ? [] : made.get(step) ?? [];
  for (let level = [bare(value)]; level.length > 0; level = level.flatMap(partsOf)) {
    const found = level.flatMap((stub) => targetOf(stub, named));
    if (found.length > 0) return found;
  }
  return [];
}

function targetOf(stub: unknown, named: readonly Made[]): StubTarget[] {
  if (!isObject(stub) || Array.isArray(stub) || Object.keys(stub).length === 0) return [];
  const made = named.find(({ entity }) => contains(entity, stub));
  return made === undefined ? [] : [{ stub, made }];
}

/** An address tells the stub of its machine that it is the primary one: no part of what names it. */
function bare(value: unknown): unknown {
  if (!isObject(value) || Array.isArray(value)) return value;
  const kept = Object.entries(value).filter(([key]) => !PRIMARY_FIELDS.has(key));
  return Object.fromEntries(kept.map(([key, item]) => [key, bare(item)]));
}

function partsOf(value: unknown): unknown[] {
  return isObject(value) ? Object.values(value) : [];
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
