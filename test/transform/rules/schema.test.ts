/** The JSON Schema of policy files: it accepts what the program accepts, and refuses most of what it does not. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { STAGE_SETTINGS } from "../../../src/cli/catalog.ts";
import { policySchema } from "../../../src/transform/rules/schema.ts";
import { fencesIn, readDocument } from "../../helpers/documents.ts";
import { ROOT } from "../../helpers/golden.ts";
import { schemaFaults } from "../../helpers/json-schema.ts";
import { runCli } from "../../helpers/run-cli.ts";
import { rule } from "./arbitraries.ts";
import { readRules } from "./facts.ts";

const SCHEMA = policySchema(Object.values(STAGE_SETTINGS));

function faultsOf(yaml: string): readonly string[] {
  return schemaFaults(SCHEMA, parse(yaml));
}

test("mapping --schema prints it", async () => {
  const { code, stdout } = await runCli(["mapping", "--schema"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(SCHEMA)));
});

test("every $ref has its definition", () => {
  const defined = Object.keys(SCHEMA["$defs"] as object);
  const used = [...JSON.stringify(SCHEMA).matchAll(/"#\/\$defs\/([^"]+)"/g)].map(([, name]) =>
    name
  );
  expect([...new Set(used)].sort()).toEqual(defined.toSorted());
});

describe("accepts", () => {
  const example = readFileSync(join(ROOT, "snapshots/example-policy.yaml"), "utf8");
  const documented = fencesIn(readDocument("src/transform/README.md"))
    .filter(({ language }) => language === "yaml").map(({ lines }) => lines.join("\n"));

  test("the policy files of the documentation", () => {
    expect(documented.length).toBeGreaterThan(2);
    for (const yaml of [example, ...documented]) expect(faultsOf(yaml)).toEqual([]);
  });

  test.each([
    "config:\nscope:\nrules:\ntests:\n",
    "config: { DISK_BASE_UNIT: 1000, ALL_INTERFACES: yes, SITE_NAME: 0012, GONE_STATUS: }",
    "scope: { nodes: pve1 }",
    "scope: { nodes: [pve1, pve2] }",
    "rules: [{ match: { vlan: [1, 2-3], family: [4] }, set: { role: 7, custom_fields: { a: [x], b: 1.5 } } }]",
    "tests: [{ node: { name: pve1, address: [10.0.0.5/24] }, expect: { tags: [a], custom_fields: { a: null } } }]",
  ])("%s", (yaml) => {
    expect(faultsOf(yaml)).toEqual([]);
  });

  test("every rule that the program accepts", () => {
    fc.assert(fc.property(fc.array(rule, { minLength: 1, maxLength: 3 }), (rules) => {
      expect(readRules(JSON.stringify({ rules })).rules.isEmpty).toBe(false);
      expect(schemaFaults(SCHEMA, JSON.parse(JSON.stringify({ rules })))).toEqual([]);
    }));
  });
});

describe("refuses", () => {
  const SET = "set: { tenant: A }";
  test.each([
    ["configuration: {}", "/configuration"],
    ["config: { SITE: x }", "/config"],
    ["config: { CLUSTER_SCOPE: region }", "/config"],
    [`rules: [{ match: { pol: a }, ${SET} }]`, "/rules"],
    [`rules: [{ match: {}, ${SET} }]`, "/rules"],
    [`rules: [{ match: { kind: nod }, ${SET} }]`, "/rules"],
    [`rules: [{ match: { vmid: x }, ${SET} }]`, "/rules"],
    [`rules: [{ match: { name: { nt: a } }, ${SET} }]`, "/rules"],
    [`rules: [{ match: { name: [] }, ${SET} }]`, "/rules"],
    [`rules: [{ match: { address: lan }, ${SET} }]`, "/rules"],
    [`rules: [{ match: { name: a }, ${SET}, skip: x }]`, "/rules"],
    ["rules: [{ match: { name: a } }]", "/rules"],
    ["rules: [{ match: { name: a }, skip: '' }]", "/rules"],
    ["rules: [{ match: { name: a }, set: { status: on } }]", "/rules"],
    ["rules: [{ match: { name: a }, set: { device_type: x } }]", "/rules"],
    [`rules: [{ match: { name: a }, set: { tenant: ${"x".repeat(101)} } }]`, "/rules"],
    ["tests: [{ guest: { nmae: a }, expect: { role: x } }]", "/tests"],
    ["tests: [{ node: { pool: a }, expect: { role: x } }]", "/tests"],
    ["tests: [{ guest: { name: a }, expect: {} }]", "/tests"],
    ["tests: [{ expect: { role: x } }]", "/tests"],
  ])("%s", (yaml, path) => {
    expect(faultsOf(yaml)).toEqual([path]);
    if (!yaml.startsWith("config")) expect(() => readRules(yaml)).toThrow();
  });
});
