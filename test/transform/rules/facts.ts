/** Machines and policy files for tests of rules. */
import { type Address, parseAddress } from "../../../src/base/ip-address.ts";
import type { InterfaceFacts, MachineFacts } from "../../../src/transform/rules/conditions.ts";
import { parseYaml } from "../../../src/base/yaml.ts";
import { policyOf, type PolicyRules } from "../../../src/transform/rules/read.ts";
import type { MachineDecision, Rule } from "../../../src/transform/rules/match.ts";

/** "10.0.0.5/24" */
export function address(cidr: string): Address {
  const [host, mask] = cidr.split("/");
  const parsed = parseAddress(host, mask);
  if (typeof parsed === "string") throw new Error(`${cidr}: ${parsed}`);
  return parsed;
}

/** With addresses such as "10.0.0.5/24". */
export function nic(
  facts: Omit<InterfaceFacts, "addresses">,
  ...addresses: readonly string[]
): InterfaceFacts {
  return { ...facts, addresses: addresses.map(address) };
}

export function machine(facts: Partial<MachineFacts> = {}): MachineFacts {
  return {
    kind: "qemu",
    name: "web-01",
    vmid: 101,
    tags: [],
    node: "pve1",
    site: "Amsterdam",
    interfaces: [],
    ...facts,
  };
}

/** A decision as JSON: each rule is its number. */
export function plain(decision: MachineDecision): unknown {
  return JSON.parse(
    JSON.stringify(
      decision,
      (_, value: unknown) =>
        value instanceof Map
          ? Object.fromEntries(value)
          : value instanceof Object && "assignments" in value
          ? (value as unknown as Rule).number
          : value,
    ),
  );
}

/** The rules and tests of a policy file, as `--config` reads them. */
export function readRules(text: string, file = "policy.yaml"): PolicyRules {
  return policyOf(parseYaml(text), file);
}
