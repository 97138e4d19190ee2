/** TABLES: tags and custom fields, one row per field. Source: NetBox, extras/api/serializers_/. */
import type { CustomField, Tag } from "../../types/schema.ts";
import type { FieldTable } from "./field.ts";
import { choice, replacedNames, text } from "./words.ts";

export const TAG_FIELDS: FieldTable<Tag> = {
  name: text("name"),
  slug: text("slug"),
  color: text("color"),
};

export const CUSTOM_FIELD_FIELDS: FieldTable<CustomField> = {
  name: text("name"),
  type: choice("type"),
  label: text("label"),
  description: text("description"),
  object_types: replacedNames("object_types"),
};
