/** What a rule sets. TABLE: the values. */
import { allowedText } from "../../base/setting.ts";
import { jsonOfTree, type ListTree, type ScalarTree, type Tree } from "../../base/tree.ts";
import {
  cutName,
  isLonger,
  isOwnCustomField,
  MAX_DESCRIPTION,
  MAX_LONG_NAME,
} from "../../netbox/names.ts";
import { VIRTUAL_MACHINE_STATUSES } from "../../netbox/types/virtual-machine.ts";
import { cleanText } from "../../proxmox/values.ts";
import {
  GUEST_KINDS,
  type Level,
  MACHINE_KINDS,
  type MachineFacts,
  type MachineKind,
} from "./conditions.ts";
import { type Faults, isNull, unknownKey } from "./faults.ts";

/** How a value is written. */
export type ValueForm = "name" | "names" | "status" | "text" | "template" | "dns" | "fields";

interface ValueRow {
  readonly on: Level;
  /** Machines that can have it. */
  readonly kinds: readonly MachineKind[];
  readonly form: ValueForm;
  readonly help: string;
}

const NODE_KINDS: readonly MachineKind[] = ["node"];

/** TABLE: the values. */
export const VALUES = {
  tenant: { on: "machine", kinds: MACHINE_KINDS, form: "name", help: "Tenant" },
  role: { on: "machine", kinds: MACHINE_KINDS, form: "name", help: "Role" },
  status: { on: "machine", kinds: GUEST_KINDS, form: "status", help: "Status" },
  site: { on: "machine", kinds: MACHINE_KINDS, form: "name", help: "Site" },
  tags: {
    on: "machine",
    kinds: MACHINE_KINDS,
    form: "names",
    help: "Tags; those of several rules add up",
  },
  description: { on: "machine", kinds: MACHINE_KINDS, form: "template", help: "Description" },
  comments: { on: "machine", kinds: MACHINE_KINDS, form: "text", help: "Comments (Markdown)" },
  custom_fields: {
    on: "machine",
    kinds: MACHINE_KINDS,
    form: "fields",
    help: "Custom fields; those of several rules are merged by name",
  },
  platform: { on: "machine", kinds: GUEST_KINDS, form: "name", help: "Platform" },
  device_type: { on: "machine", kinds: NODE_KINDS, form: "name", help: "Device type" },
  manufacturer: {
    on: "machine",
    kinds: NODE_KINDS,
    form: "name",
    help: "Manufacturer of the device type",
  },
  vlan_group: {
    on: "interface",
    kinds: MACHINE_KINDS,
    form: "name",
    help: "VLAN group of the VLANs of the interface",
  },
  vrf: { on: "address", kinds: MACHINE_KINDS, form: "name", help: "VRF" },
  dns_name: { on: "address", kinds: MACHINE_KINDS, form: "dns", help: "DNS name" },
  prefix_role: {
    on: "address",
    kinds: NODE_KINDS,
    form: "name",
    help: "Role of the prefix of the address",
  },
} as const satisfies Readonly<Record<string, ValueRow>>;

export type ValueName = keyof typeof VALUES;

/** Values that are one text. */
export type TextValueName = Exclude<ValueName, "tags" | "custom_fields">;

/** Source: netbox ipam/models/ip.py. */
const MAX_DNS_NAME = 255;
const MAX_FIELD_NAME = 50;

/** TABLE: facts that a template may contain, and the machines that have them. */
export const PLACEHOLDERS = {
  name: MACHINE_KINDS,
  vmid: GUEST_KINDS,
  node: MACHINE_KINDS,
  pool: GUEST_KINDS,
  hostname: GUEST_KINDS,
} as const satisfies { readonly [Fact in keyof MachineFacts]?: readonly MachineKind[] };
type Placeholder = keyof typeof PLACEHOLDERS;

const SHOWN_PLACEHOLDERS = Object.keys(PLACEHOLDERS).map((fact) => `{${fact}}`).join(" ");

/** TABLE: how a value is written, for people. */
export const VALUE_FORMS: Readonly<Record<ValueForm, string>> = {
  name: `a text of at most ${MAX_LONG_NAME} characters`,
  names: `a list of texts of at most ${MAX_LONG_NAME} characters`,
  status: allowedText({ allowed: VIRTUAL_MACHINE_STATUSES }),
  text: `a text (it may contain ${SHOWN_PLACEHOLDERS})`,
  template:
    `a text of at most ${MAX_DESCRIPTION} characters (it may contain ${SHOWN_PLACEHOLDERS})`,
  dns: `a DNS name (it may contain ${SHOWN_PLACEHOLDERS})`,
  fields: "a mapping: name of the custom field → text, number, true, false or list of texts",
};

/** A custom field: a text, a whole number, a decimal, a switch, or a selection. */
export type CustomValue = string | number | boolean | readonly string[];

/** Literal texts, and facts in between. */
type Template = readonly (string | { readonly fact: Placeholder })[];

export type Assignment =
  | { readonly name: TextValueName; readonly template: Template }
  | { readonly name: "tags"; readonly texts: readonly string[] }
  | {
    readonly name: "custom_fields";
    readonly fields: readonly (readonly [string, CustomValue])[];
  };

/** The values of `set:` for a rule that is for these kinds of machine; what is wrong is added to the faults. */
export function readAssignments(
  set: Tree,
  kinds: readonly MachineKind[],
  faults: Faults,
): readonly Assignment[] {
  if (set.kind !== "mapping" || set.entries.length === 0) {
    faults.add(set, '"set" must be a mapping of one value or more');
    return [];
  }
  return set.entries.flatMap(([key, value]) => {
    const name = key.text as ValueName;
    if (!Object.hasOwn(VALUES, name)) {
      faults.add(key, unknownKey("value", key.text, Object.keys(VALUES)));
      return [];
    }
    checkKinds({ what: `the value "${name}"`, allowed: VALUES[name].kinds, kinds }, key, faults);
    const assignment = readAssignment(name, value, faults);
    if (assignment === undefined) return [];
    const absent = "template" in assignment &&
      assignment.template.find((part) =>
        typeof part === "object" && !kinds.some((kind) => isFactOf(part.fact, kind))
      );
    if (typeof absent === "object") {
      faults.add(value, `the value "${name}" sets nothing: a node has no "${absent.fact}"`);
    }
    return [assignment];
  });
}

function isFactOf(fact: Placeholder, kind: MachineKind): boolean {
  return (PLACEHOLDERS[fact] as readonly MachineKind[]).includes(kind);
}

/** Adds a fault if a rule is also for machines that cannot have something. */
export function checkKinds(
  { what, allowed, kinds }: {
    readonly what: string;
    readonly allowed: readonly MachineKind[];
    readonly kinds: readonly MachineKind[];
  },
  place: ScalarTree,
  faults: Faults,
): void {
  if (kinds.every((kind) => allowed.includes(kind))) return;
  const fix = allowed.length === 1 ? `kind: ${allowed[0]}` : `kind: [${allowed.join(", ")}]`;
  const lacking = kinds.filter((kind) => !allowed.includes(kind));
  faults.add(
    place,
    `${what} is not for ${allowedText({ allowed: lacking })}: add the condition "${fix}"`,
  );
}

function readAssignment(name: ValueName, value: Tree, faults: Faults): Assignment | undefined {
  const before = faults.count;
  if (name === "custom_fields") {
    const fields = readFields(value, faults);
    return faults.count === before ? { name, fields } : undefined;
  }
  const items = name === "tags" && value.kind === "list" ? value.items : [value];
  if (items.length === 0) faults.add(value, '"tags" is an empty list');
  for (const item of items) {
    const wrong = wrongText(name, item);
    if (wrong !== undefined) faults.add(item, `the value "${name}" ${wrong}`);
  }
  if (faults.count !== before) return undefined;
  const texts = items.map((item) => item.kind === "scalar" ? cleanText(item.text) : "");
  if (name === "tags") return { name, texts };
  return { name, template: isTemplate(name) ? templateOf(texts[0] ?? "") : [texts[0] ?? ""] };
}

function isTemplate(name: ValueName): boolean {
  return ["text", "template", "dns"].includes(VALUES[name].form);
}

/** Why the value cannot be such a text; undefined: it can. */
function wrongText(name: ValueName, value: Tree): string | undefined {
  const { form } = VALUES[name];
  if (value.kind !== "scalar") return `must be ${VALUE_FORMS[form]}`;
  const text = cleanText(value.text);
  if (text === "") return `is empty: it must be ${VALUE_FORMS[form]}`;
  if (isNull(value)) return `must be ${VALUE_FORMS[form]}, not null`;
  if (isTemplate(name)) {
    const unknown = placeholdersIn(text).find((fact) => !Object.hasOwn(PLACEHOLDERS, fact));
    if (unknown !== undefined) {
      return `has an ${unknownKey("placeholder", unknown, Object.keys(PLACEHOLDERS))}`;
    }
    if (form === "template" && isLonger(text, MAX_DESCRIPTION)) {
      return `must be ${VALUE_FORMS[form]}`;
    }
    // Whatever the facts are, the rest of the text must be right.
    return form === "dns" && !isDnsName(text.replace(PLACEHOLDER_REGEXP, "x"))
      ? `must be ${VALUE_FORMS[form]}, not "${text}"`
      : undefined;
  }
  if (form === "status") {
    return VIRTUAL_MACHINE_STATUSES.some((status) => status === text)
      ? undefined
      : `must be ${VALUE_FORMS[form]}, not "${text}"`;
  }
  return isLonger(text, MAX_LONG_NAME) ? `has more than ${MAX_LONG_NAME} characters` : undefined;
}

/** Source: netbox ipam/validators.py, DNSValidator. */
const DNS_NAME_REGEXP = /^(?:[0-9A-Za-z_-]+|\*)(?:\.[0-9A-Za-z_-]+)*\.?$/;

function isDnsName(text: string): boolean {
  return text.length <= MAX_DNS_NAME && DNS_NAME_REGEXP.test(text);
}

const PLACEHOLDER_REGEXP = /\{([A-Za-z_]+)\}/g;

function placeholdersIn(text: string): string[] {
  return [...text.matchAll(PLACEHOLDER_REGEXP)].map(([, fact = ""]) => fact);
}

/** "{name}.example.net" → [{ fact: "name" }, ".example.net"] */
function templateOf(text: string): Template {
  const parts = text.split(PLACEHOLDER_REGEXP);
  return parts.map((part, i) => i % 2 === 1 ? { fact: part as Placeholder } : part)
    .filter((part) => part !== "");
}

/** The same for all machines? */
export function isFixed(template: Template): boolean {
  return template.every((part) => typeof part === "string");
}

export type Expansion = { readonly text: string } | {
  /** What was made, and why NetBox would refuse it. */
  readonly refused: string;
  readonly reason: string;
};

/** The text for a machine; undefined if it has not all of the facts. */
export function expand(
  { name, template }: Extract<Assignment, { readonly name: TextValueName }>,
  machine: MachineFacts,
): Expansion | undefined {
  let text = "";
  for (const part of template) {
    const fact = typeof part === "string" ? part : machine[part.fact];
    if (fact === undefined || fact === "") return undefined;
    text += fact;
  }
  return fitted(name, text);
}

/** The text as NetBox has it. */
export function fitted(name: TextValueName, text: string): Expansion {
  if (VALUES[name].form === "template") return { text: cutName(text, MAX_DESCRIPTION, "…") };
  if (VALUES[name].form !== "dns") return { text };
  // NetBox stores it so. Source: netbox ipam/models/ip.py, IPAddress.save.
  return isDnsName(text)
    ? { text: text.toLowerCase() }
    : { refused: text, reason: "it is not a DNS name" };
}

/** Source: netbox extras/models/customfields.py, CustomField.name. */
const FIELD_NAME_REGEXP = /^(?!.*__)[A-Za-z0-9_]+$/;

function readFields(value: Tree, faults: Faults): readonly (readonly [string, CustomValue])[] {
  if (value.kind !== "mapping" || value.entries.length === 0) {
    faults.add(value, `the value "custom_fields" must be ${VALUE_FORMS.fields}`);
    return [];
  }
  return value.entries.flatMap(([key, item]) => {
    const name = key.text;
    if (!FIELD_NAME_REGEXP.test(name) || name.length > MAX_FIELD_NAME) {
      faults.add(
        key,
        `"${name}" is not a name of a custom field: letters, digits and single "_", at most ${MAX_FIELD_NAME}`,
      );
    } else if (isOwnCustomField(name)) {
      faults.add(key, `the custom field "${name}" is set from Proxmox VE, not by rules`);
    }
    const read = customValue(item);
    if (read !== undefined) return [[name, read] as const];
    faults.add(
      item,
      `the custom field "${name}" must be a text, a number, true, false or a list of texts`,
    );
    return [];
  });
}

/** undefined: not allowed. */
export function customValue(value: Tree): CustomValue | undefined {
  if (value.kind === "mapping" || isNull(value)) return undefined;
  return value.kind === "list" ? selection(value) : customScalar(value);
}

function selection({ items }: ListTree): readonly string[] | undefined {
  const texts = items.map((item) => item.kind === "scalar" ? cleanText(item.text) : "");
  return texts.length === 0 || texts.includes("") ? undefined : texts;
}

/** Source: yaml.org/spec/1.2.2, 10.3.2 (tag resolution of the core schema), decimal numbers alone. */
const NUMBER_REGEXP = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;

function customScalar({ text, isPlain }: ScalarTree): string | number | boolean | undefined {
  if (isPlain && /^(?:true|True|TRUE)$/.test(text)) return true;
  if (isPlain && /^(?:false|False|FALSE)$/.test(text)) return false;
  if (!isPlain || !NUMBER_REGEXP.test(text)) return cleanText(text) || undefined;
  const number = Number(text);
  const isExact = !Number.isInteger(number) || Number.isSafeInteger(number);
  return Number.isFinite(number) && isExact ? number : undefined;
}

/** The values as JSON, for a manifest; custom fields keep their types. */
export function writtenSet(set: Tree, assignments: readonly Assignment[]): unknown {
  const written = jsonOfTree(set) as Record<string, unknown>;
  const custom = assignments.find(({ name }) => name === "custom_fields");
  return custom?.name === "custom_fields"
    ? { ...written, custom_fields: Object.fromEntries(custom.fields) }
    : written;
}
