/** Tests in a policy file: they pass, or say what the rules decide instead. */
import { describe, expect, test } from "vitest";
import { failuresOf, failureText } from "../../../src/transform/rules/policy-tests.ts";
import { readRules } from "./facts.ts";

const RULES = `rules:
  - match: { pool: customer-a }
    set: { tenant: Customer A, tags: [billing-a], custom_fields: { class: gold, level: 3 } }
  - match: { bridge: vmbr1, address: [10.0.0.0/8, "2001:db8::/32"] }
    set: { vrf: internal, vlan_group: DC1, dns_name: "{name}.example.net" }
  - match: { vmid: 9000-9999 }
    skip: lab guests stay out
  - match: { bridge: vmbr9 }
    skip: no storage networks
  - match: { kind: node, name: "pve*" }
    set: { manufacturer: Dell }
tests:
`;

/** The failures, without the name of the file. */
function failures(policyTest: string): string[] {
  const { rules, tests } = readRules(`${RULES}  - { ${policyTest} }\n`);
  return tests.flatMap((each) => failuresOf(each, rules)).map(failureText)
    .map((text) => text.replaceAll("policy.yaml:", ""));
}

describe("passes:", () => {
  test.each([
    ["values", "guest: { pool: customer-a }, expect: { tenant: Customer A, tags: [billing-a] }"],
    ["a tag", "guest: { pool: customer-a }, expect: { tags: billing-a }"],
    [
      "custom fields",
      "guest: { pool: customer-a }, expect: { custom_fields: { level: 3, class: gold, x: null } }",
    ],
    ["values that no rule sets", "guest: { pool: customer-b }, expect: { tenant: null, tags: ~ }"],
    [
      "values of an address",
      "guest: { name: Web-01, bridge: vmbr1, address: 2001:db8::5/64 }, expect: { vrf: internal, vlan_group: DC1, dns_name: web-01.example.net }",
    ],
    ["a guest that is left out", "guest: { vmid: 9001 }, expect: { skip: lab guests stay out }"],
    [
      "an interface that is left out",
      "guest: { bridge: vmbr9 }, expect: { skip: no storage networks }",
    ],
    ["a guest that is not left out", "guest: { kind: lxc, vmid: 1 }, expect: { skip: null }"],
    ["a node", "node: { name: pve1 }, expect: { manufacturer: Dell }"],
  ])("%s", (_what, policyTest) => {
    expect(failures(policyTest)).toEqual([]);
  });
});

describe("fails:", () => {
  test.each([
    [
      "another value",
      "guest: { name: db-1, pool: customer-a }, expect: { tenant: Customer B }",
      '13:58 test of db-1: tenant must be "Customer B", but rule 1 (2:5) sets "Customer A"',
    ],
    [
      "a value that no rule sets",
      "guest: { vmid: 7 }, expect: { role: R }",
      '13:37 test of 7: role must be "R", but no rule sets it',
    ],
    [
      "a value too much",
      "guest: { node: pve1, pool: customer-a }, expect: { tags: null }",
      '13:58 test of pve1: no rule must set tags, but rule 1 (2:5) sets ["billing-a"]',
    ],
    [
      "a number as a text",
      "guest: { pool: customer-a }, expect: { custom_fields: { level: '3' } }",
      '13:63 test of qemu: custom_fields.level must be "3", but rule 1 (2:5) sets 3',
    ],
    [
      "a value of a guest that is left out",
      "guest: { vmid: 9001 }, expect: { tenant: A }",
      '13:40 test of 9001: tenant must be "A", but rule 3 (6:5) leaves it out: lab guests stay out',
    ],
    [
      "another reason",
      "guest: { vmid: 9001 }, expect: { skip: x }",
      '13:40 test of 9001: skip must be "x", but rule 3 (6:5) leaves it out: lab guests stay out',
    ],
    [
      "no reason",
      "guest: { vmid: 9001 }, expect: { skip: null }",
      "13:40 test of 9001: nothing must be left out, but rule 3 (6:5) leaves it out: lab guests stay out",
    ],
    [
      "a guest that stays",
      "guest: { vmid: 1 }, expect: { skip: x }",
      '13:37 test of 1: skip must be "x", but no rule leaves anything out',
    ],
  ])("%s", (_what, policyTest, failure) => {
    expect(failures(policyTest)).toEqual([failure]);
  });
});
