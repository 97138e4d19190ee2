/** The tests of a policy file: facts of a machine, and what the rules decide about it. */
import { parseAddress, splitCidr } from "../../base/ip-address.ts";
import { jsonOfTree, type MappingTree, type Place, type Tree } from "../../base/tree.ts";
import { cleanText } from "../../proxmox/values.ts";
import {
  CONDITIONS,
  type InterfaceFacts,
  type Level,
  MACHINE_KINDS,
  type MachineFacts,
  type MachineKind,
} from "./conditions.ts";
import {
  checkKeys,
  type Faults,
  isNull,
  mappingEntry,
  placeText,
  scalarIn,
  unknownKey,
} from "./faults.ts";
import type { Decided, MachineDecision, Rule, RuleSet } from "./match.ts";
import { type CustomValue, customValue, type ValueName, VALUES } from "./values.ts";

export interface PolicyTest extends Place {
  readonly file: string;
  readonly facts: MachineFacts;
  readonly expected: readonly Expectation[];
}

interface Expectation extends Place {
  /** Of a value; "skip" for the text of a rule that leaves it out. */
  readonly name: ValueName | "skip";
  /** The name of a custom field. */
  readonly field?: string;
  /** null: no rule sets it. */
  readonly value: CustomValue | null;
}

/** An expectation that does not hold. */
export interface TestFailure extends Place {
  readonly file: string;
  /** The machine, such as "db-1". */
  readonly test: string;
  /** "tenant", "custom_fields.owner" or "skip" */
  readonly value: string;
  readonly expected: CustomValue | null;
  readonly got: CustomValue | null;
  /** Which rule decides that; undefined: no rule does. */
  readonly rule: Rule | undefined;
}

export type FactForm = "kind" | "text" | "texts" | "number" | "addresses";

interface FactRow {
  readonly on: Level;
  readonly kinds: readonly MachineKind[];
  readonly form: FactForm;
}

/** TABLE: how facts are written, where it is not as their condition is. */
const FACT_FORMS: Readonly<Record<string, FactForm>> = {
  kind: "kind",
  vmid: "number",
  vlan: "number",
  address: "addresses",
};

/** TABLE: the facts of a test; most have the name of a condition. */
export const FACTS: Readonly<Record<string, FactRow>> = {
  ...Object.fromEntries(
    Object.entries(CONDITIONS)
      .filter(([name]) => !["tag", "network", "family"].includes(name))
      .map(([name, { on, kinds }]) => [name, { on, kinds, form: FACT_FORMS[name] ?? "text" }]),
  ),
  tags: { on: "machine", kinds: CONDITIONS.tag.kinds, form: "texts" },
  hostname: { on: "machine", kinds: MACHINE_KINDS, form: "text" },
};

/** TABLE: how a fact is written, for people. */
export const FACT_WORDS: Readonly<Record<FactForm, string>> = {
  kind: "qemu or lxc",
  text: "a text",
  texts: "a list of texts",
  number: "a whole number",
  addresses: "an address such as 10.0.0.5/24, or a list of them",
};

const TEST_KEYS = ["guest", "node", "expect"];

/** What is wrong is added to the faults. */
export function readTest(tree: Tree, faults: Faults): PolicyTest | undefined {
  const guest = mappingEntry(tree, "guest");
  const node = mappingEntry(tree, "node");
  const expect = mappingEntry(tree, "expect");
  if (tree.kind !== "mapping" || (guest === undefined) === (node === undefined)) {
    faults.add(tree, 'a test must have either "guest" or "node", with facts, and "expect"');
    return undefined;
  }
  checkKeys(tree, { what: "key of a test", allowed: TEST_KEYS, faults });
  const written = guest ?? node;
  if (written?.kind !== "mapping") {
    faults.add(written ?? tree, "the facts of a test must be a mapping");
    return undefined;
  }
  const facts = readFacts(written, node === undefined ? "qemu" : "node", faults);
  if (expect?.kind !== "mapping" || expect.entries.length === 0) {
    faults.add(expect ?? tree, '"expect" must be a mapping of one value or more, or of "skip"');
    return undefined;
  }
  const expected = readExpected(expect, facts, faults);
  return { file: faults.file, line: tree.line, column: tree.column, facts, expected };
}

function readFacts(tree: MappingTree, kind: MachineKind, faults: Faults): MachineFacts {
  const facts = Object.fromEntries(tree.entries.flatMap(([key, value]) => {
    const name = key.text;
    const row = Object.hasOwn(FACTS, name) ? FACTS[name] : undefined;
    if (row === undefined) {
      faults.add(key, unknownKey("fact", name, Object.keys(FACTS)));
      return [];
    }
    if ((name === "kind" && kind === "node") || !row.kinds.includes(kind)) {
      faults.add(key, `the fact "${name}" is not for a node`);
    }
    const read = readFact(row.form, value);
    if (read !== undefined) return [[name, read]];
    faults.add(value, `the fact "${name}" must be ${FACT_WORDS[row.form]}`);
    return [];
  }));
  const names = Object.keys(facts);
  const { bridge, vnet, vlan, model, address: addresses = [], ...ofMachine } = facts;
  const hasNic = names.some((name) => FACTS[name]?.on !== "machine");
  const nic = { bridge, vnet, vlan, model, addresses } as InterfaceFacts;
  return {
    kind,
    name: "",
    tags: [],
    node: "",
    site: "",
    ...ofMachine,
    interfaces: hasNic ? [nic] : [],
  };
}

/** undefined: not allowed. */
function readFact(form: FactForm, value: Tree): unknown {
  const items = value.kind === "list" ? value.items : [value];
  const texts = items.flatMap((item) => item.kind === "scalar" ? [cleanText(item.text)] : []);
  const [text = ""] = texts;
  const isList = form === "texts" || form === "addresses";
  if (texts.length !== items.length || (value.kind === "list" && !isList)) return undefined;
  switch (form) {
    case "kind":
      return text === "qemu" || text === "lxc" ? text : undefined;
    case "text":
      return text;
    case "texts":
      return texts;
    case "number":
      return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
    case "addresses": {
      const parsed = texts.map((each) => {
        const [host, mask] = splitCidr(each);
        return parseAddress(host, mask ?? (host.includes(":") ? 128 : 32));
      });
      return parsed.some((each) => typeof each === "string") ? undefined : parsed;
    }
  }
}

function readExpected(
  tree: MappingTree,
  facts: MachineFacts,
  faults: Faults,
): readonly Expectation[] {
  return tree.entries.flatMap(([key, value]): readonly Expectation[] => {
    const { line, column, text } = key;
    const name = text as ValueName;
    if (text === "skip") {
      const skip = isNull(value) ? null : scalarIn(value)?.text;
      if (skip === undefined) faults.add(value, '"skip" must be the text of a rule, or null');
      return [{ line, column, name: "skip", value: skip ?? null }];
    }
    if (!Object.hasOwn(VALUES, name)) {
      faults.add(key, unknownKey("value", text, [...Object.keys(VALUES), "skip"]));
      return [];
    }
    checkSubject(name, { facts, place: key, faults });
    if (name !== "custom_fields" || value.kind !== "mapping") {
      return [{ line, column, name, value: expectedValue(name, value, faults) }];
    }
    return value.entries.map(([{ line, column, text: field }, each]) => ({
      line,
      column,
      name,
      field,
      value: expectedValue(name, each, faults),
    }));
  });
}

/** Adds a fault if the machine cannot have the value. */
function checkSubject(
  name: ValueName,
  { facts, place, faults }: {
    readonly facts: MachineFacts;
    readonly place: Place;
    readonly faults: Faults;
  },
): void {
  const { on, kinds } = VALUES[name];
  const [nic] = facts.interfaces;
  if (!(kinds as readonly MachineKind[]).includes(facts.kind)) {
    faults.add(place, `the value "${name}" is not for ${facts.kind}`);
  } else if (on !== "machine" && (on === "address" ? nic?.addresses[0] : nic) === undefined) {
    const fact = on === "address" ? "an address: add the fact" : "an interface: add a fact such as";
    faults.add(
      place,
      `the value "${name}" belongs to ${fact} "${on === "address" ? on : "bridge"}"`,
    );
  }
}

function expectedValue(name: ValueName, value: Tree, faults: Faults): CustomValue | null {
  if (isNull(value)) return null;
  if (name === "custom_fields" || name === "tags") {
    const read = name === "tags" && value.kind === "scalar" ? [value.text] : customValue(value);
    if (read !== undefined) return read;
  } else if (value.kind === "scalar") {
    return value.text;
  }
  faults.add(value, `"${name}" cannot be ${JSON.stringify(jsonOfTree(value))}`);
  return null;
}

/** What does not hold; empty if the test passes. */
export function failuresOf(test: PolicyTest, rules: RuleSet): readonly TestFailure[] {
  const { file, facts, expected } = test;
  const decision = rules.decide(facts);
  const skippedBy = skipOf(decision);
  return expected.flatMap(({ line, column, name, field, value }): readonly TestFailure[] => {
    const shown = field === undefined ? name : `${name}.${field}`;
    const whole = { file, line, column, test: nameOf(facts), value: shown, expected: value };
    if (name === "skip") {
      const got = skippedBy?.skip ?? null;
      return got === value ? [] : [{ ...whole, got, rule: skippedBy }];
    }
    if (value !== null && skippedBy !== undefined) {
      return [{ ...whole, got: null, rule: skippedBy }];
    }
    const { got, rule } = decidedOf(decision, name, field);
    return isExpected(name, value, got) ? [] : [{ ...whole, got, rule }];
  });
}

/** The rule that leaves out the machine, its interface or its address. */
function skipOf({ skippedBy, interfaces }: MachineDecision): Rule | undefined {
  const [nic] = interfaces;
  return skippedBy ?? nic?.skippedBy ??
    nic?.addresses.map((address) => address.skippedBy).find((rule) => rule !== undefined);
}

interface Got {
  readonly got: CustomValue | null;
  readonly rule: Rule | undefined;
}

function decidedOf(
  { values, interfaces }: MachineDecision,
  name: ValueName,
  field: string | undefined,
): Got {
  if (name === "tags") {
    const { tags } = values;
    return {
      got: tags.length === 0 ? null : tags.map(({ value }) => value),
      rule: tags.at(-1)?.rule,
    };
  }
  if (name === "custom_fields") {
    const decided = field === undefined
      ? [...values.custom_fields.values()][0]
      : values.custom_fields.get(field);
    return { got: decided?.value ?? null, rule: decided?.rule };
  }
  const [nic] = interfaces;
  const on = { machine: values, interface: nic?.values, address: nic?.addresses[0]?.values };
  const decided = (on[VALUES[name].on] as Readonly<Record<string, Decided<string>>> | undefined)
    ?.[name];
  return { got: decided?.value ?? null, rule: decided?.rule };
}

/** Of tags, the machine may have more. */
function isExpected(
  name: ValueName,
  expected: CustomValue | null,
  got: CustomValue | null,
): boolean {
  if (expected === null || got === null) return expected === got;
  if (name === "tags" && Array.isArray(expected) && Array.isArray(got)) {
    return expected.every((tag) => got.includes(tag));
  }
  return JSON.stringify(expected) === JSON.stringify(got);
}

function nameOf({ name, vmid, node, kind }: MachineFacts): string {
  return name || (vmid === undefined ? node || kind : String(vmid));
}

/** "policy.yaml:31:15 test of db-1: tenant must be "A", but rule 3 (policy.yaml:12:5) sets "B"" */
export function failureText({ test, value, expected, got, rule, ...place }: TestFailure): string {
  const must = expected === null
    ? value === "skip" ? "nothing must be left out" : `no rule must set ${value}`
    : `${value} must be ${JSON.stringify(expected)}`;
  const by = rule && `rule ${rule.number} (${placeText(rule.file, rule)})`;
  const does = rule === undefined
    ? value === "skip" ? "no rule leaves anything out" : "no rule sets it"
    : rule.skip !== undefined
    ? `${by} leaves it out: ${rule.skip}`
    : `${by} sets ${JSON.stringify(got)}`;
  return `${placeText(place.file, place)} test of ${test}: ${must}, but ${does}`;
}
