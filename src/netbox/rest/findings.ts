/** What can come of a comparison: of an object that is looked for, of a field, of an entity. */
import type { StepName } from "../types/order.ts";
import type { NetBoxObject } from "./client.ts";

/** Why something could not be judged: a closed list. */
export const UNJUDGED = {
  "denied": "The token may not view objects of this type",
  "refused": "NetBox does not answer the question",
  "ambiguous": "Several objects of NetBox fit, and none better than the others",
  "no-custom-field": "NetBox has no such custom field for objects of this type",
  "no-field": "This release of NetBox does not show such a field",
  "unknown-field": "The entity has a field that this program does not know",
} as const;

export type UnjudgedReason = keyof typeof UNJUDGED;

export interface Unclear {
  readonly state: "unclear";
  readonly reason: UnjudgedReason;
  readonly sentence: string;
}

/** What became of looking for one object. */
export type Found =
  | { readonly state: "found"; readonly object: NetBoxObject }
  | { readonly state: "missing" }
  | Unclear;

export type Shown = string | number | boolean | null | readonly string[];

export interface Difference {
  /** "memory", "custom_fields.proxmox_vmid". */
  readonly field: string;
  /** null: nothing. */
  readonly netbox: Shown;
  /** In the entity file. */
  readonly sent: Shown;
  /** Of a list that Diode replaces: what a push removes from it. */
  readonly lost?: readonly string[];
}

export interface Unjudged {
  /** undefined: the entity as a whole. */
  readonly field: string | undefined;
  readonly reason: UnjudgedReason;
  readonly sentence: string;
}

/** A field that cannot be judged before another object is found. */
export function unjudged({ reason, sentence }: Unclear, field?: string): Unjudged {
  return { field, reason, sentence };
}

/** What a list in NetBox has and the entity file has not, where Diode adds and never removes. */
export interface More {
  readonly field: string;
  readonly values: readonly string[];
}

/** An entity held against NetBox. What differs is told first: a verdict is the worst of its fields'. */
export interface Judged {
  readonly step: StepName;
  /** As people call it: "web-01/net0". */
  readonly entity: string;
  readonly verdict: Verdict;
  /** Where NetBox shows it, once it was found. */
  readonly url: string | undefined;
  readonly differences: readonly Difference[];
  readonly unjudged: readonly Unjudged[];
  readonly more: readonly More[];
}

export const VERDICTS = ["equal", "different", "missing", "unjudged"] as const;
export type Verdict = (typeof VERDICTS)[number];
