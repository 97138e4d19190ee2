/** An example of each condition and of each value. */
import { describe, expect, test } from "vitest";
import {
  type ConditionName,
  CONDITIONS,
  type MachineFacts,
} from "../../../src/transform/rules/conditions.ts";
import { type ValueName, VALUES } from "../../../src/transform/rules/values.ts";
import { machine, nic, readRules } from "./facts.ts";

const GUEST = machine({
  pool: "customer-a",
  tags: ["prod", "linux"],
  status: "active",
  platform: "Debian 12",
  description: "Shop\nof customer A",
  hostname: "www",
  interfaces: [
    nic({ bridge: "vmbr0", vnet: "blue", vlan: 30, model: "virtio" }, "10.1.2.3/16"),
    nic({}, "2001:db8::5/64"),
  ],
});
const EMPTY = machine({ name: "", node: "", site: "", vmid: undefined });

/** Condition → values that hold for the guest, and values that do not. */
const EXAMPLES: Readonly<Record<ConditionName, readonly [string, string][]>> = {
  kind: [["qemu", "lxc"], ["[lxc, qemu]", "[lxc, node]"], ["{ not: lxc }", "{ not: qemu }"]],
  vmid: [["101", "102"], ["100-101", "102-109"], ["[1, 90-110]", "[1, 2]"]],
  name: [["web-*", "web"], ["'*-01'", "WEB-*"], ["'w?b-01'", "'w?-01'"]],
  pool: [["customer-a", "customer-"], ["{ not: customer-b }", "{ not: 'customer-*' }"]],
  tag: [["prod", "test"], ["[test, 'lin*']", "[test, 'win*']"], [
    "{ not: test }",
    "{ not: linux }",
  ]],
  node: [["[pve1, pve2]", "pve2"]],
  site: [["Amsterdam", "London"]],
  status: [["active", "offline"]],
  platform: [["'Debian *'", "'Ubuntu *'"]],
  description: [["'*customer A'", "'customer A*'"]],
  bridge: [["vmbr0", "vmbr1"], ["{ not: vmbr1 }", "'?'"]],
  vnet: [["blue", "red"]],
  vlan: [["30", "31"], ["1-4094", "31-40"]],
  model: [["virtio", "e1000"]],
  address: [["10.0.0.0/8", "10.2.0.0/16"], ["10.1.2.3", "10.1.2.4"], [
    "2001:db8::/32",
    "2001::/32",
  ]],
  network: [["10.0.0.0/8", "10.1.2.0/24"], ["10.1.0.0/16", "10.1.2.3"]],
  family: [["4", "[]"], ["6", "[]"]],
};

const isMatched = (condition: string, facts: MachineFacts) =>
  readRules(`rules: [{ match: { ${condition} }, set: { tenant: A } }]`)
    .rules.decide(facts).isMatched;

describe.each(Object.keys(CONDITIONS) as ConditionName[])("the condition %s", (name) => {
  test.each(EXAMPLES[name])("%s matches, %s does not", (right, wrong) => {
    expect(isMatched(`${name}: ${right}`, GUEST)).toBe(true);
    if (wrong !== "[]") expect(isMatched(`${name}: ${wrong}`, GUEST)).toBe(false);
  });
});

// Every machine has a kind.
test.each((Object.keys(CONDITIONS) as ConditionName[]).filter((name) => name !== "kind"))(
  "the condition %s matches an absent fact only with not",
  (name) => {
    const [[, wrong] = ["", ""]] = EXAMPLES[name];
    const value = wrong === "[]" ? "4" : wrong;
    expect(isMatched(`${name}: ${value}`, EMPTY)).toBe(false);
    expect(isMatched(`${name}: { not: ${value} }`, EMPTY)).toBe(true);
  },
);

test("a rule is for guests, unless it has a condition on the kind", () => {
  const node = machine({ kind: "node" });
  expect(isMatched("name: web-01", machine({ kind: "lxc" }))).toBe(true);
  expect(isMatched("name: web-01", node)).toBe(false);
  expect(isMatched("name: web-01, kind: node", node)).toBe(true);
  expect(isMatched("name: web-01, kind: [qemu, lxc, node]", node)).toBe(true);
});

/** Value → what is written, and what is decided; of a guest, or of a node. */
const WRITTEN: Readonly<Record<ValueName, readonly [string, unknown]>> = {
  tenant: ["' Customer A '", "Customer A"],
  role: ["0012", "0012"],
  status: ["planned", "planned"],
  site: ["London", "London"],
  tags: ["[a, b]", ["a", "b"]],
  description: ["'{name} of {pool}, {vmid} on {node}'", "web-01 of customer-a, 101 on pve1"],
  comments: ["'Agent: {hostname} {}'", "Agent: www {}"],
  custom_fields: [
    "{ a: 1, b: -2.50, c: true, d: '1', e: [x, '2'], f: 0x1, g: 'true' }",
    { a: 1, b: -2.5, c: true, d: "1", e: ["x", "2"], f: "0x1", g: "true" },
  ],
  platform: ["Debian", "Debian"],
  device_type: ["PowerEdge R640", "PowerEdge R640"],
  manufacturer: ["Dell", "Dell"],
  vlan_group: ["DC1", "DC1"],
  vrf: ["internal", "internal"],
  dns_name: ["'{name}.Example.net'", "web-01.example.net"],
  prefix_role: ["Servers", "Servers"],
};

test.each(Object.keys(VALUES) as ValueName[])("the value %s", (name) => {
  const [written, expected] = WRITTEN[name];
  const isOfNodes = !(VALUES[name].kinds as readonly string[]).includes("qemu");
  const kind = isOfNodes ? "node" : "qemu";
  const { rules } = readRules(
    `rules: [{ match: { kind: ${kind}, name: web-01 }, set: { ${name}: ${written} } }]`,
    "policy.yaml",
  );
  const { values, interfaces: [first] } = rules.decide({ ...GUEST, kind });
  const { custom_fields: fields, tags, ...texts } = values;
  const all: object = { ...texts, ...first?.values, ...first?.addresses[0]?.values };
  const decided = name === "tags"
    ? tags.map(({ value }) => value)
    : name === "custom_fields"
    ? Object.fromEntries([...fields].map(([field, { value }]) => [field, value]))
    : (all as Record<string, { value: string }>)[name]?.value;
  expect(decided).toEqual(expected);
  if (name === "tags" || name === "custom_fields") return;
  expect(Object.keys(all)).toEqual([name]);
  const isNamed = !["status", "description", "comments", "dns_name"].includes(name);
  if (isNamed) expect([...rules.namesOf(name as "tenant")]).toEqual([expected]);
});

test("all names of a value are those of all rules", () => {
  const { rules } = readRules(`rules:
  - { match: { name: a }, set: { tags: [x, y], vrf: red } }
  - { match: { name: b }, set: { tags: [y, z] } }
`);
  expect([...rules.namesOf("tags")]).toEqual(["x", "y", "z"]);
  expect([...rules.namesOf("vrf")]).toEqual(["red"]);
  expect([...rules.namesOf("tenant")]).toEqual([]);
});

describe("a template", () => {
  const set = (value: string, facts: Partial<MachineFacts>) => {
    const text = `rules: [{ match: { name: '*' }, set: { ${value} } }]`;
    return readRules(text).rules.decide({ ...GUEST, ...facts });
  };

  test("whose fact is absent sets nothing", () => {
    const { values, problems } = set("description: '{name} in {pool}'", { pool: undefined });
    expect([values.description, problems]).toEqual([undefined, []]);
  });

  test("that makes no DNS name sets nothing, and is one problem of the machine", () => {
    const { interfaces, problems } = set("dns_name: '{name}.example.net'", { name: "web 1" });
    expect(interfaces.map(({ addresses }) => addresses[0]?.values.dns_name)).toEqual([
      undefined,
      undefined,
    ]);
    expect(problems).toEqual([
      expect.objectContaining({ value: "dns_name", text: "web 1.example.net" }),
    ]);
    const long = set("dns_name: '{name}.example.net'", { name: "x".repeat(250) });
    expect(long.problems.length).toBe(1);
  });

  test("that makes a long description is cut", () => {
    const { values } = set("description: '{name}'", { name: "x".repeat(300) });
    expect(values.description?.value.length).toBe(200);
  });
});
