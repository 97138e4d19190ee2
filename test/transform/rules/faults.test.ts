/** What is wrong in a policy file: each fault with its place, and what is allowed. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "../../../src/base/errors.ts";
import { CONDITIONS } from "../../../src/transform/rules/conditions.ts";
import { FACTS, failuresOf } from "../../../src/transform/rules/policy-tests.ts";
import { VALUES } from "../../../src/transform/rules/values.ts";
import { rulesFromManifest } from "../../../src/transform/rules/read.ts";
import { facts } from "./arbitraries.ts";
import { readRules } from "./facts.ts";

/** The lines of the error, without the name of the file. */
function faultsOf(text: string): string[] {
  try {
    readRules(text);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ kind: "usage" });
    return (error as AppError).message.split("\n").map((line) => line.replace("policy.yaml:", ""));
  }
}

const KEYS = [...Object.keys(CONDITIONS), ...Object.keys(VALUES), ...Object.keys(FACTS), "not"];

const SET = "set: { tenant: A }";

test("all faults of a file are listed at once, in its order", () => {
  const faults = faultsOf(`rules:
  - match: { pol: customer-a }
    set: { tenant: A }
  - match: { name: web-01 }
    set: { tennant: A }
tests:
  - guest: { nmae: web-01 }
    expect: { role: R }
`);
  expect(faults).toEqual([
    '2:14 unknown condition "pol": did you mean "pool"?',
    '5:12 unknown value "tennant": did you mean "tenant"?',
    '7:14 unknown fact "nmae": did you mean "name"?',
  ]);
});

describe("a rule", () => {
  test.each([
    ["with an unknown key", `matches: { name: a }, ${SET}`, [
      '2:5 a rule must have "match"',
      '2:7 unknown key of a rule "matches": did you mean "match"?',
    ]],
    ["with an unknown condition", `match: { quux: a }, ${SET}`, [
      '2:16 unknown condition "quux": allowed: address, bridge, description, family, kind, model, name, network, node, platform, pool, site, status, tag, vlan, vmid or vnet',
    ]],
    ["with null", "match: { name: null }, set: { tenant: null, custom_fields: { a: null } }", [
      '2:22 the condition "name" must be a text (wildcards *, ?), not "null"',
      '2:45 the value "tenant" must be a text of at most 100 characters, not null',
      '2:71 the custom field "a" must be a text, a number, true, false or a list of texts',
    ]],
    ["with too large a VLAN ID", `match: { vlan: 4000-5000 }, ${SET}`, [
      '2:22 the condition "vlan" must be a whole number, or a range such as 9000-9999, not "4000-5000"',
    ]],
    ["with set and skip", `match: { name: a }, ${SET}, skip: x`, [
      '2:5 a rule must have either "set" or "skip", not both',
    ]],
    ["with neither", "match: { name: a }", [
      '2:5 a rule must have either "set" or "skip", not neither',
    ]],
    ["without conditions", `match: {}, ${SET}`, [
      '2:14 "match" must be a mapping of one condition or more',
    ]],
    ["without values", "match: { name: a }, set: {}", [
      '2:32 "set" must be a mapping of one value or more',
    ]],
    ["without a reason", "match: { name: a }, skip: ''", [
      '2:33 "skip" must be a text: the reason why it is left out',
    ]],
    ["with an unknown kind", `match: { kind: nod }, ${SET}`, [
      '2:22 the condition "kind" must be qemu, lxc or node, not "nod"',
    ]],
    ["for no kind", `match: { kind: { not: [qemu, lxc, node] } }, ${SET}`, [
      '2:14 the condition "kind" leaves no kind of machine',
    ]],
    ["with a condition that a node cannot have", `match: { kind: [node, lxc], pool: a }, ${SET}`, [
      '2:35 the condition "pool" is not for node: add the condition "kind: [qemu, lxc]"',
    ]],
    ["with a value that a guest cannot have", "match: { name: a }, set: { device_type: R640 }", [
      '2:34 the value "device_type" is not for qemu or lxc: add the condition "kind: node"',
    ]],
    ["with a wrong range", `match: { vmid: 9-1, vlan: x }, ${SET}`, [
      '2:22 the condition "vmid" must be a whole number, or a range such as 9000-9999, not "9-1"',
      '2:33 the condition "vlan" must be a whole number, or a range such as 9000-9999, not "x"',
    ]],
    ["with a wrong network", `match: { address: 10.0.0.5/24, network: lan }, ${SET}`, [
      '2:25 the condition "address" must be a network such as 10.0.0.0/8, or an address, not "10.0.0.5/24": did you mean "10.0.0.0/24"?',
      '2:47 the condition "network" must be a network such as 10.0.0.0/8, or an address, not "lan"',
    ]],
    ["with an unknown family", `match: { family: 5 }, ${SET}`, [
      '2:24 the condition "family" must be 4 or 6, not "5"',
    ]],
    ["with an empty list", `match: { name: [] }, ${SET}`, [
      '2:22 the condition "name" has an empty list',
    ]],
    ["with not in a list", `match: { name: [a, { not: b }] }, ${SET}`, [
      '2:26 the condition "name" must be a text (wildcards *, ?), not a list or a mapping',
    ]],
    ["with more than not", `match: { name: { not: a, or: b } }, ${SET}`, [
      '2:22 the condition "name" allows a value, a list of values or { not: … }',
    ]],
    ["with a long name", `match: { name: a }, set: { tenant: ${"x".repeat(101)} }`, [
      '2:42 the value "tenant" has more than 100 characters',
    ]],
    ["with an unknown status", "match: { name: a }, set: { status: running }", [
      '2:42 the value "status" must be offline, active, planned, staged, failed, decommissioning or paused, not "running"',
    ]],
    ["with an unknown placeholder", "match: { name: a }, set: { comments: 'on {nod}' }", [
      '2:44 the value "comments" has an unknown placeholder "nod": did you mean "node"?',
    ]],
    [
      "with a placeholder that nodes lack",
      "match: { kind: node, name: a }, set: { comments: 'ID {vmid}' }",
      [
        '2:56 the value "comments" sets nothing: a node has no "vmid"',
      ],
    ],
    ["with what is no DNS name", "match: { name: a }, set: { dns_name: '{name}.a b' }", [
      '2:44 the value "dns_name" must be a DNS name (it may contain {name} {vmid} {node} {pool} {hostname}), not "{name}.a b"',
    ]],
    [
      "with wrong custom fields",
      "match: { name: a }, set: { custom_fields: { a-b: x, proxmox_vmid: 1, c: {} } }",
      [
        '2:51 "a-b" is not a name of a custom field: letters, digits and single "_", at most 50',
        '2:59 the custom field "proxmox_vmid" is set from Proxmox VE, not by rules',
        '2:79 the custom field "c" must be a text, a number, true, false or a list of texts',
      ],
    ],
    ["with an empty value", "match: { name: a }, set: { role: , tags: [] }", [
      '2:40 the value "role" is empty: it must be a text of at most 100 characters',
      '2:48 "tags" is an empty list',
    ]],
  ])("%s", (_what, rule, faults) => {
    expect(faultsOf(`rules:\n  - { ${rule} }\n`)).toEqual(faults);
  });

  test("that is a text", () => {
    expect(faultsOf("rules:\n  - web-01\n"))
      .toEqual(['2:5 a rule must be a mapping with "match", and "set" or "skip"']);
  });
});

describe("a test", () => {
  test.each([
    ["without a machine", "expect: { role: R }", [
      '2:5 a test must have either "guest" or "node", with facts, and "expect"',
    ]],
    ["without expectations", "guest: { name: a }", [
      '2:5 "expect" must be a mapping of one value or more, or of "skip"',
    ]],
    [
      "with wrong facts",
      "guest: { vmid: x, kind: node, address: 127.0.0.1 }, expect: { role: R }",
      [
        '2:22 the fact "vmid" must be a whole number',
        '2:31 the fact "kind" must be qemu or lxc',
        '2:46 the fact "address" must be an address such as 10.0.0.5/24, or a list of them',
      ],
    ],
    ["with facts of guests", "node: { pool: a }, expect: { role: R }", [
      '2:15 the fact "pool" is not for a node',
    ]],
    ["with values of what is not there", "guest: { name: a }, expect: { vrf: v, vlan_group: g }", [
      '2:37 the value "vrf" belongs to an address: add the fact "address"',
      '2:45 the value "vlan_group" belongs to an interface: add a fact such as "bridge"',
    ]],
    ["with values of other machines", "guest: { name: a }, expect: { manufacturer: m }", [
      '2:37 the value "manufacturer" is not for qemu',
    ]],
    ["with an unknown value", "guest: { name: a }, expect: { skipp: m }", [
      '2:37 unknown value "skipp": did you mean "skip"?',
    ]],
  ])("%s", (_what, policyTest, faults) => {
    expect(faultsOf(`tests:\n  - { ${policyTest} }\n`)).toEqual(faults);
  });
});

/** Keys that are right with values that are mostly wrong. */
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom("a", "*", "10.0.0.0/8", "4", "node", "", null, 7, true, 1.5, "{name}", "1-2"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie("value"), { maxKeys: 3, noNullPrototype: true }),
  ),
}));

test("whatever a file has, it gives rules and tests that work, or faults with their place", () => {
  const part = fc.record({
    match: anyValue,
    set: anyValue,
    skip: anyValue,
    guest: anyValue,
    node: anyValue,
    expect: anyValue,
  }, { requiredKeys: [] });
  const file = fc.record({ rules: fc.array(part), tests: fc.array(part) });
  fc.assert(
    fc.property(file, facts, (written, machine) => {
      try {
        const { rules, tests } = readRules(JSON.stringify(written));
        rules.decide(machine);
        for (const each of tests) failuresOf(each, rules);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
        for (const line of (error as AppError).message.split("\n")) {
          expect(line).toMatch(/^policy\.yaml:1:\d+ \S/);
        }
      }
    }),
    { numRuns: 1000 },
  );
});

describe("a file", () => {
  test("without rules has none", () => {
    for (const text of ["", "config:\n", "rules:\ntests:\n"]) {
      const { rules, tests } = readRules(text);
      expect([rules.isEmpty, tests]).toEqual([true, []]);
    }
  });

  test("whose rules are no list", () => {
    expect(faultsOf("rules: { match: a }\n")).toEqual(['1:8 "rules" must be a list']);
  });

  test("may name a value by an anchor, as often as it wants", () => {
    const uses = Array.from({ length: 300 }, () => "  - match: *web\n    set: { role: R }\n");
    const text = `rules:\n  - match: &web { name: "web-*" }\n    set: { tenant: A }\n${
      uses.join("")
    }`;
    expect(readRules(text).rules.rules.length).toBe(301);
  });
});

test.each([
  ["no rules", {}, "no list"],
  ["no list", { file: "policy.yaml", rules: 3 }, "no list"],
  ["no rule in the list", { file: "policy.yaml", rules: [null] }, 'must have "match"'],
  ["an unknown condition", {
    file: "policy.yaml",
    rules: [{ line: 7, column: 5, match: { pol: "a" }, set: { role: "R" } }],
  }, 'policy.yaml:7:5 unknown condition "pol"'],
])("a manifest with %s is refused", (_what, json, reason) => {
  expect(() => rulesFromManifest(json)).toThrow(reason);
});
