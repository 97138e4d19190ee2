/** extras.CustomField: fields of machines, disks and devices that NetBox itself does not have. */
import { choiceField, replacedTexts, textField } from "./fields.ts";
import { BY_NAME, hasName, type Named } from "./object-type.ts";
import { type EntityType } from "./entity-type.ts";
import { type ObjectOf } from "./shape.ts";

const FIELDS = {
  name: textField(),
  type: choiceField("text", "integer"),
  label: textField(),
  description: textField(),
  object_types: replacedTexts(),
};
export type CustomField = ObjectOf<typeof FIELDS>;

export const NETBOX_CUSTOM_FIELD = {
  model: "CustomField",
  path: "extras/custom-fields",
  plural: "custom fields",
  fields: FIELDS,
  key: ({ name }) => name,
  label: ({ name }) => name,
  sortedBy: ({ name }: Named) => [name],
  reads: ["name"],
  filters: [BY_NAME],
  is: hasName,
} satisfies EntityType<Named>;
