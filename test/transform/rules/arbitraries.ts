/** Machines and rules for laws. */
import fc from "fast-check";
import {
  type InterfaceFacts,
  MACHINE_KINDS,
  type MachineFacts,
} from "../../../src/transform/rules/conditions.ts";
import { address } from "./facts.ts";

const NAMES = ["web-01", "web-02", "db-1", "DB-1", "a", ""];
const GLOBS = [
  ...NAMES.filter((name) => name !== ""),
  "web-*",
  "*-1",
  "*1",
  "*b*",
  "*1*",
  "*eb-*",
  "d?-1",
  "*",
  "?",
];
const ADDRESSES = [
  "10.0.0.5/24",
  "10.1.2.3/16",
  "192.0.2.9/32",
  "2001:db8::5/64",
  "2001:db8:1::1/48",
];
const NETWORKS = ["10.0.0.0/8", "10.0.0.0/24", "0.0.0.0/0", "10.0.0.5", "2001:db8::/32", "::/0"];

const absent = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const name = fc.constantFrom(...NAMES);
const nic: fc.Arbitrary<InterfaceFacts> = fc.record({
  bridge: absent(name),
  vnet: absent(name),
  vlan: absent(fc.nat(5)),
  model: absent(name),
  addresses: fc.array(fc.constantFrom(...ADDRESSES).map(address), { maxLength: 3 }),
});
/** A machine of a few names, so that rules match it. */
export const facts: fc.Arbitrary<MachineFacts> = fc.record({
  kind: fc.constantFrom("qemu", "lxc", "node"),
  name,
  vmid: absent(fc.nat(5)),
  pool: absent(name),
  tags: fc.array(name, { maxLength: 3 }),
  node: name,
  site: name,
  interfaces: fc.array(nic, { maxLength: 3 }),
});

const glob = fc.constantFrom(...GLOBS);
const number = fc.oneof(fc.nat(5), fc.tuple(fc.nat(3), fc.nat(3)).map(([a, b]) => `${a}-${a + b}`));
const network = fc.constantFrom(...NETWORKS);
/** One value, several, or none of them. */
const condition = <Value>(value: fc.Arbitrary<Value>) => {
  const several = fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 3 }));
  return fc.oneof(several, several, several.map((not) => ({ not })));
};
const VALUES = {
  name: glob,
  node: glob,
  pool: glob,
  tag: glob,
  vmid: number,
  bridge: glob,
  vnet: glob,
  model: glob,
  vlan: number,
  address: network,
  network,
  family: fc.constantFrom(4, 6),
};
const OF_GUESTS = ["pool", "tag", "vmid", "vnet", "model"];
const conditions = Object.entries<fc.Arbitrary<unknown>>(VALUES)
  .map(([name, value]) => condition(value).map((written) => [name, written] as const));
// Few, or none would match.
const match = fc.uniqueArray(fc.oneof(...conditions), {
  minLength: 1,
  maxLength: 2,
  selector: ([name]) => name,
}).map((entries) => {
  const isForGuests = entries.some(([name]) => OF_GUESTS.includes(name));
  return Object.fromEntries([...(isForGuests ? [] : [["kind", MACHINE_KINDS]]), ...entries]);
});
const set = fc.record({
  tenant: name.filter((text) => text !== ""),
  tags: fc.array(fc.constantFrom("x", "y"), { minLength: 1 }),
  custom_fields: fc.dictionary(
    fc.constantFrom("one", "two"),
    fc.oneof(fc.integer(), fc.boolean(), fc.constantFrom("1", "true", "x")),
    { minKeys: 1 },
  ),
  vlan_group: fc.constantFrom("G", "H"),
  vrf: fc.constantFrom("red", "blue"),
  dns_name: fc.constantFrom("{name}.example.net", "host-{vmid}", "fixed"),
}, { requiredKeys: ["vrf"] });
/** A rule of a policy file, as JSON. */
export const rule = fc.tuple(
  match,
  fc.oneof(
    set.map((values) => ({ set: values })),
    set.map((values) => ({ set: values })),
    fc.constant({ skip: "left out" }),
  ),
)
  .map(([conditions, action]) => ({ match: conditions, ...action }));
