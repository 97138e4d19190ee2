/** extras.CustomField: fields of machines, disks and devices that NetBox itself does not have. */
import { choiceField, replacedTexts, textField } from "./fields.ts";
import { NAMED, type Named } from "./object-type.ts";
import { type EntityType } from "./entity-type.ts";
import { type ObjectOf, optional } from "./shape.ts";

const FIELDS = {
  name: textField(),
  type: choiceField("text", "integer"),
  label: optional(textField()),
  description: optional(textField()),
  object_types: replacedTexts(),
};
export type CustomField = ObjectOf<typeof FIELDS>;

export const NETBOX_CUSTOM_FIELD = {
  model: "CustomField",
  path: "extras/custom-fields",
  plural: "custom fields",
  fields: FIELDS,
  ...NAMED,
  sortedBy: ({ name }: Named) => [name],
  reads: ["name", "required", "default"],
} satisfies EntityType<Named>;
