/**
 * Which rules may match a machine. Each rule is listed under one of its conditions, by its exact text, by what the text
 * starts or ends with, or by its range of numbers; so most rules are never looked at.
 */
import { isInNetwork, type Network, wordsOf } from "../../base/ip-address.ts";
import { type Condition, CONDITIONS, machineFact, type MachineFacts } from "./conditions.ts";
import type { ConditionName, Pattern } from "./conditions.ts";

/** What of a rule the index reads. */
interface Listed {
  readonly conditions: readonly Condition[];
}

type Fact = string | number;

const BITS = 32;

/** The rules that are listed under one condition. */
class ConditionIndex {
  readonly exact = new Map<Fact, number[]>();
  /** Length → start, or end, of the text → rules. */
  readonly prefixes = new Map<number, Map<string, number[]>>();
  readonly suffixes = new Map<number, Map<string, number[]>>();
  readonly ranges: { readonly from: number; readonly to: number; readonly rule: number }[] = [];
  readonly networks: { readonly network: Network; readonly rule: number }[] = [];

  list(pattern: Pattern, rule: number): void {
    if (pattern.kind === "network") {
      this.networks.push({ network: pattern.network, rule });
    } else if (pattern.kind === "range") {
      if (pattern.from === pattern.to) add(this.exact, pattern.from, rule);
      else this.ranges.push({ ...pattern, rule });
    } else {
      const { isExact, prefix, suffix } = pattern.glob;
      if (isExact) add(this.exact, prefix, rule);
      else if (prefix !== "") addPart(this.prefixes, prefix, rule);
      else addPart(this.suffixes, suffix, rule);
    }
  }

  find(fact: Fact, found: (rules: readonly number[]) => void): void {
    const same = this.exact.get(fact);
    if (same !== undefined) found(same);
    if (typeof fact === "number") {
      for (const { from, to, rule } of this.ranges) {
        if (fact >= from && fact <= to) found([rule]);
      }
      return;
    }
    for (const [length, rules] of this.prefixes) {
      const starting = fact.length < length ? undefined : rules.get(fact.slice(0, length));
      if (starting !== undefined) found(starting);
    }
    for (const [length, rules] of this.suffixes) {
      const ending = fact.length < length ? undefined : rules.get(fact.slice(-length));
      if (ending !== undefined) found(ending);
    }
  }
}

function add<Key>(lists: Map<Key, number[]>, key: Key, rule: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [rule]);
  else list.push(rule);
}

function addPart(parts: Map<number, Map<string, number[]>>, text: string, rule: number): void {
  const rules = parts.get(text.length) ?? new Map<string, number[]>();
  parts.set(text.length, rules);
  add(rules, text, rule);
}

/** Under what a pattern would be listed; undefined: it can match everything. */
function keyOf(name: ConditionName, pattern: Pattern): string | undefined {
  switch (pattern.kind) {
    case "network":
      return `${name}/${pattern.network.words.join(".")}/${pattern.network.prefixLength}`;
    case "range":
      return `${name}=${pattern.from}-${pattern.to}`;
    case "glob": {
      const { isExact, prefix, suffix } = pattern.glob;
      if (isExact) return `${name}=${prefix}`;
      return prefix !== "" ? `${name}^${prefix}` : suffix !== "" ? `${name}$${suffix}` : undefined;
    }
  }
}

export class RuleIndex {
  readonly #machine: (readonly [ConditionName, ConditionIndex])[] = [];
  readonly #interface: (readonly ["bridge" | "vnet" | "vlan" | "model", ConditionIndex])[] = [];
  readonly #address: ConditionIndex | undefined;
  /** One bit for each rule: those that are looked at for every machine. */
  readonly #always: Uint32Array;
  readonly #bits: Uint32Array;

  constructor(rules: readonly Listed[]) {
    this.#always = new Uint32Array(Math.ceil(rules.length / BITS));
    this.#bits = new Uint32Array(this.#always.length);
    const uses = countUses(rules);
    const indexes = new Map<ConditionName, ConditionIndex>();
    rules.forEach(({ conditions }, rule) => {
      const best = mostSelective(conditions, uses);
      if (best === undefined) return setBit(this.#always, rule);
      // The network of an address is in whatever its address is in.
      const name = best.name === "network" ? "address" : best.name;
      const index = indexes.get(name) ?? new ConditionIndex();
      indexes.set(name, index);
      for (const pattern of best.patterns) index.list(pattern, rule);
    });
    for (const [name, index] of indexes) {
      const { on } = CONDITIONS[name];
      if (on === "machine") this.#machine.push([name, index]);
      else if (on === "interface") this.#interface.push([name as "bridge", index]);
    }
    this.#address = indexes.get("address");
  }

  /** The numbers of the rules that may match, in ascending order. */
  *candidates(machine: MachineFacts): Generator<number> {
    const bits = this.#bits;
    bits.set(this.#always);
    const found = (rules: readonly number[]): void => {
      for (const rule of rules) setBit(bits, rule);
    };
    for (const [name, index] of this.#machine) {
      const fact = machineFact(name, machine);
      if (typeof fact === "object") fact.forEach((each) => index.find(each, found));
      else if (fact !== undefined) index.find(fact, found);
    }
    for (const nic of machine.interfaces) {
      for (const [name, index] of this.#interface) {
        const fact = nic[name];
        if (fact !== undefined) index.find(fact, found);
      }
      if (this.#address === undefined) continue;
      for (const { host } of nic.addresses) {
        const words = wordsOf(host) ?? [];
        for (const { network, rule } of this.#address.networks) {
          if (isInNetwork(words, network)) setBit(bits, rule);
        }
      }
    }
    yield* bitsOf(bits);
  }
}

function countUses(rules: readonly Listed[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const { conditions } of rules) {
    for (const { name, patterns } of conditions) {
      for (const pattern of patterns) {
        const key = keyOf(name, pattern);
        if (key !== undefined) uses.set(key, (uses.get(key) ?? 0) + 1);
      }
    }
  }
  return uses;
}

/** The condition that the fewest other rules have; undefined: each can match everything. */
function mostSelective(
  conditions: readonly Condition[],
  uses: ReadonlyMap<string, number>,
): Condition | undefined {
  let best: Condition | undefined;
  let least = Infinity;
  for (const condition of conditions) {
    // IP versions and kinds are shared by most machines.
    const { name, isNegated, patterns } = condition;
    if (isNegated || patterns.length === 0 || name === "family" || name === "kind") continue;
    const counts = patterns.map((pattern) => uses.get(keyOf(name, pattern) ?? "") ?? Infinity);
    const most = Math.max(...counts);
    if (most < least) [best, least] = [condition, most];
  }
  return best;
}

function setBit(bits: Uint32Array, at: number): void {
  const word = Math.floor(at / BITS);
  bits[word] = (bits[word] ?? 0) | (1 << (at % BITS));
}

function* bitsOf(bits: Uint32Array): Generator<number> {
  for (let word = 0; word < bits.length; word += 1) {
    for (let rest = bits[word] ?? 0; rest !== 0; rest &= rest - 1) {
      yield word * BITS + BITS - 1 - Math.clz32(rest & -rest);
    }
  }
}
