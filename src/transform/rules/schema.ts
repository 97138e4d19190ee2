/** A JSON Schema of policy files, for editors, from the tables of settings, conditions and values. */
import { allowedText, type SettingRow, type SettingTable, SWITCH } from "../../base/setting.ts";
import { VIRTUAL_MACHINE_STATUSES } from "../../netbox/types/virtual-machine.ts";
import { MAX_DESCRIPTION, MAX_LONG_NAME } from "../../netbox/names.ts";
import {
  CONDITION_FORMS,
  type ConditionForm,
  CONDITIONS,
  MACHINE_KINDS,
  type MachineKind,
} from "./conditions.ts";
import { FACT_WORDS, type FactForm, FACTS } from "./policy-tests.ts";
import { VALUE_FORMS, type ValueForm, VALUES } from "./values.ts";

/** JSON Schema, draft 2020-12. */
type Schema = Readonly<Record<string, unknown>>;

/** YAML reads a plain `0012` or `true` as more than a text. */
const TEXT = { type: ["string", "number", "boolean"], minLength: 1 };
const ADDRESS = "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$";

/** TABLE: form of a condition → one value of it. */
const CONDITION_SCHEMAS: Readonly<Record<ConditionForm, Schema>> = {
  kind: { enum: MACHINE_KINDS },
  text: TEXT,
  number: {
    type: ["integer", "string"],
    minimum: 0,
    pattern: "^[0-9]{1,9}(\\s*-\\s*[0-9]{1,9})?$",
  },
  network: { type: "string", pattern: ADDRESS },
  family: { enum: [4, 6, "4", "6"] },
};

/** TABLE: form of a value → its schema. */
const VALUE_SCHEMAS: Readonly<Record<ValueForm, Schema>> = {
  name: { ...TEXT, maxLength: MAX_LONG_NAME },
  names: oneOrMore({ ...TEXT, maxLength: MAX_LONG_NAME }),
  status: { enum: VIRTUAL_MACHINE_STATUSES },
  text: TEXT,
  template: { ...TEXT, maxLength: MAX_DESCRIPTION },
  dns: TEXT,
  fields: {
    type: "object",
    minProperties: 1,
    propertyNames: { pattern: "^[A-Za-z0-9_]{1,50}$" },
    additionalProperties: oneOrMore(TEXT),
  },
};

/** TABLE: form of a fact → its schema. */
const FACT_SCHEMAS: Readonly<Record<FactForm, Schema>> = {
  kind: { enum: ["qemu", "lxc"] },
  text: { type: ["string", "number", "boolean", "null"] },
  texts: oneOrMore(TEXT),
  number: { type: "integer", minimum: 0 },
  addresses: oneOrMore({ type: "string", pattern: ADDRESS }),
};

/** `stages`: the settings of each, all of which a policy file may have. */
export function policySchema(stages: readonly SettingTable[]): Schema {
  const settings = stages.flatMap((table) => Object.entries<SettingRow>(table))
    .filter(([name, row]) => name !== "nodes" && row.inFile === undefined);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Policy file of proxmox-diode",
    ...closed({
      config: orNothing(
        closed(Object.fromEntries(settings.map(([name, row]) => [name, settingSchema(row)]))),
        "Settings of any stage",
      ),
      scope: orNothing(
        closed({
          nodes: {
            description: "The nodes to capture and transform, or * for all",
            ...oneOrMore({ type: ["string", "null"] }, 0),
          },
        }),
        "What is captured and transformed",
      ),
      rules: orNothing(
        { type: "array", items: { $ref: "#/$defs/rule" } },
        "Rules apply in order, a later one overrides",
      ),
      tests: orNothing(
        { type: "array", items: { $ref: "#/$defs/test" } },
        "Tests of the rules, for transform --check",
      ),
    }),
    $defs: {
      ...named("condition", CONDITION_SCHEMAS),
      ...named("value", VALUE_SCHEMAS),
      rule: ruleSchema(),
      test: testSchema(),
    },
  };
}

function settingSchema(row: SettingRow): Schema {
  const description = `${row.help}: ${allowedText(row)}`;
  if (row.allowed === SWITCH.allowed) {
    return { description, type: ["boolean", "string", "number", "null"] };
  }
  if (typeof row.allowed === "string") {
    return { description, type: ["string", "number", "boolean", "null"] };
  }
  // A word may be a number.
  const numbers = row.allowed.filter((word) => String(Number(word)) === word).map(Number);
  return { description, enum: [...row.allowed, ...numbers, null] };
}

function ruleSchema(): Schema {
  const conditions = Object.entries(CONDITIONS).map(([name, { form, help }]) => {
    const values = oneOrMore({ $ref: `#/$defs/condition-${form}` });
    const not = { type: "object", required: ["not"], ...closed({ not: values }) };
    const description = `${help}: ${CONDITION_FORMS[form].replaceAll("`", "")}`;
    return [name, { description, anyOf: [values, not] }];
  });
  const match = { minProperties: 1, ...closed(Object.fromEntries(conditions)) };
  const set = { minProperties: 1, ...closed(valueSchemas(({ form }) => refTo(form))) };
  const ofNodes = Object.entries(VALUES).filter(([, { kinds }]) => !isFor(kinds, "qemu"))
    .map(([name]) => name);
  return {
    ...closed({
      match: { description: "All of these conditions must hold", ...match },
      set: { description: "Values of what matches", ...set },
      skip: {
        description: "Leave out what matches, for this reason",
        type: "string",
        minLength: 1,
      },
    }),
    required: ["match"],
    oneOf: [{ required: ["set"] }, { required: ["skip"] }],
    if: {
      required: ["set"],
      properties: { set: { anyOf: ofNodes.map((name) => ({ required: [name] })) } },
    },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: { properties: { match: { required: ["kind"] } } },
  };
}

function testSchema(): Schema {
  const factsOf = (kind: MachineKind): Schema =>
    closed(Object.fromEntries(
      Object.entries(FACTS)
        .filter(([name, { kinds }]) => isFor(kinds, kind) && (kind !== "node" || name !== "kind"))
        .map((
          [name, { form }],
        ) => [name, { description: FACT_WORDS[form], ...FACT_SCHEMAS[form] }]),
    ));
  const nothing = { type: "null" };
  const expected = closed({
    ...valueSchemas(({ form }) =>
      form === "fields"
        ? { type: ["object", "null"], additionalProperties: { anyOf: [oneOrMore(TEXT), nothing] } }
        : { anyOf: [refTo(form), nothing] }
    ),
    skip: { description: "The reason of the rule that leaves it out", type: ["string", "null"] },
  });
  return {
    ...closed({
      guest: { description: "Facts of a guest", ...factsOf("qemu") },
      node: { description: "Facts of a node", ...factsOf("node") },
      expect: {
        description: "What the rules decide; null: no rule sets it",
        minProperties: 1,
        ...expected,
      },
    }),
    required: ["expect"],
    oneOf: [{ required: ["guest"] }, { required: ["node"] }],
  };
}

function valueSchemas(
  schemaOf: (row: { readonly form: ValueForm }) => Schema,
): Readonly<Record<string, Schema>> {
  return Object.fromEntries(
    Object.entries(VALUES).map(([name, row]) => {
      return [name, { description: `${row.help}: ${VALUE_FORMS[row.form]}`, ...schemaOf(row) }];
    }),
  );
}

function refTo(form: ValueForm): Schema {
  return { $ref: `#/$defs/value-${form}` };
}

function isFor(kinds: readonly MachineKind[], kind: MachineKind): boolean {
  return kinds.includes(kind);
}

/** One value, or a list. */
function oneOrMore(value: Schema, minItems = 1): Schema {
  return { anyOf: [value, { type: "array", minItems, items: value }] };
}

/** A part of the file, which may be empty. */
function orNothing(schema: Schema, description: string): Schema {
  return { description, anyOf: [schema, { type: "null" }] };
}

function closed(properties: Readonly<Record<string, unknown>>): Schema {
  return { type: "object", properties, additionalProperties: false };
}

function named(what: string, schemas: Readonly<Record<string, Schema>>): Schema {
  return Object.fromEntries(
    Object.entries(schemas).map(([form, schema]) => [`${what}-${form}`, schema]),
  );
}
