/**
 * Which rules may match a machine. Each rule is listed under one of its conditions, by a text, a part of it, a range of
 * numbers or a network; so most rules are never looked at.
 */
import { type Address, maskedWords, type Network, wordsOf } from "../../base/ip-address.ts";
import {
  type Condition,
  type ConditionName,
  CONDITIONS,
  machineFact,
  type MachineFacts,
  type Pattern,
} from "./conditions.ts";

/** What of a rule the index reads. */
interface Listed {
  readonly conditions: readonly Condition[];
}

type Fact = string | number;
type Found = (rules: readonly number[]) => void;

const BITS = 32;

export class RuleIndex {
  readonly #machine: (readonly [ConditionName, FactIndex])[] = [];
  readonly #interface: (readonly ["bridge" | "vnet" | "vlan" | "model", FactIndex])[] = [];
  readonly #networks = new NetworkIndex();
  /** One bit for each rule: those that are looked at for every machine. */
  readonly #always: Uint32Array;
  readonly #bits: Uint32Array;
  readonly #candidates: number[] = [];

  constructor(rules: readonly Listed[]) {
    this.#always = new Uint32Array(Math.ceil(rules.length / BITS));
    this.#bits = new Uint32Array(this.#always.length);
    const uses = countUses(rules);
    const indexes = new Map<ConditionName, FactIndex>();
    rules.forEach(({ conditions }, rule) => {
      const best = mostSelective(conditions, uses);
      if (best === undefined) return setBit(this.#always, rule);
      for (const { name, pattern, key } of best) {
        if (pattern.kind === "network") {
          this.#networks.list(pattern.network, rule);
        } else {
          const index = indexes.get(name) ?? new FactIndex();
          indexes.set(name, index);
          index.list(pattern, key, rule);
        }
      }
    });
    for (const [name, index] of indexes) {
      index.finish();
      if (CONDITIONS[name].on === "machine") this.#machine.push([name, index]);
      else this.#interface.push([name as "bridge", index]);
    }
  }

  /** The numbers of the rules that may match, from 0 and in ascending order; valid until the next call. */
  candidates(machine: MachineFacts): readonly number[] {
    const bits = this.#bits;
    bits.set(this.#always);
    const found: Found = (rules) => {
      for (const rule of rules) setBit(bits, rule);
    };
    for (const [name, index] of this.#machine) {
      const fact = machineFact(name, machine);
      if (typeof fact === "object") { for (const each of fact) index.find(each, found); }
      else if (fact !== undefined) index.find(fact, found);
    }
    for (const nic of machine.interfaces) {
      for (const [name, index] of this.#interface) {
        const fact = nic[name];
        if (fact !== undefined) index.find(fact, found);
      }
      for (const address of nic.addresses) this.#networks.find(address, found);
    }
    return this.#listed();
  }

  #listed(): readonly number[] {
    this.#candidates.length = 0;
    for (let word = 0; word < this.#bits.length; word += 1) {
      for (let rest = this.#bits[word] ?? 0; rest !== 0; rest &= rest - 1) {
        this.#candidates.push(word * BITS + BITS - 1 - Math.clz32(rest & -rest));
      }
    }
    return this.#candidates;
  }
}

function setBit(bits: Uint32Array, at: number): void {
  const word = at >>> 5;
  bits[word] = (bits[word] ?? 0) | (1 << (at % BITS));
}

/** The rules that are listed under one condition. */
class FactIndex {
  readonly #exact = new Map<Fact, number[]>();
  /** TABLE: part of a text that keys start with → length of the key → key → rules. */
  readonly #parts = { "^": new Parts(), "$": new Parts(), "~": new Parts() };
  readonly #ranges: { readonly from: number; readonly to: number; readonly rules: [number] }[] = [];
  /** The highest `to` of the ranges so far. */
  #highest: readonly number[] = [];

  /** `key`: as `keysOf` makes it. */
  list(pattern: Exclude<Pattern, { readonly kind: "network" }>, key: string, rule: number): void {
    if (pattern.kind === "range") {
      const { from, to } = pattern;
      if (from === to) add(this.#exact, from, rule);
      else this.#ranges.push({ from, to, rules: [rule] });
      return;
    }
    const [sign = "", text] = [key[0], key.slice(1)];
    if (sign === "=") add(this.#exact, text, rule);
    else this.#parts[sign as "^"].list(text, rule);
  }

  finish(): void {
    this.#ranges.sort((a, b) => a.from - b.from);
    let highest = -Infinity;
    this.#highest = this.#ranges.map(({ to }) => highest = Math.max(highest, to));
  }

  find(fact: Fact, found: Found): void {
    lookUp(this.#exact, fact, found);
    if (typeof fact === "number") return this.#findRanges(fact, found);
    const { "^": starts, "$": ends, "~": inner } = this.#parts;
    for (const [length, rules] of starts.byLength) {
      if (fact.length >= length) lookUp(rules, fact.slice(0, length), found);
    }
    for (const [length, rules] of ends.byLength) {
      if (fact.length >= length) lookUp(rules, fact.slice(-length), found);
    }
    for (const [length, rules] of inner.byLength) {
      for (let at = 0; at + length <= fact.length; at += 1) {
        lookUp(rules, fact.slice(at, at + length), found);
      }
    }
  }

  #findRanges(fact: number, found: Found): void {
    let [low, high] = [0, this.#ranges.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranges[middle]?.from ?? 0) <= fact) low = middle + 1;
      else high = middle;
    }
    for (let at = low - 1; at >= 0 && (this.#highest[at] ?? 0) >= fact; at -= 1) {
      const range = this.#ranges[at];
      if (range !== undefined && range.to >= fact) found(range.rules);
    }
  }
}

/** Texts by their length. */
class Parts {
  readonly byLength = new Map<number, Map<string, number[]>>();

  list(text: string, rule: number): void {
    const rules = this.byLength.get(text.length) ?? new Map<string, number[]>();
    this.byLength.set(text.length, rules);
    add(rules, text, rule);
  }
}

interface MaskIndex {
  /** Any of this size. */
  readonly network: Network;
  readonly rules: Map<number | string, number[]>;
}

/** Networks by their size. */
class NetworkIndex {
  readonly #byMask = { 4: new Map<number, MaskIndex>(), 6: new Map<number, MaskIndex>() };

  list(network: Network, rule: number): void {
    const family = network.words.length === 1 ? 4 : 6;
    const masked = this.#byMask[family].get(network.prefixLength) ?? { network, rules: new Map() };
    this.#byMask[family].set(network.prefixLength, masked);
    add(masked.rules, numberOf(network.words), rule);
  }

  find({ family, host }: Address, found: Found): void {
    const masks = this.#byMask[family];
    if (masks.size === 0) return;
    const words = wordsOf(host) ?? [];
    for (const { network, rules } of masks.values()) {
      lookUp(rules, numberOf(maskedWords(words, network)), found);
    }
  }
}

/** One for each network of a length. */
function numberOf(words: readonly number[]): number | string {
  return words.length === 1 ? words[0] ?? 0 : words.join();
}

function add<Key>(lists: Map<Key, number[]>, key: Key, rule: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [rule]);
  else if (list.at(-1) !== rule) list.push(rule);
}

function lookUp<Key>(lists: ReadonlyMap<Key, readonly number[]>, key: Key, found: Found): void {
  const list = lists.get(key);
  if (list !== undefined) found(list);
}

/** Characters of the part of a text by which a glob such as "*-db-*" is listed. */
const GRAM = 3;

/** Under what a pattern can be listed; none: it can match everything. */
function keysOf(pattern: Pattern): string[] {
  switch (pattern.kind) {
    case "network":
      return [`/${pattern.network.words.join()}/${pattern.network.prefixLength}`];
    case "range":
      return [`=${pattern.from}-${pattern.to}`];
    case "glob": {
      const { isExact, prefix, suffix, text } = pattern.glob;
      if (isExact) return [`=${prefix}`];
      return [
        ...(prefix === "" ? [] : [`^${prefix}`]),
        ...(suffix === "" ? [] : [`$${suffix}`]),
        ...text.split(/[*?]/).flatMap(grams).map((gram) => `~${gram}`),
      ];
    }
  }
}

/** "abcd" → "abc", "bcd"; shorter texts themselves. */
function grams(text: string): string[] {
  if (text === "") return [];
  const count = Math.max(1, text.length - GRAM + 1);
  return Array.from({ length: count }, (_, i) => text.slice(i, i + GRAM));
}

/** Condition and key → how many rules could be listed there. */
function countUses(rules: readonly Listed[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const { conditions } of rules) {
    for (const { name, patterns } of conditions) {
      for (const key of patterns.flatMap(keysOf)) {
        uses.set(name + key, (uses.get(name + key) ?? 0) + 1);
      }
    }
  }
  return uses;
}

interface Place {
  readonly name: ConditionName;
  readonly pattern: Pattern;
  readonly key: string;
}

/** Where to list a rule: under the condition that the fewest others have. Undefined: each can match everything. */
function mostSelective(
  conditions: readonly Condition[],
  uses: ReadonlyMap<string, number>,
): readonly Place[] | undefined {
  let best: readonly Place[] | undefined;
  let least = Infinity;
  for (const { name, isNegated, patterns } of conditions) {
    // Most machines share the kind and the IP version.
    if (isNegated || patterns.length === 0 || name === "family" || name === "kind") continue;
    const places: Place[] = [];
    let most = 0;
    for (const pattern of patterns) {
      const [first, ...keys] = keysOf(pattern);
      const count = (key: string): number => uses.get(name + key) ?? 0;
      if (first === undefined) most = Infinity;
      else {
        // The earlier is the longer part of the text.
        const key = keys.reduce((a, b) => count(b) < count(a) ? b : a, first);
        most = Math.max(most, count(key));
        places.push({ name, pattern, key });
      }
    }
    if (most < least) [best, least] = [places, most];
  }
  return best;
}
