/**
 * Two sets of entity files, an earlier and a later one → what differs, step by step. The same entity is
 * one of the same type and natural key; it differs when anything but its timestamp does.
 */
import { digest } from "../kernel/digest.ts";
import { inputError } from "../kernel/errors.ts";
import { canonicalJson } from "../kernel/json.ts";
import { naturalKey } from "./natural-key.ts";
import { stepCalled, type StepName, STEPS } from "./order.ts";
import type { EntityFile, TransformedSet } from "./read.ts";
import { readRequest } from "./request.ts";
import type { Entities } from "./schema.ts";

/** An entity of a run folder, and where it stands. */
export interface EntityAt<Name extends StepName = StepName> {
  readonly step: Name;
  readonly entity: Entities[Name];
  readonly key: string;
  readonly file: EntityFile;
  /** Index in the file's list of entities. */
  readonly index: number;
}

export interface StepDifferences {
  readonly step: StepName;
  /** In both. */
  readonly same: number;
  /** Of the later set: with another content, and new. */
  readonly changed: readonly EntityAt[];
  readonly added: readonly EntityAt[];
  /** Of the earlier set: in the later one, nothing is called so. */
  readonly missing: readonly EntityAt[];
}

/** Memory holds the hashes of one step, and what differs. @throws AppError "input". */
export async function* compareSets(
  earlier: TransformedSet,
  later: TransformedSet,
): AsyncGenerator<StepDifferences> {
  for (const { name: step } of STEPS) {
    const before = new Map<string, Set<string>>();
    for await (const { key, entity } of entitiesOf(earlier, step)) {
      // Where the mapping makes several of one key, each is an entity of its own.
      const contents = before.get(key) ?? new Set();
      before.set(key, contents.add(contentHash(entity)));
    }
    const seen = new Set<string>();
    const changed: EntityAt[] = [];
    const added: EntityAt[] = [];
    let same = 0;
    for await (const found of entitiesOf(later, step)) {
      const contents = before.get(found.key);
      seen.add(found.key);
      if (contents === undefined) added.push(found);
      else if (contents.has(contentHash(found.entity))) same += 1;
      else changed.push(found);
    }
    const isMissing = [...before.keys()].some((key) => !seen.has(key));
    const missing = isMissing ? await unseen(earlier, step, seen) : [];
    yield { step, same, changed, added, missing };
  }
}

/** All entities of a step, in order, one file in memory at a time. @throws AppError "input". */
export async function* entitiesOf<Name extends StepName>(
  set: TransformedSet,
  step: Name,
): AsyncGenerator<EntityAt<Name>> {
  const { field } = stepCalled(step);
  for (const file of set.files.filter((each) => each.step === step)) {
    const what = `"${file.path}" in ${set.place}`;
    const { entities } = readRequest(await file.read(), what);
    for (const [index, item] of entities.entries()) {
      const entity = (item as Record<string, unknown> | null)?.[field] as Entities[Name];
      yield { step, entity, key: keyOf(step, entity, `${what}, entity ${index}`), file, index };
    }
  }
}

/** What `transform` wrote has all that its key is made of; a folder may be sealed by hand. */
function keyOf<Name extends StepName>(step: Name, entity: Entities[Name], what: string): string {
  try {
    return naturalKey(step, entity);
  } catch (cause) {
    throw inputError(`Cannot read ${what}: it is no ${step} with a key of its own`, { cause });
  }
}

async function unseen(set: TransformedSet, step: StepName, seen: ReadonlySet<string>) {
  const missing: EntityAt[] = [];
  const told = new Set(seen);
  for await (const found of entitiesOf(set, step)) {
    if (told.has(found.key)) continue;
    told.add(found.key);
    missing.push(found);
  }
  return missing;
}

/** Equal for equal entities, whatever the order of their keys. */
export function contentHash(entity: object): string {
  return digest(canonicalJson(entity));
}
