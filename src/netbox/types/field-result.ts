/** What comparing a field with NetBox finds: a difference, extra values, or why it cannot be judged. */
import type { NetBoxObject, Reference } from "./object-type.ts";

/** A value that was sent, and the object that should have it. */
export interface SentValue<Value> {
  readonly field: string;
  readonly value: Value;
  readonly object: NetBoxObject;
  readonly resolve: Resolve;
}

/** Printed as they are, so they have no tag: only a difference has `netbox`, an unjudged one `reason`. */
export type FieldResult = Difference | Unjudged | ExtraValues;

/** null: nothing. */
export type Shown = string | number | boolean | null | readonly string[];

export interface Difference {
  /** "memory", "custom_fields.proxmox_vmid". */
  readonly field: string;
  readonly netbox: Shown;
  /** In the entity file. */
  readonly sent: Shown;
  /** What a push removes from a list that Diode replaces. */
  readonly lost?: readonly string[];
}

export interface Unjudged {
  /** undefined: the entity as a whole. */
  readonly field: string | undefined;
  readonly reason: UnjudgedReason;
  readonly sentence: string;
}

/** Values that a list in NetBox has beyond what was sent, where Diode adds and never removes. */
export interface ExtraValues {
  readonly field: string;
  readonly values: readonly string[];
}

/** Why something could not be judged: a closed list. */
export const UNJUDGED_REASONS = {
  "denied": "The token may not view objects of this type",
  "refused": "NetBox refused the request",
  "ambiguous": "Several objects in NetBox match equally well",
  "no-custom-field": "NetBox has no custom field of this name for objects of this type",
  "no-field": "This release of NetBox does not show such a field",
  "unknown-field": "The entity has an unknown field",
} as const;

export type UnjudgedReason = keyof typeof UNJUDGED_REASONS;

/** The result of looking for one object. A field is unjudged where the lookup that it needs is unclear. */
export type Lookup =
  | { readonly state: "found"; readonly object: NetBoxObject }
  | { readonly state: "missing" }
  | Unclear;

export interface Unclear {
  readonly state: "unclear";
  readonly reason: UnjudgedReason;
  readonly sentence: string;
  /** When it is ambiguous: the objects that match, by id. */
  readonly objects?: readonly NetBoxObject[];
}

/** What stubs refer to, looked up before. */
export type Resolve = (reference: Reference) => Lookup;

/** A field that cannot be judged because another object is unclear. */
export function unjudgedField({ reason, sentence }: Unclear, field?: string): Unjudged {
  return { field, reason, sentence };
}

export function idOf(found: Lookup): number | undefined {
  return found.state === "found" ? found.object.id : undefined;
}

/** Two objects may have one name. */
export function withId(name: string, id: unknown): string {
  return id === undefined ? name : `${name} (id ${id})`;
}
