/** What NetBox has of an entity: the object, and the value of each field in words. */
import type { EntityFields } from "../../netbox/types/fields.ts";
import { type NetBoxObject, partOf, textOf } from "../../netbox/types/object-type.ts";
import { ENTITY_TYPES } from "../../netbox/types/order.ts";
import type { TargetFolder } from "../../run-folder/target-files.ts";
import type { Made } from "../../transform/transform.ts";
import type { ObjectInNetBox } from "./explanation.ts";

/** null: NetBox does not have it. undefined: there is no target. */
export function objectInNetBox(
  { step, found }: Made,
  target: TargetFolder | undefined,
): ObjectInNetBox | null | undefined {
  if (target === undefined) return undefined;
  if (found === undefined) return null;
  const { id } = found.object;
  return { id, url: `${target.manifest.netbox.url}/${ENTITY_TYPES[step].path}/${id}/` };
}

/** "10gbase-x-sfpp"; undefined if NetBox does not have the object, or the field is empty. */
export function valueInNetBox({ step, found }: Made, field: string): string | undefined {
  if (found === undefined) return undefined;
  const [name = "", key] = field.split(".");
  const fields: EntityFields = ENTITY_TYPES[step].fields;
  // The last key has the value, the one before it the type: `scope`.
  const shown = key === undefined
    ? partOf(found.object, fields[name]?.reads?.at(-1) ?? name)
    : partOf(found.object, name, key);
  return shownText(shown) || undefined;
}

/** TABLE: what names an object, or has the value of a choice. */
const NAMING_KEYS = [
  "value",
  "name",
  "model",
  "address",
  "prefix",
  "mac_address",
  "vid",
  "display",
];

function shownText(shown: unknown): string {
  if (Array.isArray(shown)) return shown.map(shownText).join(", ");
  if (typeof shown !== "object" || shown === null) return textOf(shown) ?? "";
  const { virtual_machine: machine, device = machine } = shown as NetBoxObject;
  const key = NAMING_KEYS.find((each) => textOf(partOf(shown, each)) !== null);
  const own = key === undefined ? "" : String(partOf(shown, key));
  return device === undefined ? own : `${shownText(device)}/${own}`;
}
