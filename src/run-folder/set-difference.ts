/** Compares two sets of entity files, an earlier and a later one, step by step. */
import { digest } from "../base/digest.ts";
import { inputError } from "../base/errors.ts";
import { canonicalJson } from "../base/json.ts";
import { type Entities, naturalKey } from "../netbox/types/order.ts";
import { stepCalled, type StepName, STEPS } from "../netbox/types/steps.ts";
import type { EntityFile, TransformedSet } from "./entity-set.ts";
import { readRequest } from "./request.ts";

/** An entity of a run folder, and where it is. */
export type EntityAt = {
  readonly [Name in StepName]: {
    readonly step: Name;
    readonly entity: Entities[Name];
    /** Its natural key. */
    readonly key: string;
    readonly file: EntityFile;
    /** Index in the file's list of entities. */
    readonly index: number;
  };
}[StepName];

export type EntityOf<Name extends StepName> = Extract<EntityAt, { readonly step: Name }>;

/** A file of a set, or some of its entities. */
export interface SelectedFile {
  readonly file: EntityFile;
  /** Indices of the entities, ascending; undefined: all of them. */
  readonly only?: readonly number[];
}

/** Of files of which entities are named one by one. */
export function countEntities(files: readonly SelectedFile[]): number {
  return files.reduce((sum, { only = [] }) => sum + only.length, 0);
}

/** All entities of a step, in order, one file in memory at a time. @throws AppError "input". */
export function entitiesOf<Name extends StepName>(
  set: TransformedSet,
  step: Name,
): AsyncGenerator<EntityOf<Name>> {
  const files = set.files.filter((file) => file.step === step).map((file) => ({ file }));
  return entitiesIn(step, files, set.place);
}

/** The selected entities of a step. `place`: of their set. @throws AppError "input". */
export async function* entitiesIn<Name extends StepName>(
  step: Name,
  files: readonly SelectedFile[],
  place: string,
): AsyncGenerator<EntityOf<Name>> {
  const { field } = stepCalled(step);
  for (const { file, only } of files) {
    const what = `"${file.path}" in ${place}`;
    const { entities } = readRequest(await file.read(), what);
    for (const index of only ?? entities.keys()) {
      const item = entities[index];
      const entity = (item as Record<string, unknown> | null)?.[field] as Entities[Name];
      const key = keyOf(step, entity, `${what}, entity ${index}`);
      yield { step, entity, key, file, index } as object as EntityOf<Name>;
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

/** Equal for equal entities, whatever the order of their keys. */
export function contentHash(entity: object): string {
  return digest(canonicalJson(entity));
}

export interface ComparedSet {
  readonly set: TransformedSet;
  /** Two entities of a step with the same identity are one thing; default: the natural key. */
  identityOf?(found: EntityAt): string;
  /** Two contents that differ make a change; default: the whole entity, without its timestamp. */
  contentOf?(found: EntityAt): string;
}

export interface ChangedEntity {
  readonly before: EntityAt;
  readonly after: EntityAt;
}

export interface StepDifferences {
  readonly step: StepName;
  /** How many both sets have. */
  readonly same: number;
  readonly changed: readonly ChangedEntity[];
  /** Only in the later set. */
  readonly added: readonly EntityAt[];
  /** Only in the earlier set. */
  readonly missing: readonly EntityAt[];
}

/**
 * Of several entities with one identity, those with the same content belong together first, the others
 * in their order. Memory holds the hashes of one step, and what differs. @throws AppError "input".
 */
export async function* compareSets(
  earlier: ComparedSet,
  later: ComparedSet,
): AsyncGenerator<StepDifferences> {
  for (const { name } of STEPS) yield await compareStep(name, earlier, later);
}

interface Unmatched {
  readonly content: string;
  after?: EntityAt;
}

async function compareStep(
  step: StepName,
  earlier: ComparedSet,
  later: ComparedSet,
): Promise<StepDifferences> {
  const unmatched = new Map<string, Unmatched[]>();
  for await (const found of entitiesOf(earlier.set, step)) {
    const identity = identityOf(found, earlier);
    const known = unmatched.get(identity) ?? [];
    unmatched.set(identity, known);
    known.push({ content: contentOf(found, earlier) });
  }
  const others: EntityAt[] = [];
  let same = 0;
  for await (const found of entitiesOf(later.set, step)) {
    const content = contentOf(found, later);
    if (takeContent(unmatched, identityOf(found, later), content) === undefined) others.push(found);
    else same += 1;
  }
  const added: EntityAt[] = [];
  for (const found of others) {
    const match = unmatched.get(identityOf(found, later))?.find(({ after }) => after === undefined);
    if (match === undefined) added.push(found);
    else match.after = found;
  }
  const changed: ChangedEntity[] = [];
  const missing: EntityAt[] = [];
  for await (const before of unmatched.size === 0 ? [] : entitiesOf(earlier.set, step)) {
    const identity = identityOf(before, earlier);
    if (!unmatched.has(identity)) continue;
    const match = takeContent(unmatched, identity, contentOf(before, earlier));
    if (match?.after !== undefined) changed.push({ before, after: match.after });
    else if (match !== undefined) missing.push(before);
  }
  return { step, same, changed, added, missing };
}

function takeContent(
  unmatched: Map<string, Unmatched[]>,
  identity: string,
  content: string,
): Unmatched | undefined {
  const known = unmatched.get(identity) ?? [];
  const index = known.findIndex((each) => each.content === content);
  if (index === -1) return undefined;
  const [taken] = known.splice(index, 1);
  if (known.length === 0) unmatched.delete(identity);
  return taken;
}

function identityOf(found: EntityAt, { identityOf: own }: ComparedSet): string {
  return own?.(found) ?? found.key;
}

function contentOf(found: EntityAt, { contentOf: own }: ComparedSet): string {
  return own?.(found) ?? contentHash(found.entity);
}
