/** Tags and custom fields: every field of each message of NetBox's app `extras`. */
import type { NotSent } from "./refs.ts";

export interface Tag {
  name: string;
  slug?: string;
  color?: string;
  description?: NotSent;
  weight?: NotSent;
  object_types?: NotSent;
  metadata?: NotSent;
}

export interface CustomField {
  name: string;
  type: "text" | "integer";
  label: string;
  description: string;
  object_types: readonly string[];
  related_object_type?: NotSent;
  group_name?: NotSent;
  required?: NotSent;
  unique?: NotSent;
  search_weight?: NotSent;
  filter_logic?: NotSent;
  ui_visible?: NotSent;
  ui_editable?: NotSent;
  is_cloneable?: NotSent;
  default?: NotSent;
  related_object_filter?: NotSent;
  weight?: NotSent;
  nulls_first?: NotSent;
  validation_minimum?: NotSent;
  validation_maximum?: NotSent;
  validation_regex?: NotSent;
  validation_schema?: NotSent;
  choice_set?: NotSent;
  comments?: NotSent;
  metadata?: NotSent;
  owner?: NotSent;
}
