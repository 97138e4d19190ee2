/** How an entity is written when NetBox has the object: its key as NetBox has it, then the fields that are ours. */
import type { Found } from "../../netbox/objects.ts";
import { type EntityFields } from "../../netbox/types/fields.ts";
import type { NetBoxObject } from "../../netbox/types/object-type.ts";
import { ENTITY_TYPES } from "../../netbox/types/order.ts";
import type { StepName } from "../../netbox/types/steps.ts";
import type { Owner, Row } from "../mapping/table.ts";
import { TABLES } from "../mapping/tables.ts";
import { listAt } from "./target.ts";

/** Field → who owns it. */
export function ownersOf(step: StepName): Readonly<Record<string, Row<never, unknown>>> {
  return TABLES[step];
}

/** `ruled`: fields that rules set. What they say wins over what NetBox has, unless Diode finds the object by it. */
export function respect(
  { step, ruled }: { readonly step: StepName; readonly ruled: ReadonlySet<string> },
  entity: object,
  { object, stub }: Found,
): object {
  const rows = ownersOf(step);
  const kept: Record<string, unknown> = { ...stub };
  for (const [field, value] of Object.entries(entity)) {
    if (field in stub) continue;
    const owner: Owner = rows[field]?.owner ?? "proxmox";
    if (owner === "key") continue;
    const isFree = owner !== "first-writer" || ruled.has(field) || isEmpty(step, field, object);
    if (!isFree) continue;
    // Diode merges tags itself.
    const isMerged = owner === "union" && field !== "tags";
    kept[field] = isMerged ? union(listAt(object, field), value) : value;
  }
  return kept;
}

/** Is the field empty in NetBox? */
export function isEmpty(step: StepName, field: string, object: NetBoxObject): boolean {
  const fields: EntityFields = ENTITY_TYPES[step].fields;
  const [key = field] = fields[field]?.reads ?? [];
  const value = object[key] ?? "";
  return value === "" || (Array.isArray(value) && value.length === 0);
}

/** NetBox's first, so that its order stays. */
function union(netbox: readonly unknown[], value: unknown): unknown {
  return Array.isArray(value) ? [...new Set([...netbox, ...value])] : value;
}
