/**
 * Rules applied to machines, in a process of its own: `node test/bench/measure-rules.ts KIND RULES GUESTS`. Prints one
 * JSON line: { seconds, entities, peakBytes }, without the start of the process; the entities are the matches.
 */
import { type Address, parseAddress } from "../../src/base/ip-address.ts";
import type { MachineFacts } from "../../src/transform/rules/conditions.ts";
import { readRules } from "../transform/rules/facts.ts";
import { peakBytes } from "./measure.ts";

const POOLS = 200;
const NODES = 32;
const VLANS = 100;

/** TABLE: kind of rules → the conditions of the n-th of them. */
export const RULE_KINDS: Readonly<Record<string, (n: number) => string>> = {
  mixed: (n) =>
    [
      `pool: customer-${n % POOLS}, tag: [prod, "test-*"]`,
      `name: "db-${n}*", node: [pve1, pve2, "pve1?"]`,
      `bridge: vmbr1, address: 10.${n % 256}.0.0/16`,
      `vmid: ${n * 100}-${n * 100 + 99}`,
      `vlan: ${n % VLANS}, pool: { not: customer-1 }`,
    ][n % 5] ?? "",
  exact: (n) => `pool: customer-${n % POOLS}, node: pve${n % NODES}`,
  prefixes: (n) => `name: "db-${n}*"`,
  ranges: (n) => `vmid: ${n * 100}-${n * 100 + 99}`,
  networks: (n) => `address: 10.${n % 256}.${n % 250}.0/24`,
  "all globs": (n) => `name: "*-${n}-*"`,
};

const [kind = "mixed", ruleCount = "1000", guestCount = "100000"] = process.argv.slice(2);
const lines = Array.from(
  { length: Number(ruleCount) },
  (_, n) =>
    `  - match: { ${RULE_KINDS[kind]?.(n)} }\n    set: { tenant: T${n}, tags: [t${n % 9}], vrf: v${
      n % 7
    }, dns_name: "{name}.example.net" }`,
);
const { rules } = readRules(`rules:\n${lines.join("\n")}\n`);
// Made before, in parts, so that neither their making nor their memory is measured.
const PART = 1000;
let [seconds, matches] = [0, 0];
for (let from = 0; from < Number(guestCount); from += PART) {
  const guests = Array.from({ length: PART }, (_, i) => guest(from + i));
  const start = performance.now();
  for (const facts of guests) matches += Number(rules.decide(facts).isMatched);
  seconds += (performance.now() - start) / 1000;
}
process.stdout.write(
  `${JSON.stringify({ seconds, entities: matches, peakBytes: await peakBytes() })}\n`,
);

/** With two NICs and three addresses. */
function guest(n: number): MachineFacts {
  return {
    kind: "qemu",
    name: `db-${n % 5000}-${n}`,
    vmid: n,
    pool: `customer-${n % POOLS}`,
    tags: n % 2 === 0 ? ["prod", "linux"] : ["test-a", "linux"],
    node: `pve${n % NODES}`,
    site: "Amsterdam",
    status: "active",
    platform: "Debian 12",
    description: "Runs the database of a customer",
    hostname: `db-${n}`,
    interfaces: [
      {
        bridge: "vmbr0",
        model: "virtio",
        addresses: [
          address(`10.${n % 256}.${n % 250}.5`, 24),
          address(`2001:db8::${(n % 0xffff).toString(16)}:1`, 64),
        ],
      },
      {
        bridge: "vmbr1",
        vlan: n % VLANS,
        model: "virtio",
        addresses: [address(`192.0.2.${n % 250 + 1}`, 24)],
      },
    ],
  };
}

function address(host: string, length: number): Address {
  const parsed = parseAddress(host, length);
  if (typeof parsed === "string") throw new Error(`${host}: ${parsed}`);
  return parsed;
}
