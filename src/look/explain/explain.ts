/**
 * Why does NetBox say that? A thing, by a name → every field of every entity that came of it, down to
 * the answers and settings that its mapping row reads. The snapshot is transformed once more in memory,
 * where each entity comes with the record that its table read: there is no second mapping to drift.
 */
import leven from "leven";
import { usageError } from "../../base/errors.ts";
import { compareNatural } from "../../base/natural-order.ts";
import { labelOf, stepCalled } from "../../netbox/types/order.ts";
import type { LeftOut, Note } from "../../run-folder/left-out.ts";
import { parsePolicy } from "../../transform/settings.ts";
import { type Batch, type Made, transform } from "../../transform/transform.ts";
import type { ExplainedEntity, Explanation, LineRef } from "./explanation.ts";
import type { ExplainInput } from "./input.ts";
import {
  KIND_WORDS,
  namesOf,
  queryByEntity,
  queryByName,
  type SearchQuery,
  whatOf,
} from "./names.ts";
import { AnswerFinder, explainFields, manifestRead, type ReadContext } from "./reads.ts";
import { entityInLine, locateEntities, parseLineRef } from "./targets.ts";

/** More than this nobody reads; what has no entity is a line or two, and is told all the same. */
const MOST_THINGS = 10;

/**
 * `typed` names a thing ("vm/101") or a line ("netbox/11-virtual-machine-0001.json:3"). One explanation
 * for each thing of that name.
 * @throws AppError "usage" when there is none, or too many, or a setting is wrong; "input" for a bad file.
 */
export async function explain(input: ExplainInput, typed: string): Promise<Explanation[]> {
  const found = await search(transformed(input), await questionOf(input, typed));
  if (found.things.length === 0) throw await unknownThing(input, typed);
  const named = found.things.filter(({ meant }) => meant.length > 0);
  if (named.length > MOST_THINGS) throw ambiguous(typed, named);
  const scene: ReadContext = {
    finder: new AnswerFinder(input.snapshot),
    settings: input.settings,
    capturedAt: input.snapshot.manifest.captured_at,
    made: Map.groupBy(found.near, ({ step }) => step),
  };
  const lines = await locateEntities(found.things.flatMap(({ meant }) => meant), input.entities);
  const explanations: Explanation[] = [];
  for (const thing of found.things) explanations.push(await explainThing(thing, scene, lines));
  return explanations;
}

function transformed({ snapshot, settings }: ExplainInput): AsyncGenerator<Batch> {
  const texts = Object.entries(settings).map(([name, { text }]) => [name, text]);
  const policy = parsePolicy(Object.fromEntries(texts));
  return transform([{ snapshot, policy }], { keepOrigins: true });
}

async function questionOf(
  { snapshot, entities }: ExplainInput,
  typed: string,
): Promise<SearchQuery> {
  const ref = parseLineRef(typed);
  if (ref === undefined) return await queryByName(typed, snapshot);
  if (entities === undefined) {
    throw usageError(`Found no "${ref.file}": the snapshot is not transformed yet`, {
      hint: "Run transform on it first, or name a thing, such as vm/101",
    });
  }
  return queryByEntity(await entityInLine(ref, entities));
}

async function explainThing(
  { what, meant, shared, leftOut, notes }: FoundThing,
  scene: ReadContext,
  lines: ReadonlyMap<Made, LineRef>,
): Promise<Explanation> {
  const isPart = (made: Made): number => Number(whatOf(made) !== what);
  const inOrder = meant.toSorted((a, b) => isPart(a) - isPart(b) || stepNumber(a) - stepNumber(b));
  const entities: ExplainedEntity[] = [];
  for (const made of inOrder) {
    const line = lines.get(made);
    entities.push({
      step: made.step,
      what: whatOf(made),
      name: labelOf(made.step, made.entity),
      ...(line === undefined ? {} : { line }),
      timestamp: manifestRead(made.capturedAt),
      fields: await explainFields(made, scene),
    });
  }
  return { what, entities, shared: shared.map(whatOf), left_out: leftOut, notes };
}

function stepNumber({ step }: Made): number {
  return Number(stepCalled(step).number);
}

function ambiguous(typed: string, things: readonly FoundThing[]): Error {
  const some = things.slice(0, MOST_THINGS).map(({ what }) => what).join(", ");
  return usageError(`Found ${things.length} things called "${typed}"`, {
    hint: `Name one of them: ${some}, and so on`,
  });
}

async function unknownThing(input: ExplainInput, typed: string): Promise<Error> {
  const { snapshot, entities } = input;
  if (parseLineRef(typed) !== undefined) {
    return usageError(`Cannot explain "${typed}": transforming again does not make that entity`, {
      hint: `${entities?.place} was transformed with other settings, by another version, or from ` +
        "another snapshot: transform it again",
    });
  }
  const near = await nearMatches(typed, transformed(input));
  const kinds = `Name a thing as kind/name, the kinds being ${KIND_WORDS.join(", ")}`;
  return usageError(`Found nothing called "${typed}" in "${snapshot.name}"`, {
    hint: near.length === 0 ? kinds : `Is it ${near.join(", ")}?`,
  });
}

/** Transforms in memory, and keeps no more than the question needs. */

export interface SearchResult {
  /** In natural order; what was left out and has no entity comes last. */
  readonly things: readonly FoundThing[];
  /** Their entities and all that these may name: the rest of a guest or node, and what things share. */
  readonly near: readonly Made[];
}

/** What is asked about. */
export interface FoundThing {
  readonly what: string;
  /** The entities to explain. */
  readonly meant: readonly Made[];
  /** Objects that were seen on it. */
  readonly shared: readonly Made[];
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly Note[];
}

export async function search(
  batches: AsyncIterable<Batch>,
  question: SearchQuery,
): Promise<SearchResult> {
  const things = new Set<string>();
  const hits: Made[] = [];
  const near: Made[] = [];
  const leftOut: LeftOut[] = [];
  const notes: Note[] = [];
  for await (const batch of batches) {
    const meant = batch.made.filter((made) => question.thingOf(made) !== undefined);
    const found = [
      ...meant.map((made) => question.thingOf(made)),
      ...[...batch.leftOut, ...batch.notes].map(({ what }) => question.thingOfRecord(what)),
    ].filter((thing) => thing !== undefined);
    found.forEach((thing) => things.add(thing));
    hits.push(...meant);
    // All parts of a guest or a node come in one batch, and so do their records.
    const isNear = found.length > 0;
    near.push(...batch.made.filter((made) => isNear || isShared(made)));
    if (isNear || batch.made.length === 0) leftOut.push(...batch.leftOut);
    notes.push(...batch.notes);
  }
  const meant = question.isOneEntity ? hits : near;
  return { things: groupByThing({ things, meant, near, leftOut, notes }), near };
}

/** Clusters and what they share: they come last, and are few. */
function isShared({ step, source }: Made): boolean {
  return step === "cluster" || !("subject" in source);
}

/** Each part goes to its thing; what belongs to none of them goes. */
function groupByThing(
  { things, ...all }: Omit<FoundThing, "what" | "shared"> & {
    readonly things: ReadonlySet<string>;
    readonly near: readonly Made[];
  },
): FoundThing[] {
  const owner = (what: string) => prefixesOf(what).find((prefix) => things.has(prefix));
  const meant = Map.groupBy(all.meant, (made) => owner(whatOf(made)));
  const leftOut = Map.groupBy(all.leftOut, ({ what }) => owner(what));
  const notes = Map.groupBy(all.notes, ({ what }) => owner(what));
  const shared = new Map<string | undefined, Made[]>();
  for (const made of all.near) {
    const origins = "origins" in made.source ? made.source.origins : [];
    for (const thing of new Set(origins.map(({ subject }) => owner(subject.what)))) {
      shared.set(thing, [...shared.get(thing) ?? [], made]);
    }
  }
  return [...things].filter((what) => owner(what) === what).sort(compareNatural)
    .map((what) => ({
      what,
      meant: meant.get(what) ?? [],
      shared: shared.get(what) ?? [],
      leftOut: leftOut.get(what) ?? [],
      notes: notes.get(what) ?? [],
    }))
    .sort((a, b) => Number(a.meant.length === 0) - Number(b.meant.length === 0));
}

/** "vm/101/net0" → "vm", "vm/101", "vm/101/net0": a thing and its parts have one of them in common. */
function prefixesOf(what: string): string[] {
  const parts = what.split("/");
  return parts.map((_, i) => parts.slice(0, i + 1).join("/"));
}

/** Names that are nearly what the user typed. */

const MOST = 5;
/** Longer than what anybody types. */
const MOST_CHARS = 200;

/** The nearest first. */
export async function nearMatches(typed: string, batches: AsyncIterable<Batch>): Promise<string[]> {
  if (KIND_WORDS.includes(typed)) return [];
  const near = new Map<string, number>();
  for await (const { made, leftOut, notes } of batches) {
    const names = [...made.flatMap(namesOf), ...[...leftOut, ...notes].map(({ what }) => what)];
    for (const name of names) {
      const distance = name.length > MOST_CHARS ? undefined : distanceOf(typed, name);
      if (distance !== undefined) near.set(name, distance);
    }
  }
  const ordered = [...near].sort(([, a], [, b]) => a - b).map(([name]) => name);
  return ordered.slice(0, MOST);
}

/** 0 for the same name of another kind; undefined for what is too far away. */
function distanceOf(typed: string, name: string): number | undefined {
  const [wanted, own] = [nameOf(typed), nameOf(name)];
  if (wanted === own) return 0;
  const most = Math.max(2, Math.floor(typed.length / 3));
  const distance = leven(typed.toLowerCase(), name.toLowerCase(), { maxDistance: most + 1 });
  if (distance <= most) return distance;
  return wanted.length > 1 && own.includes(wanted) ? most + 1 : undefined;
}

/** "vm/web-01" → "web-01"; what has no kind is a name already. */
function nameOf(text: string): string {
  const slash = text.indexOf("/");
  return KIND_WORDS.includes(text.slice(0, slash)) ? text.slice(slash + 1) : text;
}
