/** Transforms in memory, and keeps no more than the question needs. */
import type { LeftOut, Note } from "../../entities/left-out.ts";
import { compareNatural } from "../../kernel/natural-order.ts";
import type { Batch, Made } from "../../transform/transform.ts";
import { whatOf } from "./names.ts";
import type { Question } from "./question.ts";

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
  question: Question,
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
