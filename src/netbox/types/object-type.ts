/**
 * A type of NetBox objects: its name and path, and how one object is found, by the same criteria as
 * Diode. Source: diode-netbox-plugin, docs/matching-criteria-documentation.md; the
 * filters: NetBox, filtersets.py of each app.
 */
import { autoSlug } from "../names.ts";

/** An object as NetBox's REST API shows it; its keys differ between releases. */
export type NetBoxObject = Readonly<Record<string, unknown>> & { readonly id: number };

/** Objects are asked for by many values at once. */
export interface QueryFilter<Identity> {
  readonly name: string;
  value(identity: Identity, ownerId: number): string;
  /** The value by which the filter finds an object; undefined: by none. */
  of(object: NetBoxObject): string | undefined;
}

/** `Identity`: the part of an entity, and of a stub, that says which object is meant. */
export interface ObjectType<Identity> {
  /** As Diode and NetBox call it: "VMInterface". */
  readonly model: string;
  /** Below /api/, and below NetBox's root in a browser: "virtualization/interfaces". */
  readonly path: string;
  readonly plural: string;
  /** Keys of NetBox's object that `is` and `resembles` read, and those that others read of it. */
  readonly reads: readonly string[];
  /** The object that it belongs to, and cannot be identified without. */
  owner?(identity: Identity): Reference;
  /** Tried in order, each for what the one before it did not find. */
  readonly filters: readonly QueryFilter<Identity>[];
  /** `ownerId`: NetBox's id of the owner. */
  is(identity: Identity, object: NetBoxObject, ownerId: number): boolean;
  /** What Diode matches the object by: the least that a stub has to hold. */
  stubOf?(object: NetBoxObject, known: KnownObjects): object;
  /** Second best: a single one is taken if none `is`, and its fields show what differs. */
  resembles?(identity: Identity, object: NetBoxObject, ownerId: number): boolean;
}

/** The objects of a NetBox, where they are known. */
export interface KnownObjects {
  get(type: Pick<ObjectType<never>, "path">, id: unknown): NetBoxObject | undefined;
  /** undefined: its type has none. */
  stubOf(type: ObjectType<never>, object: NetBoxObject): object | undefined;
}

/** { tenant: { id: 3, name: "Acme" } } → { tenant: { name: "Acme", group: … } }; {} without one. */
export function stubAt<Key extends string>(
  key: Key,
  { object, type, known }: {
    readonly object: NetBoxObject;
    readonly type: ObjectType<never>;
    readonly known: KnownObjects;
  },
): { readonly [Name in Key]?: object } {
  const shown = object[key];
  if ((shown ?? null) === null) return {};
  const whole = known.get(type, partOf(shown, "id")) ?? shown as NetBoxObject;
  const stub = known.stubOf(type, whole) ?? { name: whole["name"] };
  return { [key]: stub } as { readonly [Name in Key]?: object };
}

/** How one entity names another. */
export interface Reference {
  readonly type: ObjectType<object>;
  readonly identity: object;
}

export function referenceTo<Identity extends object>(
  type: ObjectType<Identity>,
  identity: Identity,
): Reference {
  return { type, identity };
}

/** What a token needs to see objects of the type: "virtualization.view_vminterface". */
export function permissionOf({ path, model }: Pick<ObjectType<never>, "path" | "model">): string {
  return `${path.split("/", 1)[0]}.view_${model.toLowerCase()}`;
}

/** How NetBox names the type in a generic relation: "virtualization.vminterface". */
export function contentTypeOf({ path, model }: ObjectType<never>): string {
  return `${path.split("/", 1)[0]}.${model.toLowerCase()}`;
}

export interface Named {
  readonly name: string;
}
export interface WithSlug extends Named {
  readonly slug?: string;
}

export const BY_NAME: QueryFilter<Named> = {
  name: "name",
  value: ({ name }) => name,
  of: valueAt("name"),
};
/** NetBox ignores the case of these names; the index is on the exact ones, which come first. */
export const BY_NAME_FOLDED: QueryFilter<Named> = {
  name: "name__ie",
  value: ({ name }) => name.toLowerCase(),
  of: (object) => textOf(object["name"])?.toLowerCase(),
};
export const BY_NAME_IN_ANY_CASE: readonly QueryFilter<Named>[] = [BY_NAME, BY_NAME_FOLDED];
/** Diode looks for the slug where no object has the name. */
export const BY_NAME_THEN_SLUG: readonly QueryFilter<WithSlug>[] = [
  BY_NAME,
  { name: "slug", value: slugOf, of: valueAt("slug") },
];

/** An object that belongs to another one: all parts of that one are asked for. `key`: where an object names it. */
export function byOwner(key: string): QueryFilter<unknown> {
  return {
    name: `${key}_id`,
    value: (_part, ownerId) => String(ownerId),
    of: valueAt(key, "id"),
  };
}

/** What an object has at a place, as a text. */
export function valueAt(...path: readonly string[]): (object: NetBoxObject) => string | undefined {
  return (object) => textOf(partOf(object, ...path)) ?? undefined;
}

export function hasName({ name }: Named, object: NetBoxObject): boolean {
  return object["name"] === name;
}

/** An object that is known by its name alone. */
export const NAMED = {
  stubOf: ({ name }: NetBoxObject): object => ({ name }),
  key: ({ name }: Named): string => name,
  label: ({ name }: Named): string => name,
  reads: ["name"],
  filters: [BY_NAME],
  is: hasName,
};

export function hasNameInAnyCase({ name }: Named, object: NetBoxObject): boolean {
  return String(object["name"]).toLowerCase() === name.toLowerCase();
}

export function hasSlug(named: WithSlug, object: NetBoxObject): boolean {
  return object["slug"] === slugOf(named);
}

function slugOf({ name, slug }: WithSlug): string {
  return slug ?? autoSlug(name);
}

export function hasTenant({ tenant }: { readonly tenant?: Named }, object: NetBoxObject): boolean {
  return textOf(partOf(object, "tenant", "name")) === (tenant?.name ?? null);
}

export function lacks(object: NetBoxObject, key: string): boolean {
  return (object[key] ?? null) === null;
}

/** ({ site: { name: "HQ" } }, "site", "name") → "HQ"; undefined where a part is missing. */
export function partOf(value: unknown, ...path: readonly string[]): unknown {
  let part = value;
  for (const key of path) {
    const isThere = typeof part === "object" && part !== null && Object.hasOwn(part, key);
    part = isThere ? (part as Readonly<Record<string, unknown>>)[key] : undefined;
  }
  return part;
}

/** An empty text and null both mean nothing: NetBox shows one for texts and the other for the rest. */
export function textOf(value: unknown): string | null {
  return value === undefined || value === null || value === "" ? null : String(value);
}
