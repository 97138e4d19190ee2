/** Which rules match, and what they decide. */
import { describe, expect, test } from "vitest";
import type { MachineFacts } from "../../../src/transform/rules/conditions.ts";
import type { MachineDecision } from "../../../src/transform/rules/match.ts";
import { rulesFromManifest, toManifest } from "../../../src/transform/rules/read.ts";
import { machine, nic, plain, readRules } from "./facts.ts";

function decide(rules: string, facts: Partial<MachineFacts> = {}): MachineDecision {
  return readRules(`rules:\n${rules}`).rules.decide(machine(facts));
}

/** Value → text; only what rules set. */
function texts(values: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, decided]) =>
      name === "tags" || name === "custom_fields"
        ? []
        : [[name, (decided as { value: unknown }).value]]
    ),
  );
}

const TWO_NICS = {
  interfaces: [
    nic({ bridge: "vmbr0", model: "virtio" }, "10.0.0.5/24", "192.0.2.9/24"),
    nic({ bridge: "vmbr1", vlan: 30, vnet: "blue" }, "2001:db8::5/64"),
  ],
};

describe("rules apply in order:", () => {
  test("a later one overrides, tags add up, custom fields are merged by name", () => {
    const { values } = decide(`
  - match: { name: "*" }
    set: { tenant: A, role: R, tags: [x, y], custom_fields: { one: 1, two: two } }
  - match: { name: "web-*" }
    set: { tenant: B, tags: [y, z], custom_fields: { two: 2.5, three: [a, b], four: true } }
`);
    expect(texts(values)).toEqual({ tenant: "B", role: "R" });
    expect(values.tenant?.rule.number).toBe(2);
    expect(values.tags.map(({ value, rule }) => [value, rule.number]))
      .toEqual([["x", 1], ["y", 1], ["z", 2]]);
    expect([...values.custom_fields].map(([name, { value }]) => [name, value]))
      .toEqual([["one", 1], ["two", 2.5], ["three", ["a", "b"]], ["four", true]]);
  });

  test("a rule knows its file, line and column, and what is written there", () => {
    const { values } = decide("  - match: { vmid: 100-199 }\n    set: { tenant: A }\n");
    expect(values.tenant?.rule).toMatchObject({
      number: 1,
      file: "policy.yaml",
      line: 2,
      column: 5,
      written: { match: { vmid: "100-199" }, set: { tenant: "A" } },
    });
  });

  test("without a match, nothing is decided", () => {
    const decision = decide("  - match: { name: db-* }\n    set: { tenant: A }\n", TWO_NICS);
    expect(decision.isMatched).toBe(false);
    expect(texts(decision.values)).toEqual({});
    expect(decision.interfaces.map(({ addresses }) => addresses.length)).toEqual([2, 1]);
  });
});

describe("values are set on what they belong to:", () => {
  test("all interfaces and addresses of a machine", () => {
    const { interfaces } = decide(
      "  - match: { name: web-01 }\n    set: { vrf: red, vlan_group: G, dns_name: '{name}.Example.net' }\n",
      TWO_NICS,
    );
    expect(interfaces.map(({ values }) => texts(values)))
      .toEqual([{ vlan_group: "G" }, { vlan_group: "G" }]);
    const decided = { vrf: "red", dns_name: "web-01.example.net" };
    expect(interfaces.flatMap(({ addresses }) => addresses.map(({ values }) => texts(values))))
      .toEqual([decided, decided, decided]);
  });

  test("the interface and the addresses that match", () => {
    const { values, interfaces } = decide(
      "  - match: { bridge: vmbr0, address: 10.0.0.0/8 }\n    set: { tenant: T, vrf: red, vlan_group: G }\n",
      TWO_NICS,
    );
    expect(texts(values)).toEqual({ tenant: "T" });
    expect(interfaces.map(({ values }) => texts(values))).toEqual([{ vlan_group: "G" }, {}]);
    expect(interfaces.map(({ addresses }) => addresses.map(({ values }) => texts(values))))
      .toEqual([[{ vrf: "red" }, {}], [{}]]);
  });
});

describe("skip leaves out the most specific thing that the conditions name:", () => {
  const skipped = ({ skippedBy, interfaces }: MachineDecision) => [
    skippedBy?.skip,
    interfaces.map(({ skippedBy, addresses }) => [
      skippedBy?.skip,
      addresses.map(({ skippedBy }) => skippedBy?.skip),
    ]),
  ];
  const none = undefined;

  test.each([
    ["the machine", "vmid: 100-199", ["no", [[none, [none, none]], [none, [none]]]]],
    ["the interface", "name: web-01, vlan: 30", [none, [[none, [none, none]], ["no", [none]]]]],
    ["the address", "bridge: vmbr0, family: 4, address: 192.0.2.9", [none, [
      [none, [none, "no"]],
      [none, [none]],
    ]]],
  ])("%s", (_what, match, expected) => {
    expect(skipped(decide(`  - match: { ${match} }\n    skip: "no"\n`, TWO_NICS))).toEqual(
      expected,
    );
  });

  test("a later rule cannot undo it", () => {
    const { skippedBy } = decide(
      "  - match: { vmid: 101 }\n    skip: first\n  - match: { vmid: 101 }\n    skip: second\n",
    );
    expect(skippedBy?.skip).toBe("first");
  });
});

test("the rules that a manifest recorded decide the same", () => {
  const { rules } = readRules(
    "rules:\n  - match: { tag: [a, 'b*'], vlan: { not: 30 } }\n    set: { custom_fields: { n: '1', m: 1 } }\n",
    "policy.yaml",
  );
  const recorded = JSON.parse(JSON.stringify(toManifest(rules))) as unknown;
  const again = rulesFromManifest(recorded);
  expect(toManifest(again)).toEqual(recorded);
  const facts = machine({ tags: ["bb"] });
  expect(again.decide(facts).values.custom_fields.get("n")?.value).toBe("1");
  expect(plain(again.decide(facts))).toEqual(plain(rules.decide(facts)));
});
