/**
 * Why does NetBox say that? A thing, by a name → every field of every entity that came of it, down to
 * the answers and settings that its mapping row reads. The snapshot is transformed once more in memory,
 * where each entity comes with the record that its table read: there is no second mapping to drift.
 */
import { NATURAL_KEYS } from "../../entities/natural-key.ts";
import { stepCalled } from "../../entities/order.ts";
import { usageError } from "../../kernel/errors.ts";
import { parsePolicy } from "../../transform/policy.ts";
import { type Batch, type Made, transform } from "../../transform/transform.ts";
import { AnswerFinder } from "./answer-finder.ts";
import { entityInLine, locateEntities, parseLineRef } from "./entity-lines.ts";
import type { ExplainedEntity, Explanation, LineRef } from "./explanation.ts";
import { explainFields } from "./fields.ts";
import type { ExplainInput } from "./input.ts";
import { KIND_WORDS, whatOf } from "./names.ts";
import { nearMatches } from "./near-matches.ts";
import { lineQuestion, type Question, thingQuestion } from "./question.ts";
import { manifestRead, type ReadScene } from "./reads.ts";
import { type FoundThing, search } from "./search.ts";

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
  const scene: ReadScene = {
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

async function questionOf({ snapshot, entities }: ExplainInput, typed: string): Promise<Question> {
  const ref = parseLineRef(typed);
  if (ref === undefined) return await thingQuestion(typed, snapshot);
  if (entities === undefined) {
    throw usageError(`Found no "${ref.file}": the snapshot is not transformed yet`, {
      hint: "Run transform on it first, or name a thing, such as vm/101",
    });
  }
  return lineQuestion(await entityInLine(ref, entities));
}

async function explainThing(
  { what, meant, shared, leftOut, notes }: FoundThing,
  scene: ReadScene,
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
      name: NATURAL_KEYS[made.step].name(made.entity as never),
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
