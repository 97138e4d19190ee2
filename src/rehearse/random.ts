/** Random numbers from a seed and the name of a stream, the same on every machine and runtime. */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import { digest } from "../base/digest.ts";

/** Rows to draw from: a whole-numbered weight and the value. */
export type Weighted<T> = readonly (readonly [weight: number, value: T])[];

/** One stream of random numbers; each call takes the next. */
export interface Random {
  /** A whole number from 0 to `limit` − 1. */
  below(limit: number): number;
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
  /** 0 ≤ number < 1 with at most 15 digits, as Perl prints it. */
  fraction(): number;
  /** True in `share` of all cases: 0.02 is two in a hundred. */
  chance(share: number): boolean;
  /** @throws Error for an empty list. */
  pick<T>(list: readonly T[]): T;
  weighted<T>(table: Weighted<T>): T;
  /** Lower-case hex digits. */
  hex(digits: number): string;
  /** 8-4-4-4-12 lower-case hex digits. */
  uuid(): string;
}

/** Each part of a site has a stream of its own, so its values do not depend on what else is drawn, or when. */
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
    pick: (list) => list[below(list.length)] as (typeof list)[number],
    weighted: (table) => drawFrom(table, below),
    hex,
    uuid: () => [8, 4, 4, 4, 12].map(hex).join("-"),
  };
}

/** { "started": 180, "stopped": 8 } → rows to draw from. */
export function weightedBy(weights: Readonly<Record<string, number>>): Weighted<string> {
  return Object.entries(weights).map(([value, weight]) => [weight, value]);
}

/** [{ weight: 180, … }] → rows to draw from, without their weights. */
export function weightedRows<Row extends { readonly weight: number }>(
  rows: readonly Row[],
): Weighted<Omit<Row, "weight">> {
  return rows.map(({ weight, ...row }) => [weight, row]);
}

/** 128 bits of state from a digest, so that streams with similar names are independent. */
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
