/** One change of one field: whether an object needs it, and the request that makes it. */
import { type NetBoxObject, partOf } from "./object-type.ts";

export type PlainValue = string | number | boolean | null;

/** As plan.json has it. */
export interface ChangeOfField {
  readonly field: string;
  readonly from: PlainValue;
  readonly to: PlainValue;
}

const ASSIGNED = "assigned_object";
/** Fields with several values → how a member is named: tags by name, VLANs by id. */
const MEMBERS: Readonly<Record<string, "name" | "id">> = { tags: "name", tagged_vlans: "id" };

/** "name" → a text; "primary_ip4" → an id; "assigned_object" → "dcim.interface:12"; null: nothing. */
export function plainValue(object: NetBoxObject, field: string): PlainValue {
  if (field === ASSIGNED) {
    const { assigned_object_type: type, assigned_object_id: id } = object;
    return typeof type === "string" && typeof id === "number" ? `${type}:${id}` : null;
  }
  const value = object[field];
  return plain(partOf(value, "id") ?? partOf(value, "value") ?? value);
}

function plain(value: unknown): PlainValue {
  const isPlain = ["string", "number", "boolean"].includes(typeof value);
  return isPlain ? value as PlainValue : null;
}

function membersOf(object: NetBoxObject, field: string): readonly NetBoxObject[] {
  const value = object[field];
  return Array.isArray(value) ? value as readonly NetBoxObject[] : [];
}

/** `other`: the field has neither the value that it had nor the one that it is to get. */
export function changeState(
  object: NetBoxObject,
  { field, from, to }: ChangeOfField,
): "ready" | "done" | "other" {
  const key = MEMBERS[field];
  if (key === undefined) {
    const value = plainValue(object, field);
    return value === to ? "done" : value === from ? "ready" : "other";
  }
  const members = membersOf(object, field).map((member) => member[key]);
  if (from !== null && members.includes(from)) return "ready";
  return to === null || members.includes(to) ? "done" : from === null ? "ready" : "other";
}

/** The fields to send. Lists are sent whole. */
export function changedFields(
  object: NetBoxObject,
  { field, from, to }: ChangeOfField,
): Readonly<Record<string, unknown>> {
  if (field === ASSIGNED) {
    const [type = null, id] = typeof to === "string" ? to.split(":") : [];
    return {
      assigned_object_type: type,
      assigned_object_id: id === undefined ? null : Number(id),
    };
  }
  const key = MEMBERS[field];
  if (key === undefined) return { [field]: to };
  const kept = membersOf(object, field).filter((member) => member[key] !== from);
  const isNew = to !== null && !kept.some((member) => member[key] === to);
  return { [field]: [...kept.map(({ id }) => id), ...(isNew ? [newMember(key, to)] : [])] };
}

/** NetBox takes an id, or the fields that identify an object. */
function newMember(key: "name" | "id", value: PlainValue): unknown {
  return key === "id" ? value : { name: value };
}

/** The first path with another value than expected; "tags": names that are among those of the object. */
export function unexpectedPath(
  object: NetBoxObject,
  expected: Readonly<Record<string, PlainValue | readonly string[]>>,
): string | undefined {
  return Object.keys(expected).find((path) => {
    const value = expected[path];
    if (!Array.isArray(value)) return plain(partOf(object, ...path.split("."))) !== value;
    const names = membersOf(object, path).map(({ name }) => name);
    return !value.every((name) => names.includes(name));
  });
}
