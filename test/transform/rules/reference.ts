/** Rules as README.md defines them, without an index: every rule is tested on every row. */
import { BlockList } from "node:net";
import type { Address } from "../../../src/base/ip-address.ts";
import type { InterfaceFacts, MachineFacts } from "../../../src/transform/rules/conditions.ts";

type Values = Record<string, unknown>;

export interface PlainRule {
  readonly match: Values;
  readonly set?: Values;
  readonly skip?: string;
}

interface Row {
  readonly machine: MachineFacts;
  readonly nic: InterfaceFacts | undefined;
  readonly address: Address | undefined;
}

const OF_NIC = ["bridge", "vnet", "vlan", "model"];
const OF_ADDRESS = ["address", "network", "family"];

/** A thing of the machine → the numbers of the rules: what skips it, and what sets each of its values. */
export function decideByDefinition(rules: readonly PlainRule[], machine: MachineFacts) {
  const whole = { skip: 0, values: {} as Values };
  const nics = machine.interfaces.map(() => ({ skip: 0, values: {} as Values }));
  const addresses = machine.interfaces.map((nic) =>
    nic.addresses.map(() => ({ skip: 0, values: {} as Values }))
  );
  let isMatched = false;
  for (const [i, { match, set = {}, skip }] of rules.entries()) {
    if (whole.skip !== 0 && machine.kind !== "node") break;
    const kinds = (match["kind"] ?? ["qemu", "lxc"]) as readonly string[];
    const names = Object.keys(match);
    for (const { row, nic, address } of rowsOf(machine)) {
      if (!kinds.includes(machine.kind)) continue;
      if (!names.every((name) => name === "kind" || holds(name, match[name], row))) continue;
      isMatched = true;
      const things = [
        whole,
        nics[nic],
        addresses[nic]?.[address],
      ];
      if (skip !== undefined) {
        const level = names.some((name) => OF_ADDRESS.includes(name))
          ? 2
          : names.some((name) => OF_NIC.includes(name))
          ? 1
          : 0;
        const thing = things[level];
        if (thing !== undefined) thing.skip ||= i + 1;
      }
      for (const name of Object.keys(set)) {
        const level = ["vrf", "dns_name"].includes(name) ? 2 : name === "vlan_group" ? 1 : 0;
        const thing = things[level];
        // A template whose fact is absent sets nothing.
        const lacks = name === "dns_name" && isLacking(String(set[name]), machine);
        if (thing !== undefined && !lacks) thing.values[name] = i + 1;
      }
    }
  }
  return { isMatched, whole, nics, addresses };
}

function isLacking(template: string, { name, vmid }: MachineFacts): boolean {
  return (template.includes("{name}") && name === "") ||
    (template.includes("{vmid}") && vmid === undefined);
}

interface NumberedRow {
  readonly row: Row;
  /** -1: none. */
  readonly nic: number;
  readonly address: number;
}

function rowsOf(machine: MachineFacts): readonly NumberedRow[] {
  const { interfaces } = machine;
  const none = { nic: -1, address: -1 };
  if (interfaces.length === 0) {
    return [{ ...none, row: { machine, nic: undefined, address: undefined } }];
  }
  return interfaces.flatMap((nic, i): readonly NumberedRow[] =>
    nic.addresses.length === 0
      ? [{ ...none, row: { machine, nic, address: undefined }, nic: i }]
      : nic.addresses.map((address, j) => ({ row: { machine, nic, address }, nic: i, address: j }))
  );
}

function holds(name: string, condition: unknown, row: Row): boolean {
  const not = condition instanceof Object && "not" in condition;
  const asked = not ? condition.not : condition;
  const values = Array.isArray(asked) ? asked : [asked];
  return values.some((value) => factsOf(name, row).some((fact) => isSame(name, value, fact))) !==
    not;
}

function factsOf(name: string, { machine, nic, address }: Row): readonly unknown[] {
  if (name === "tag") return machine.tags.filter((tag) => tag !== "");
  if (OF_ADDRESS.includes(name)) return address === undefined ? [] : [address];
  const fact = OF_NIC.includes(name) ? nic?.[name as "bridge"] : machine[name as "name"];
  return fact === undefined || fact === "" ? [] : [fact];
}

function isSame(name: string, value: unknown, fact: unknown): boolean {
  if (name === "family") return (fact as Address).family === value;
  if (OF_ADDRESS.includes(name)) return isIn(String(value), fact as Address, name === "network");
  if (typeof fact === "number") {
    const [from, to = from] = String(value).split("-").map(Number);
    return fact >= (from ?? NaN) && fact <= (to ?? NaN);
  }
  const pattern = String(value).replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^(?:${pattern})$`, "su").test(String(fact));
}

function isIn(network: string, { family, host, prefixLength }: Address, isWhole: boolean): boolean {
  const type = family === 4 ? "ipv4" : "ipv6";
  const [base = "", length = family === 4 ? 32 : 128] = network.split("/");
  if (base.includes(":") !== (family === 6)) return false;
  const list = new BlockList();
  // BlockList does not take /0.
  if (Number(length) > 0) list.addSubnet(base, Number(length), type);
  return (Number(length) === 0 || list.check(host, type)) &&
    (!isWhole || prefixLength >= Number(length));
}
