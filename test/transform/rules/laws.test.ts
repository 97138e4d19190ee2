/** Laws of rules: the index leaves out no rule, the order decides, and a manifest keeps all. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { rulesFromManifest, toManifest } from "../../../src/transform/rules/read.ts";
import type { Decided, Rule } from "../../../src/transform/rules/match.ts";
import { facts, rule } from "./arbitraries.ts";
import { plain, readRules } from "./facts.ts";
import { decideByDefinition, type PlainRule } from "./reference.ts";

const RUNS = { numRuns: 500 };
const rules = fc.array(rule, { maxLength: 8 }).map(read);

/** YAML includes JSON. */
function read(list: readonly unknown[]) {
  return readRules(JSON.stringify({ rules: list })).rules;
}

test("the index decides as testing every rule on every row does", () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 8 }), facts, (list, machine) => {
      const decision = read(list).decide(machine);
      const expected = decideByDefinition(list as readonly PlainRule[], machine);
      const shown = {
        isMatched: decision.isMatched,
        whole: numbers(decision, ["tenant"]),
        nics: decision.interfaces.map((nic) => numbers(nic, ["vlan_group"])),
        addresses: decision.interfaces.map(({ addresses }) =>
          addresses.map((each) => numbers(each, ["vrf", "dns_name"]))
        ),
      };
      const { tags: _tags, custom_fields: _fields, ...values } = expected.whole.values;
      expect(shown).toEqual({ ...expected, whole: { ...expected.whole, values } });
    }),
    RUNS,
  );
});

/** The numbers of the rules that decide. */
function numbers(
  { skippedBy, values }: { readonly skippedBy?: Rule; readonly values: object },
  names: readonly string[],
) {
  const decided = values as Readonly<Record<string, Decided<string> | undefined>>;
  return {
    skip: skippedBy?.number ?? 0,
    values: Object.fromEntries(names.flatMap((name) => {
      const value = decided[name];
      return value === undefined ? [] : [[name, value.rule.number]];
    })),
  };
}

test("a rule that matches everything overrides all before it", () => {
  const last = { match: { name: { not: "nothing" } }, set: { tenant: "last", vrf: "last" } };
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 5 }), facts, (before, machine) => {
      const decision = read([...before, last]).decide(machine);
      if (machine.kind === "node" || decision.skippedBy !== undefined) return;
      expect(decision.values.tenant?.value).toBe("last");
      for (const { values } of decision.interfaces.flatMap(({ addresses }) => addresses)) {
        expect(values.vrf?.value).toBe("last");
      }
    }),
    RUNS,
  );
});

test("rules that a manifest recorded decide the same", () => {
  fc.assert(
    fc.property(rules, facts, (set, machine) => {
      const recorded = JSON.parse(JSON.stringify(toManifest(set))) as unknown;
      const again = rulesFromManifest(recorded);
      expect(toManifest(again)).toEqual(recorded);
      expect(plain(again.decide(machine))).toEqual(plain(set.decide(machine)));
    }),
    RUNS,
  );
});
