/** A seed and the name of a stream → random numbers, the same on every machine and runtime. */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import { digest } from "../base/digest.ts";

/** Rows of a table to draw from: a whole-numbered weight and what is drawn. */
export type Weighted<T> = readonly (readonly [weight: number, value: T])[];

/** One stream of random numbers. Each call moves it on. */
export interface Random {
  /** A whole number from 0 to `limit` − 1. */
  below(limit: number): number;
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
  /** 0 ≤ number < 1 with at most 15 digits, as Perl prints it. */
  fraction(): number;
  /** True in `share` of all cases: 0.02 is two in a hundred. */
  chance(share: number): boolean;
  pick<T>(list: readonly [T, ...T[]]): T;
  weighted<T>(table: Weighted<T>): T;
  /** Lower-case hex digits. */
  hex(digits: number): string;
  /** 8-4-4-4-12 lower-case hex digits. */
  uuid(): string;
}

/**
 * Each thing of a site draws from a stream of its own, so that it comes out the same whatever else
 * is made, and in whatever order.
 */
export function createRandom(seed: number, stream: string): Random {
  const source = xoroshiro128plusFromState(stateOf(`${seed}/${stream}`));
  const below = (limit: number): number => uniformInt(source, 0, limit - 1);
  const hex = (digits: number): string => {
    let text = "";
    while (text.length < digits) text += (source.next() >>> 0).toString(16).padStart(8, "0");
    return text.slice(0, digits);
  };
  return {
    below,
    between: (min, max) => uniformInt(source, min, max),
    fraction: () => Number((below(2 ** 32) / 2 ** 32).toFixed(15)),
    chance: (share) => below(1_000_000) < share * 1_000_000,
    pick: (list) => list[below(list.length)] ?? list[0],
    weighted: (table) => drawFrom(table, below),
    hex,
    uuid: () => [8, 4, 4, 4, 12].map(hex).join("-"),
  };
}

/** 128 bits of state from a digest: streams with similar names have nothing in common. */
function stateOf(name: string): number[] {
  const hash = digest(name);
  return [0, 8, 16, 24].map((at) => Number.parseInt(hash.slice(at, at + 8), 16) | 0);
}

function drawFrom<T>(table: Weighted<T>, below: (limit: number) => number): T {
  let rest = below(table.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, value] of table) {
    if (rest < weight) return value;
    rest -= weight;
  }
  throw new Error("Cannot draw from an empty table");
}
