/** How the objects of a NetBox model differ between two times, also by what people changed. */
import { SURVEYED, type SurveyedName } from "../../src/netbox/types/surveyed.ts";
import type { ModelNetBox, Shown } from "./applied.ts";

interface ShownObject {
  readonly label: string;
  /** Field → its value as JSON. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Id → object. Ids are unique over all types. */
export type ShownObjects = ReadonlyMap<number, ShownObject>;

export function objectsIn(model: ModelNetBox): ShownObjects {
  const objects = SURVEYED.flatMap(({ name }) =>
    model.all(name).map((row) => [row.id, { label: labelOf(name, row), fields: fieldsOf(row) }])
  );
  return new Map(objects as [number, ShownObject][]);
}

/** "virtual-machine web-01: memory, tags", "new tag prod", "no tag prod"; sorted. */
export function changesIn(before: ShownObjects, after: ShownObjects): readonly string[] {
  const gone = [...before].filter(([id]) => !after.has(id)).map(([, { label }]) => `no ${label}`);
  const others = [...after].flatMap(([id, { label, fields }]) => {
    const old = before.get(id)?.fields;
    if (old === undefined) return [`new ${label}`];
    const names = new Set([...Object.keys(old), ...Object.keys(fields)]);
    const changed = [...names].filter((name) => (old[name] ?? NONE) !== (fields[name] ?? NONE));
    return changed.length === 0 ? [] : [`${label}: ${changed.sort().join(", ")}`];
  });
  return [...gone, ...others].sort();
}

const NONE = "null";

/** "vm-interface web-01/net0", "ip-address 10.0.10.11/24" */
function labelOf(type: SurveyedName, row: Shown): string {
  const owner = (row["virtual_machine"] ?? row["device"]) as { readonly name?: string } | undefined;
  const name = row["name"] ?? row["address"] ?? row["prefix"] ?? row["model"] ?? row["vid"];
  return `${type} ${owner?.name === undefined ? "" : `${owner.name}/`}${String(name)}`;
}

function fieldsOf(row: Shown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(row).map(([field, value]) => [field, JSON.stringify(withoutNames(value))]),
  );
}

/** Objects in others are their ids: a new name is a change of one object. */
function withoutNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNames);
  if (typeof value !== "object" || value === null) return value;
  if ("id" in value) return value.id;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, withoutNames(part)]),
  );
}
