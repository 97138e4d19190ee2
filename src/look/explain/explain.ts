/**
 * Explains the entities of a guest, a node or another thing: for each field, the answers and settings that
 * its mapping row reads. Transforms the snapshot again in memory, where each entity comes with the record
 * that its table read, so the explanation cannot differ from the mapping.
 */
import { inputError, usageError } from "../../base/errors.ts";
import { compareNatural } from "../../base/natural-order.ts";
import type { SettingRow } from "../../base/setting.ts";
import { labelOf } from "../../netbox/types/order.ts";
import { stepCalled } from "../../netbox/types/steps.ts";
import {
  ENTITY_MANIFEST_FILE,
  openEntities,
  type TransformedSet,
} from "../../run-folder/entity-set.ts";
import type { LeftOut, Note } from "../../run-folder/left-out.ts";
import { openSnapshot } from "../../run-folder/snapshot-files.ts";
import { MANIFEST_FILE, type Snapshot } from "../../run-folder/snapshot.ts";
import type { Store } from "../../run-folder/store/store.ts";
import { parsePolicy } from "../../transform/policy.ts";
import {
  recordedTexts,
  type SettingName,
  SETTINGS,
  type SettingTexts,
} from "../../transform/settings.ts";
import { type Batch, type Made, transform } from "../../transform/transform.ts";
import { readRunParts } from "../run.ts";
import { givenOptions, type GivenTarget, type OpenTarget } from "../target.ts";
import type { ExplainedEntity, Explanation, LineRef, SettingsInForce } from "./explanation.ts";
import {
  KIND_WORDS,
  nearMatches,
  queryByEntity,
  queryByName,
  type SearchQuery,
  whatOf,
} from "./names.ts";
import { objectInNetBox } from "./netbox.ts";
import { AnswerFinder, explainFields, manifestRead, type ReadContext } from "./reads.ts";
import { entityInLine, locateEntities, parseLineRef } from "./targets.ts";

export interface ExplainInput {
  readonly snapshot: Snapshot;
  readonly settings: SettingsInForce;
  /** The entity files in the same folder, if there are any. */
  readonly entities: TransformedSet | undefined;
  /** What NetBox had. */
  readonly target?: GivenTarget | undefined;
}

/**
 * Settings recorded in the entity files win over those that capture recorded, so that the explanation
 * matches the files.
 * @throws AppError "input" if there is no snapshot, or a part is unfinished, changed or of a newer format.
 */
export async function openExplainInput(
  store: Store,
  given: SettingTexts,
  openTarget: OpenTarget = () => Promise.resolve(undefined),
): Promise<ExplainInput> {
  const parts = await readRunParts(store);
  if (parts.snapshot === "absent" && parts.entities === "finished") {
    throw noSnapshot(await openEntities(store));
  }
  const snapshot = await openSnapshot(store);
  const entities = parts.entities === "absent" ? undefined : await openEntities(store);
  const madeOf = entities?.manifest.snapshots.find(({ sha256 }) => sha256 === snapshot.sha256);
  const settings = layeredSettings({
    "given": given,
    [ENTITY_MANIFEST_FILE]: madeOf?.policy ?? {},
    [MANIFEST_FILE]: recordedTexts(snapshot.manifest),
  });
  const target = await openTarget(entities?.manifest);
  return { snapshot, settings, entities, target };
}

/** Each setting from the first layer that has it, with the name of that layer. */
export function layeredSettings(layers: Readonly<Record<string, SettingTexts>>): SettingsInForce {
  const rows = Object.entries<SettingRow>(SETTINGS).map(([name, row]) => {
    const [from, texts] = Object.entries(layers)
      .find(([, layer]) => layer[name as SettingName] !== undefined) ?? ["default"];
    const text = texts?.[name as SettingName] ?? row.default;
    return [name, text === undefined ? { from } : { text, from }];
  });
  return Object.fromEntries(rows) as SettingsInForce;
}

function noSnapshot({ place, manifest }: TransformedSet): Error {
  const names = manifest.snapshots.flatMap(({ name }) => name ?? []);
  const folder = names.length === 0
    ? "the snapshot that they were made from"
    : `one of the snapshots that they were made from: ${names.join(", ")}`;
  return inputError(`${place} contains entity files, but no snapshot`, {
    hint: manifest.snapshots.length === 0
      ? "bootstrap wrote them: they are the same for every cluster and come from no answer"
      : `Give the run folder of ${folder}`,
  });
}

/** Things without entities take a line or two each and do not count. */
const MOST_THINGS = 10;

/**
 * `typed` is a thing ("vm/101") or a line of a file ("netbox/11-virtual-machine-0001.json:3"). Returns an
 * explanation for each thing with that name.
 * @throws AppError "usage" for none or too many of them, or a wrong setting; "input" for a bad file.
 */
export async function explain(input: ExplainInput, typed: string): Promise<Explanation[]> {
  const found = await search(await transformed(input), await queryOf(input, typed));
  if (found.things.length === 0) throw await unknownThing(input, typed);
  const named = found.things.filter(({ meant }) => meant.length > 0);
  if (named.length > MOST_THINGS) throw ambiguous(typed, named);
  const meant = found.things.flatMap((thing) => thing.meant);
  const readFrom = [...meant, ...found.near.filter(({ source }) => "subject" in source)];
  const context: ReadContext = {
    finder: await AnswerFinder.open(input.snapshot, readFrom),
    settings: input.settings,
    capturedAt: input.snapshot.manifest.captured_at,
    made: Map.groupBy(found.near, ({ step }) => step),
  };
  const lines = await locateEntities(meant, input.entities);
  return found.things.map((thing) => explainThing(thing, { ...input, context, lines }));
}

async function transformed(
  { snapshot, settings, target }: ExplainInput,
): Promise<AsyncGenerator<Batch>> {
  const texts = Object.entries(settings).map(([name, { text }]) => [name, text]);
  const policy = parsePolicy(Object.fromEntries(texts));
  return transform([{ snapshot, policy }], {
    keepOrigins: true,
    ...await givenOptions(target),
  });
}

async function queryOf(
  { snapshot, entities }: ExplainInput,
  typed: string,
): Promise<SearchQuery> {
  const ref = parseLineRef(typed);
  if (ref === undefined) return await queryByName(typed, snapshot);
  if (entities === undefined) {
    throw usageError(`No "${ref.file}": the snapshot is not transformed yet`, {
      hint: "Run transform first, or give a thing, such as vm/101",
    });
  }
  return queryByEntity(await entityInLine(ref, entities));
}

function explainThing(
  { what, meant, shared, leftOut, notes }: FoundThing,
  { target, context, lines }: Pick<ExplainInput, "target"> & {
    readonly context: ReadContext;
    readonly lines: ReadonlyMap<Made, LineRef>;
  },
): Explanation {
  const isPart = (made: Made): number => Number(whatOf(made) !== what);
  const inOrder = meant.toSorted((a, b) => isPart(a) - isPart(b) || stepNumber(a) - stepNumber(b));
  const entities = inOrder.map((made): ExplainedEntity => {
    const line = lines.get(made);
    const netbox = objectInNetBox(made, target);
    return {
      step: made.step,
      what: whatOf(made),
      name: labelOf(made.step, made.entity),
      ...(line === undefined ? {} : { line }),
      ...(netbox === undefined ? {} : { netbox }),
      timestamp: manifestRead(made.capturedAt),
      fields: explainFields(made, context),
    };
  });
  return { what, entities, shared: shared.map(whatOf), left_out: leftOut, notes };
}

function stepNumber({ step }: Made): number {
  return Number(stepCalled(step).number);
}

function ambiguous(typed: string, things: readonly FoundThing[]): Error {
  const some = things.slice(0, MOST_THINGS).map(({ what }) => what).join(", ");
  return usageError(`"${typed}" matches ${things.length} things`, {
    hint: `Be more specific: ${some}, …`,
  });
}

async function unknownThing(input: ExplainInput, typed: string): Promise<Error> {
  const { snapshot, entities } = input;
  if (parseLineRef(typed) !== undefined) {
    return usageError(`Cannot explain "${typed}": transforming again does not give that entity`, {
      hint: `${entities?.place} was transformed with other settings, by another version or from ` +
        "another snapshot: transform it again",
    });
  }
  const near = await nearMatches(typed, await transformed(input));
  const kinds = `Write a thing as kind/name. Kinds: ${KIND_WORDS.join(", ")}`;
  return usageError(`No "${typed}" in "${snapshot.name}"`, {
    hint: near.length === 0 ? kinds : `Did you mean ${near.join(", ")}?`,
  });
}

interface SearchResult {
  /** In natural order; things without entities come last. */
  readonly things: readonly FoundThing[];
  /** Their entities and all that stubs in these may name. */
  readonly near: readonly Made[];
}

interface FoundThing {
  readonly what: string;
  /** The entities to explain. */
  readonly meant: readonly Made[];
  /** Shared objects that it uses: tags, platforms, VLANs, prefixes. */
  readonly shared: readonly Made[];
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly Note[];
}

/** Transforms in memory and keeps only what the explanation needs. */
async function search(
  batches: AsyncIterable<Batch>,
  query: SearchQuery,
): Promise<SearchResult> {
  const things = new Set<string>();
  const hits: Made[] = [];
  const near: Made[] = [];
  const leftOut: LeftOut[] = [];
  const notes: Note[] = [];
  for await (const batch of batches) {
    const meant = batch.made.filter((made) => query.thingOf(made) !== undefined);
    const found = [
      ...meant.map((made) => query.thingOf(made)),
      ...[...batch.leftOut, ...batch.notes].map(({ what }) => query.thingOfRecord(what)),
    ].filter((thing) => thing !== undefined);
    found.forEach((thing) => things.add(thing));
    hits.push(...meant);
    // A batch has all parts and records of one guest or node.
    const isNear = found.length > 0;
    near.push(...batch.made.filter((made) => isNear || isShared(made)));
    if (isNear || batch.made.length === 0) leftOut.push(...batch.leftOut);
    notes.push(...batch.notes);
  }
  const meant = query.isOneEntity ? hits : near;
  return { things: groupByThing({ things, meant, near, leftOut, notes }), near };
}

/** Clusters and shared objects come last, and there are few of them. */
function isShared({ step, source }: Made): boolean {
  return step === "cluster" || !("subject" in source);
}

/** Sorts entities and records by the thing that they belong to; drops all others. */
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
  const users = all.near.flatMap((made) =>
    "origins" in made.source
      ? [{ made, things: new Set(made.source.origins.map(({ subject }) => owner(subject.what))) }]
      : []
  );
  return [...things].filter((what) => owner(what) === what).sort(compareNatural)
    .map((what) => ({
      what,
      meant: meant.get(what) ?? [],
      shared: users.filter((user) => user.things.has(what)).map(({ made }) => made),
      leftOut: leftOut.get(what) ?? [],
      notes: notes.get(what) ?? [],
    }))
    .sort((a, b) => Number(a.meant.length === 0) - Number(b.meant.length === 0));
}

/** "vm/101/net0" → "vm", "vm/101", "vm/101/net0" */
function prefixesOf(what: string): string[] {
  const parts = what.split("/");
  return parts.map((_, i) => parts.slice(0, i + 1).join("/"));
}
