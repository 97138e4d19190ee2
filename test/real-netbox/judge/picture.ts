/** All objects of a NetBox with all of their fields, to compare two moments. */
import { SURVEYED, type SurveyedName } from "../../../src/netbox/types/surveyed.ts";
import type { NetBox } from "../server/netbox.ts";
import { listAll, type Row } from "../server/rest.ts";

/** Types that no survey reads: of parts that `transform` must not touch, or makes along with others. */
const MORE_PATHS = {
  "mac-address": "dcim/mac-addresses",
  "rack": "dcim/racks",
  "choice-set": "extras/custom-field-choice-sets",
} as const;

export type TypeName = SurveyedName | keyof typeof MORE_PATHS;

/** Type → id → object. */
export type Picture = ReadonlyMap<TypeName, ReadonlyMap<number, Row>>;

/** TABLE: type → where NetBox lists its objects. */
export const PATHS = new Map<TypeName, string>([
  ...SURVEYED.map(({ name, type }): [TypeName, string] => [name, type.path]),
  ...Object.entries(MORE_PATHS) as [TypeName, string][],
]);

export async function pictureOf(netbox: NetBox): Promise<Picture> {
  const picture = new Map<TypeName, ReadonlyMap<number, Row>>();
  for (const [name, path] of PATHS) {
    const rows = await listAll(netbox, path);
    picture.set(name, new Map(rows.map((row) => [row.id, row])));
  }
  return picture;
}

/** Computed by NetBox, or changed by every write. */
const COMPUTED =
  /^(?:id|url|display|display_url|created|last_updated|config_context|children|_depth|\w+_count|count_\w+|tagged_items|allocated_\w+)$/;

/** The fields of an object, each as a text that is equal if the field is; custom fields one by one. */
export function fieldsOf(row: Row): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [key, value] of Object.entries(row)) {
    if (key === "custom_fields") {
      for (const [name, own] of Object.entries((value ?? {}) as object)) {
        fields.set(`custom_fields.${name}`, textOf(own));
      }
    } else if (!COMPUTED.test(key)) fields.set(key, textOf(value));
  }
  return fields;
}

const LABEL_KEYS = ["prefix", "address", "vid", "model", "name", "mac_address", "group_id"];

/** "device pve1", "virtual-disk web1/scsi0", "vlan 10", "ip-address 10.0.0.1/24". */
export function labelOf(type: TypeName, row: Row): string {
  const owner = part(row["virtual_machine"], "name") ?? part(row["device"], "name");
  const own = LABEL_KEYS.map((key) => row[key]).find((value) => (value ?? "") !== "");
  return `${type} ${owner === undefined ? "" : `${owner}/`}${own}`;
}

export function part(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

/** What a list of names or of nested objects has, in any order. */
export function itemsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(textOf).sort() : [];
}

/** A nested object is its id, and a choice its value: their other keys are not fields of this object. */
function textOf(value: unknown): string {
  if (value === null || value === undefined || value === "") return "";
  if (Array.isArray(value)) return itemsOf(value).join(", ");
  if (typeof value !== "object") return String(value);
  const id = part(value, "id");
  if (typeof id === "number") return `#${id}`;
  if ("value" in value && "label" in value) return textOf(value.value);
  return JSON.stringify(value);
}
