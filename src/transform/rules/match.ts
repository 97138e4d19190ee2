/** Rules applied to a machine: which match, what they set, and what they skip. */
import {
  type AddressFact,
  addressFact,
  type Condition,
  holdsForAddress,
  holdsForInterface,
  holdsForMachine,
  type InterfaceFacts,
  type Level,
  type MachineFacts,
  type MachineKind,
} from "./conditions.ts";
import { RuleIndex } from "./rule-index.ts";
import {
  type Assignment,
  type CustomValue,
  expand,
  fitted,
  isFixed,
  type TextValueName,
  VALUES,
} from "./values.ts";

/** One rule of a policy file. */
export interface Rule {
  /** From 1, in the order of the file. */
  readonly number: number;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `match`, and `set` or `skip`, as plain JSON. */
  readonly written: unknown;
  /** Machines that it is for. */
  readonly kinds: readonly MachineKind[];
  readonly conditions: readonly Condition[];
  /** Why it leaves out what it matches; undefined if it sets values. */
  readonly skip: string | undefined;
  readonly assignments: readonly Assignment[];
}

/** A value and the rule that sets it. */
export interface Decided<Value> {
  readonly value: Value;
  readonly rule: Rule;
}

type TextsOn<On extends Level> = {
  readonly [
    Name in TextValueName as typeof VALUES[Name]["on"] extends On ? Name : never
  ]?: Decided<string>;
};

export interface MachineDecision {
  readonly isMatched: boolean;
  readonly skippedBy?: Rule;
  readonly values: TextsOn<"machine"> & {
    readonly tags: readonly Decided<string>[];
    readonly custom_fields: ReadonlyMap<string, Decided<CustomValue>>;
  };
  /** In the order of the facts. */
  readonly interfaces: readonly InterfaceDecision[];
  /** Values that NetBox would refuse, each once: nothing is set. */
  readonly problems: readonly RuleProblem[];
}

export interface InterfaceDecision {
  readonly skippedBy?: Rule;
  readonly values: TextsOn<"interface">;
  readonly addresses: readonly AddressDecision[];
}

export interface AddressDecision {
  readonly skippedBy?: Rule;
  readonly values: TextsOn<"address">;
}

export interface RuleProblem {
  readonly rule: Rule;
  /** The name of the value, such as "dns_name". */
  readonly value: string;
  readonly text: string;
  readonly reason: string;
}

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };
type Texts = Partial<Record<string, Decided<string>>>;

/** A rule, ready to be applied. */
interface Compiled {
  readonly rule: Rule;
  readonly machine: readonly Condition[];
  readonly interface: readonly Condition[];
  readonly address: readonly Condition[];
  /** The most specific thing that the conditions name. */
  readonly level: Level;
  readonly sets: Readonly<Record<Level, readonly SetText[]>>;
  readonly tags: readonly Decided<string>[];
  readonly fields: readonly (readonly [string, Decided<CustomValue>])[];
}

interface SetText {
  readonly name: string;
  /** undefined: made of the facts of the machine. */
  readonly fixed: Decided<string> | undefined;
  readonly rule: Rule;
  readonly assignment: Parameters<typeof expand>[0];
}

/** The rules of a policy file. */
export class RuleSet {
  static readonly NONE = new RuleSet([]);
  readonly rules: readonly Rule[];
  readonly #compiled: readonly Compiled[];
  readonly #index: RuleIndex;

  constructor(rules: readonly Rule[]) {
    this.rules = rules;
    this.#compiled = rules.map(compiled);
    this.#index = new RuleIndex(rules);
  }

  get isEmpty(): boolean {
    return this.rules.length === 0;
  }

  decide(machine: MachineFacts): MachineDecision {
    const run = new Application(machine);
    if (this.isEmpty) return run.decision;
    for (const at of this.#index.candidates(machine)) {
      const rule = this.#compiled[at];
      if (rule !== undefined) run.apply(rule);
      // Nothing that later rules set would be sent; but the guests of a node are at its site.
      if (run.decision.skippedBy !== undefined && machine.kind !== "node") break;
    }
    return run.decision;
  }

  /** All names that a rule may set of a kind of value. */
  namesOf(value: TextValueName | "tags"): ReadonlySet<string> {
    return new Set(
      this.rules.flatMap(({ assignments }) => assignments).flatMap((each) => {
        if (each.name !== value) return [];
        return each.name === "tags"
          ? each.texts
          : each.template.filter((part) => typeof part === "string");
      }),
    );
  }
}

function compiled(rule: Rule): Compiled {
  const on = (level: Level): Condition[] =>
    rule.conditions.filter((condition) => condition.on === level && condition.name !== "kind");
  const [nic, address] = [on("interface"), on("address")];
  const sets: Record<Level, SetText[]> = { machine: [], interface: [], address: [] };
  const tags: Decided<string>[] = [];
  const fields: [string, Decided<CustomValue>][] = [];
  for (const assignment of rule.assignments) {
    if (assignment.name === "tags") {
      tags.push(...assignment.texts.map((value) => ({ value, rule })));
    } else if (assignment.name === "custom_fields") {
      for (const [name, value] of assignment.fields) fields.push([name, { value, rule }]);
    } else {
      const { name } = assignment;
      sets[VALUES[name].on].push({ name, fixed: fixedText(rule, assignment), rule, assignment });
    }
  }
  const level = address.length > 0 ? "address" : nic.length > 0 ? "interface" : "machine";
  return { rule, machine: on("machine"), interface: nic, address, level, sets, tags, fields };
}

function fixedText(
  rule: Rule,
  { name, template }: SetText["assignment"],
): Decided<string> | undefined {
  if (!isFixed(template)) return undefined;
  const made = fitted(name, template.join(""));
  return "text" in made ? { value: made.text, rule } : undefined;
}

/** Applies rules, one after another, to one machine. */
class Application {
  readonly decision: Writable<MachineDecision> & {
    readonly values: Texts;
    readonly problems: RuleProblem[];
  };
  readonly #machine: MachineFacts;
  readonly #tags: Decided<string>[] = [];
  readonly #fields = new Map<string, Decided<CustomValue>>();
  readonly #interfaces: readonly InterfaceResult[];
  /** The texts of templates, which all addresses share. */
  readonly #expanded = new Map<SetText, Decided<string> | undefined>();

  constructor(machine: MachineFacts) {
    this.#machine = machine;
    this.#interfaces = machine.interfaces.map((facts) => new InterfaceResult(facts));
    this.decision = {
      isMatched: false,
      values: { tags: this.#tags, custom_fields: this.#fields },
      interfaces: this.#interfaces,
      problems: [],
    } as unknown as Application["decision"];
  }

  apply(compiled: Compiled): void {
    const { rule } = compiled;
    if (!rule.kinds.includes(this.#machine.kind)) return;
    for (const condition of compiled.machine) {
      if (!holdsForMachine(condition, this.#machine)) return;
    }
    if (compiled.level === "machine") {
      if (rule.skip === undefined) this.#interfaces.forEach((each) => each.set(compiled, this));
      else this.decision.skippedBy ??= rule;
    } else if (!this.#applyToRows(compiled)) {
      return;
    }
    this.decision.isMatched = true;
    this.#setMachine(compiled);
  }

  /** Does any row match? */
  #applyToRows(compiled: Compiled): boolean {
    if (this.#interfaces.length === 0) {
      return [...compiled.interface, ...compiled.address].every(({ isNegated }) => isNegated);
    }
    let isMatch = false;
    for (const each of this.#interfaces) isMatch = each.apply(compiled, this) || isMatch;
    return isMatch;
  }

  #setMachine({ sets, tags, fields }: Compiled): void {
    setTexts(this.decision.values, sets.machine, this);
    for (const tag of tags) {
      if (!this.#tags.some(({ value }) => value === tag.value)) this.#tags.push(tag);
    }
    for (const [name, decided] of fields) this.#fields.set(name, decided);
  }

  /** Of a template; a text that NetBox would refuse is a problem. */
  expanded(set: SetText): Decided<string> | undefined {
    if (this.#expanded.has(set)) return this.#expanded.get(set);
    const made = expand(set.assignment, this.#machine);
    const decided = made !== undefined && "text" in made
      ? { value: made.text, rule: set.rule }
      : undefined;
    this.#expanded.set(set, decided);
    if (made !== undefined && "refused" in made) {
      const { refused: text, reason } = made;
      this.decision.problems.push({ rule: set.rule, value: set.name, text, reason });
    }
    return decided;
  }
}

class InterfaceResult implements InterfaceDecision {
  readonly #facts: InterfaceFacts;
  readonly values: Texts = {};
  readonly addresses: readonly (Writable<AddressDecision> & { readonly values: Texts })[];
  skippedBy?: Rule;
  #numbers: readonly AddressFact[] | undefined;

  constructor(facts: InterfaceFacts) {
    this.#facts = facts;
    this.addresses = facts.addresses.map(() => ({ values: {} }));
  }

  /** Does the rule match the interface, and any row of it? */
  apply(compiled: Compiled, run: Application): boolean {
    for (const condition of compiled.interface) {
      if (!holdsForInterface(condition, this.#facts)) return false;
    }
    const { rule, address, level, sets } = compiled;
    if (level === "interface") {
      if (rule.skip === undefined) this.set(compiled, run);
      else this.skippedBy ??= rule;
      return true;
    }
    let isMatch = this.addresses.length === 0 && address.every(({ isNegated }) => isNegated);
    // The numbers of an address are needed only by these rules.
    this.#numbers ??= this.#facts.addresses.map(addressFact);
    for (const [i, decision] of this.addresses.entries()) {
      const fact = this.#numbers[i];
      if (fact === undefined || !address.every((each) => holdsForAddress(each, fact))) continue;
      isMatch = true;
      if (rule.skip === undefined) setTexts(decision.values, sets.address, run);
      else decision.skippedBy ??= rule;
    }
    if (isMatch && rule.skip === undefined) setTexts(this.values, sets.interface, run);
    return isMatch;
  }

  /** Values of the interface, and of all of its addresses. */
  set({ sets }: Compiled, run: Application): void {
    setTexts(this.values, sets.interface, run);
    if (sets.address.length === 0) return;
    for (const { values } of this.addresses) setTexts(values, sets.address, run);
  }
}

function setTexts(values: Texts, sets: readonly SetText[], run: Application): void {
  for (const set of sets) {
    const decided = set.fixed ?? run.expanded(set);
    if (decided !== undefined) values[set.name] = decided;
  }
}
