/** What a rule asks of a machine, its interfaces and their addresses. TABLE: the conditions. */
import {
  type Address,
  isInNetwork,
  type Network,
  parseNetwork,
  wordsOf,
} from "../../base/ip-address.ts";
import { allowedText } from "../../base/setting.ts";
import type { ScalarTree, Tree } from "../../base/tree.ts";
import { MAX_VLAN_ID } from "../../proxmox/values.ts";
import { type Faults, isNull, mappingEntry, scalarIn, unknownKey } from "./faults.ts";
import { compileGlob, type Glob } from "./glob.ts";

export const MACHINE_KINDS = ["qemu", "lxc", "node"] as const;
export type MachineKind = typeof MACHINE_KINDS[number];
export const GUEST_KINDS: readonly MachineKind[] = ["qemu", "lxc"];

/** What conditions are about, and values belong to; the later the more specific. */
export const LEVELS = ["machine", "interface", "address"] as const;
export type Level = typeof LEVELS[number];

/** What is known of a guest or a node. An empty text counts as absent. */
export interface MachineFacts {
  readonly kind: MachineKind;
  readonly name: string;
  readonly vmid?: number | undefined;
  readonly pool?: string | undefined;
  readonly tags: readonly string[];
  readonly node: string;
  readonly site: string;
  readonly status?: string | undefined;
  readonly platform?: string | undefined;
  readonly description?: string | undefined;
  /** The name that the guest itself has. */
  readonly hostname?: string | undefined;
  readonly interfaces: readonly InterfaceFacts[];
}

export interface InterfaceFacts {
  readonly bridge?: string | undefined;
  readonly vnet?: string | undefined;
  readonly vlan?: number | undefined;
  readonly model?: string | undefined;
  readonly addresses: readonly Address[];
}

/** How a condition is written. */
export type ConditionForm = "kind" | "text" | "number" | "network" | "family";

interface ConditionRow {
  readonly on: Level;
  /** Machines that have the fact. */
  readonly kinds: readonly MachineKind[];
  readonly form: ConditionForm;
  readonly help: string;
}

/** TABLE: the conditions. */
export const CONDITIONS = {
  kind: {
    on: "machine",
    kinds: MACHINE_KINDS,
    form: "kind",
    help: "Kind of machine; without this condition, a rule is for guests",
  },
  vmid: { on: "machine", kinds: GUEST_KINDS, form: "number", help: "VMID" },
  name: { on: "machine", kinds: MACHINE_KINDS, form: "text", help: "Name in Proxmox VE" },
  pool: { on: "machine", kinds: GUEST_KINDS, form: "text", help: "Resource pool" },
  tag: { on: "machine", kinds: GUEST_KINDS, form: "text", help: "Any of its tags in Proxmox VE" },
  node: {
    on: "machine",
    kinds: MACHINE_KINDS,
    form: "text",
    help: "Node that the guest is on; of a node, its own name",
  },
  site: { on: "machine", kinds: MACHINE_KINDS, form: "text", help: "NetBox site of the node" },
  status: {
    on: "machine",
    kinds: MACHINE_KINDS,
    form: "text",
    help: "Status in Proxmox VE, such as running, stopped or online",
  },
  platform: {
    on: "machine",
    kinds: GUEST_KINDS,
    form: "text",
    help: "Platform that NetBox would get without rules",
  },
  description: {
    on: "machine",
    kinds: GUEST_KINDS,
    form: "text",
    help: "Notes in Proxmox VE, the whole text",
  },
  bridge: { on: "interface", kinds: MACHINE_KINDS, form: "text", help: "Bridge, or VNet of SDN" },
  vnet: { on: "interface", kinds: GUEST_KINDS, form: "text", help: "VNet of SDN" },
  vlan: { on: "interface", kinds: MACHINE_KINDS, form: "number", help: "VLAN ID (untagged)" },
  model: {
    on: "interface",
    kinds: GUEST_KINDS,
    form: "text",
    help: "Model of the NIC, such as virtio",
  },
  address: {
    on: "address",
    kinds: MACHINE_KINDS,
    form: "network",
    help: "The address is in this network, or equal to this address",
  },
  network: {
    on: "address",
    kinds: MACHINE_KINDS,
    form: "network",
    help: "The whole network of the address is in this network",
  },
  family: { on: "address", kinds: MACHINE_KINDS, form: "family", help: "IP version" },
} as const satisfies Readonly<Record<string, ConditionRow>>;

export type ConditionName = keyof typeof CONDITIONS;

/** TABLE: how a condition is written, for people. */
export const CONDITION_FORMS: Readonly<Record<ConditionForm, string>> = {
  kind: allowedText({ allowed: MACHINE_KINDS }),
  text: "a text (wildcards `*`, `?`)",
  number: "a whole number, or a range such as 9000-9999",
  network: "a network such as 10.0.0.0/8, or an address",
  family: "4 or 6",
};

/** One value that a condition allows. */
export type Pattern =
  | { readonly kind: "glob"; readonly glob: Glob }
  | { readonly kind: "range"; readonly from: number; readonly to: number }
  | { readonly kind: "network"; readonly network: Network };

export interface Condition {
  readonly name: ConditionName;
  readonly on: Level;
  /** `not:` around the value: none of the patterns. */
  readonly isNegated: boolean;
  readonly patterns: readonly Pattern[];
}

/** An address with its number, which many rules compare. */
export interface AddressFact {
  readonly address: Address;
  readonly words: readonly number[];
}

export function addressFact(address: Address): AddressFact {
  return { address, words: wordsOf(address.host) ?? [] };
}

/** Does the condition hold for the machine? Absent facts match only `not`. */
export function holdsForMachine(condition: Condition, machine: MachineFacts): boolean {
  const fact = machineFact(condition.name, machine);
  const isMatch = typeof fact === "object"
    ? fact.some((each) => matchesAny(condition, each))
    : matchesAny(condition, fact);
  return isMatch !== condition.isNegated;
}

/** The value, or the list of values, that a condition on the machine is about. */
export function machineFact(
  name: ConditionName,
  machine: MachineFacts,
): string | number | readonly string[] | undefined {
  return name === "tag" ? machine.tags : machine[name as "name"];
}

export function holdsForInterface(condition: Condition, nic: InterfaceFacts): boolean {
  return matchesAny(condition, nic[condition.name as "bridge"]) !== condition.isNegated;
}

export function holdsForAddress(condition: Condition, fact: AddressFact): boolean {
  const { name, patterns, isNegated } = condition;
  for (const pattern of patterns) {
    if (matchesAddress(name, pattern, fact)) return !isNegated;
  }
  return isNegated;
}

function matchesAddress(
  name: ConditionName,
  pattern: Pattern,
  { address, words }: AddressFact,
): boolean {
  if (pattern.kind === "range") return address.family === pattern.from;
  if (pattern.kind !== "network") return false;
  const { network } = pattern;
  const isWhole = name !== "network" || address.prefixLength >= network.prefixLength;
  return isWhole && isInNetwork(words, network);
}

function matchesAny({ patterns }: Condition, fact: string | number | undefined): boolean {
  if (fact === undefined || fact === "") return false;
  for (const pattern of patterns) {
    if (pattern.kind === "glob" && typeof fact === "string" && pattern.glob.matches(fact)) {
      return true;
    }
    if (pattern.kind === "range" && Number(fact) >= pattern.from && Number(fact) <= pattern.to) {
      return true;
    }
  }
  return false;
}

/** The conditions of `match:`; what is wrong is added to the faults. */
export function readConditions(match: Tree, faults: Faults): readonly Condition[] {
  if (match.kind !== "mapping" || match.entries.length === 0) {
    faults.add(match, '"match" must be a mapping of one condition or more');
    return [];
  }
  return match.entries.flatMap(([key, value]) => {
    const name = key.text as ConditionName;
    if (!Object.hasOwn(CONDITIONS, name)) {
      faults.add(key, unknownKey("condition", key.text, Object.keys(CONDITIONS)));
      return [];
    }
    const not = mappingEntry(value, "not");
    if (value.kind === "mapping" && (not === undefined || value.entries.length > 1)) {
      faults.add(value, `the condition "${name}" allows a value, a list of values or { not: … }`);
      return [];
    }
    const patterns = readPatterns(name, not ?? value, faults);
    return [{ name, on: CONDITIONS[name].on, isNegated: not !== undefined, patterns }];
  });
}

function readPatterns(name: ConditionName, value: Tree, faults: Faults): readonly Pattern[] {
  const items = value.kind === "list" ? value.items : [value];
  if (items.length === 0) faults.add(value, `the condition "${name}" has an empty list`);
  return items.flatMap((item) => {
    const scalar = scalarIn(item);
    const pattern = scalar && readPattern(name, scalar);
    if (typeof pattern === "object") return [pattern];
    const { form } = CONDITIONS[name];
    const shown = scalar === undefined ? "a list or a mapping" : `"${scalar.text}"`;
    const meant = pattern === undefined ? "" : `: did you mean "${pattern}"?`;
    faults.add(
      item,
      `the condition "${name}" must be ${
        CONDITION_FORMS[form].replaceAll("`", "")
      }, not ${shown}${meant}`,
    );
    return [];
  });
}

/** undefined: not allowed; a text: what may be meant. */
function readPattern(name: ConditionName, scalar: ScalarTree): Pattern | string | undefined {
  const { text } = scalar;
  if (text === "" || isNull(scalar)) return undefined;
  switch (CONDITIONS[name].form) {
    case "kind":
      return MACHINE_KINDS.some((kind) => kind === text) ? globPattern(text) : undefined;
    case "text":
      return globPattern(text);
    case "number":
      return rangePattern(text, name === "vlan" ? MAX_VLAN_ID : undefined);
    case "family":
      return text === "4" || text === "6" ? rangePattern(text) : undefined;
    case "network":
      return networkPattern(text);
  }
}

function globPattern(text: string): Pattern {
  return { kind: "glob", glob: compileGlob(text) };
}

const RANGE_REGEXP = /^(\d{1,9})(?:\s*-\s*(\d{1,9}))?$/;

function rangePattern(text: string, most = Number.MAX_SAFE_INTEGER): Pattern | undefined {
  const [, first, last = first] = RANGE_REGEXP.exec(text) ?? [];
  if (first === undefined || Number(last) < Number(first)) return undefined;
  if (Number(last) > most) return undefined;
  return { kind: "range", from: Number(first), to: Number(last) };
}

function networkPattern(text: string): Pattern | string | undefined {
  try {
    const network = parseNetwork(text);
    return network && { kind: "network", network };
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

/** The kinds of machine that a rule is for. */
export function kindsOf(conditions: readonly Condition[]): readonly MachineKind[] {
  const asked = conditions.find(({ name }) => name === "kind");
  if (asked === undefined) return GUEST_KINDS;
  return MACHINE_KINDS.filter((kind) => matchesAny(asked, kind) !== asked.isNegated);
}
