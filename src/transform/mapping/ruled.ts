/** Values of rules, in the form in which NetBox gets them. */
import type { CustomFields, CustomFieldValue } from "../../netbox/types/fields.ts";
import { int64 } from "../../netbox/types/shape.ts";
import type { Decided } from "../rules/match.ts";
import type { CustomValue } from "../rules/values.ts";
import type { Origin, RuledValues } from "../sources.ts";
import type { Row } from "./table.ts";

/** Values of rules that NetBox's fields call otherwise. */
const FIELDS: Readonly<Record<string, string>> = {
  manufacturer: "device_type",
  prefix_role: "role",
  vlan_group: "group",
};
const NONE: ReadonlySet<string> = new Set();

/** NetBox's fields that rules set. */
export function ruledFields(rules: RuledValues | undefined): ReadonlySet<string> {
  if (rules === undefined) return NONE;
  const set = Object.entries(rules).filter(([, value]) => value !== undefined);
  return new Set(set.map(([name]) => FIELDS[name] ?? name));
}

/** { name: "Database" } */
export function namedBy(decided: Decided<string> | undefined): { name: string } | undefined {
  return decided && { name: decided.value };
}

/** The row of the custom fields, with those of rules. A rule's value replaces ours. */
export function withRuled<Source extends Origin, Own extends object>(
  row: Row<Source, Own>,
): Row<Source, CustomFields> {
  return {
    kind: row.kind,
    how: row.how,
    reads: [...row.reads, "rule.custom_fields"],
    get(source, clearEmpty) {
      const own = row.get(source, clearEmpty) as CustomFields | undefined;
      const ruled = source.rules?.custom_fields;
      if (ruled === undefined || ruled.size === 0) return own;
      const added = [...ruled].map(([name, { value }]) => [name, customFieldValue(value)] as const);
      return { ...own, ...Object.fromEntries(added) };
    },
  };
}

/**
 * A text is also the value of a selection, a URL or a date: the plugin passes texts on as they are.
 * Source: diode-netbox-plugin, api/transformer.py, _prepare_custom_fields.
 */
export function customFieldValue(value: CustomValue): CustomFieldValue {
  switch (typeof value) {
    case "string":
      return { text: value };
    case "boolean":
      return { boolean: value };
    case "number":
      return Number.isInteger(value) ? { integer: int64(value) } : { decimal: value };
    default:
      return { multiple_selection: value };
  }
}
