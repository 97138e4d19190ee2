/** The same answers in another order: rows of unordered lists, keys, paths and nodes. */
import type { Answer } from "../../src/proxmox/answers.ts";
import type { AnswersByPath, Site } from "./snapshot-builder.ts";

/** Guests, nodes, interfaces and status rows; all other lists keep their order. */
const ROW_PATH = /^(?:\/cluster\/(?:status|resources.*)|\/nodes|\/nodes\/[^/]+\/network)$/;

export function shuffledSite(site: Site, seed: number): Site {
  const random = numbersFrom(seed);
  const answersOf = (answers: AnswersByPath): AnswersByPath =>
    Object.fromEntries(
      shuffled(Object.entries(answers), random).map(([path, answer]): [string, Answer] => [
        path,
        answerOf(path, answer, random),
      ]),
    );
  const nodes = shuffled(Object.entries(site.nodes), random);
  return {
    ...site,
    cluster: answersOf(site.cluster),
    nodes: Object.fromEntries(nodes.map(([node, answers]) => [node, answersOf(answers)])),
  };
}

function answerOf(path: string, answer: Answer, random: () => number): Answer {
  const mixed = withKeys(answer, random) as Answer;
  if (!ROW_PATH.test(path) || !("data" in mixed) || !Array.isArray(mixed.data)) return mixed;
  return { ...mixed, data: shuffled(mixed.data as unknown[], random) };
}

/** Keys of objects at any depth. Keys that look like array indices stay first in JavaScript. */
function withKeys(value: unknown, random: () => number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => withKeys(item, random));
  const entries = shuffled(Object.entries(value), random);
  return Object.fromEntries(entries.map(([key, item]) => [key, withKeys(item, random)]));
}

export function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items.map((item) => ({ item, at: random() })).sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** mulberry32: the same numbers for the same seed. */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
