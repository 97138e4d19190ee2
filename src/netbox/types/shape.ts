/**
 * Shapes: what a value in an entity file may be, as data. The TypeScript types of the entities are
 * derived from them, and run-folder/shapes.ts checks files against them.
 */

/** A 64-bit integer as protobuf JSON writes it: "4096". */
export type Int64 = `${bigint}`;

/** Clears a relation in NetBox. Source: diode-netbox-plugin, api/transformer.py. */
export type Empty = Readonly<Record<string, never>>;

export interface Shape<Value = unknown> {
  readonly definition: Definition;
  /** The object that this is a stub of; "custom-field": each key is the name of one. */
  readonly refersTo?: Referent;
  /** A stub of an object that has a slug in NetBox: see transform/slugs.ts. */
  readonly slugged?: Slugged;
  /** Holds no value: it carries the TypeScript type. */
  readonly value?: Value;
}

/** Objects with a slug whose names come from Proxmox VE or from settings. */
export type Slugged =
  | "cluster-type"
  | "device-role"
  | "device-type"
  | "l2vpn"
  | "manufacturer"
  | "platform"
  | "site"
  | "tag"
  | "tenant"
  | "vlan-group";

/** The steps whose entities other entities name. */
export type Referent =
  | "tag"
  | "custom-field"
  | "cluster-type"
  | "cluster"
  | "platform"
  | "vrf"
  | "vlan-group"
  | "l2vpn"
  | "vlan"
  | "vm-interface"
  | "interface"
  | "ip-address"
  | "virtual-machine"
  | "device";

/** An arktype expression such as "string > 0", or made of other shapes. */
export type Definition =
  | string
  | { readonly object: Shapes }
  | { readonly listOf: Shape }
  | { readonly mapOf: Shape }
  | { readonly oneOf: readonly [Shape, Shape] };

export interface Optional {
  readonly presence: "optional";
}
/** Never sent by this program, but compared if another one sent it. */
export interface NotSent {
  readonly presence: "not-sent";
}

/** Field → what it holds. */
export type Shapes = Readonly<Record<string, Shape & Partial<Optional | NotSent>>>;

export type ValueOf<Of> = Of extends { readonly value?: infer Value } ? Exclude<Value, undefined>
  : never;

/** The type of an object that has these fields. */
export type ObjectOf<Of> = Flat<
  & {
    [Name in keyof Of as Of[Name] extends Optional | NotSent ? never : Name]: ValueOf<Of[Name]>;
  }
  & { [Name in keyof Of as Of[Name] extends Optional ? Name : never]?: ValueOf<Of[Name]> }
  & { [Name in keyof Of as Of[Name] extends NotSent ? Name : never]?: never }
>;
type Flat<Type> = Type extends infer Plain ? { [Name in keyof Plain]: Plain[Name] } : never;

export const TEXT: Shape<string> = { definition: "string > 0" };
export const ANY_TEXT: Shape<string> = { definition: "string" };
export const FLAG: Shape<boolean> = { definition: "boolean" };
export const NUMBER: Shape<number> = { definition: "number" };
export const POSITIVE: Shape<number> = { definition: "number > 0" };
export const INT64: Shape<Int64> = { definition: "/^-?\\d{1,19}$/" };
/** A stub of an object that people made, as NetBox has it. */
export const STUB: Shape<object> = { definition: "object" };
export const CLEARED: Shape<Empty> = { definition: { object: {} } };

/** One of these words. */
export function words<const Word extends string>(...all: readonly Word[]): Shape<Word> {
  return { definition: all.map((word) => `'${word}'`).join(" | ") };
}

/** How one entity names another: what identifies it, and what NetBox needs to create it. */
export function stub<Of extends Shapes>(
  object: Of,
  refersTo?: Referent,
): Shape<ObjectOf<Of>> {
  return { definition: { object }, ...(refersTo && { refersTo }) };
}

export function slugged<Of>(kind: Slugged, shape: Shape<Of>): Shape<Of> {
  return { ...shape, slugged: kind };
}

export function arrayOf<Item>(item: Shape<Item>): Shape<readonly Item[]> {
  return { definition: { listOf: item } };
}

export function either<A, B>(a: Shape<A>, b: Shape<B>): Shape<A | B> {
  return { definition: { oneOf: [a, b] } };
}

export function optional<Of extends Shape>(shape: Of): Of & Optional {
  return { ...shape, presence: "optional" };
}

export function notSent<Of extends Shape>(shape: Of): Of & NotSent {
  return { ...shape, presence: "not-sent" };
}

/** Protobuf JSON writes 64-bit integers as strings. */
export function int64(value: number): Int64 {
  return `${BigInt(value)}`;
}

/** The shapes that a shape is made of. */
export function partsOfShape({ definition }: Shape): readonly Shape[] {
  if (typeof definition === "string") return [];
  if ("listOf" in definition) return [definition.listOf];
  if ("mapOf" in definition) return [definition.mapOf];
  return "oneOf" in definition ? definition.oneOf : Object.values(definition.object);
}

export interface ReferenceIn {
  readonly step: Referent;
  /** What identifies the object; for a custom field, its name. */
  readonly stub: object;
  /** "vm_interface.virtual_machine.cluster", "tag.tags[2]" */
  readonly field: string;
}

/** All objects that a value of this shape names, at any depth. An empty stub clears a relation. */
export function* referencesIn(
  { definition, refersTo }: Shape,
  value: unknown,
  field: string,
): Generator<ReferenceIn> {
  if (typeof value !== "object" || value === null || typeof definition === "string") return;
  if ("listOf" in definition && Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      yield* referencesIn(definition.listOf, item, `${field}[${i}]`);
    }
  } else if ("mapOf" in definition && refersTo !== undefined) {
    for (const name of Object.keys(value)) {
      yield { step: refersTo, stub: { name }, field: `${field}.${name}` };
    }
  } else if ("oneOf" in definition && Object.keys(value).length > 0) {
    yield* referencesIn(definition.oneOf[0], value, field);
  } else if ("object" in definition && Object.keys(value).length > 0) {
    if (refersTo !== undefined) yield { step: refersTo, stub: value, field };
    for (const [name, part] of Object.entries(value)) {
      const shape = definition.object[name];
      if (shape !== undefined) yield* referencesIn(shape, part, `${field}.${name}`);
    }
  }
}
