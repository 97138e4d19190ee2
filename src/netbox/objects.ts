/** The objects of a NetBox in memory, with indexes that are made when they are first needed. */
import type { NetBoxObject, ObjectType, QueryFilter } from "./types/object-type.ts";

/** An object that NetBox has of a thing, and what names it in entities. */
export interface Found {
  readonly object: NetBoxObject;
  /** What Diode matches it by. */
  readonly stub: object;
}

/** A thing that NetBox may have. */
export interface Findable {
  readonly found?: Found | undefined;
}

type AnyType = Pick<ObjectType<never>, "path">;
type Index = ReadonlyMap<string, NetBoxObject | NetBoxObject[]>;

export class NetBoxObjects {
  static readonly NONE = new NetBoxObjects(new Map());
  /** Path of the type → its objects, by id. */
  readonly #objects: ReadonlyMap<string, readonly NetBoxObject[]>;
  /** Path → id → object. */
  readonly #byId = new Map<string, ReadonlyMap<unknown, NetBoxObject>>();
  /** Path → name of a filter → index. */
  readonly #indexes = new Map<string, Map<string, Index>>();

  /** `objects`: in any order. */
  constructor(objects: ReadonlyMap<string, readonly NetBoxObject[]>) {
    this.#objects = new Map(
      [...objects].map(([path, own]) => [path, own.toSorted((a, b) => a.id - b.id)]),
    );
  }

  all({ path }: AnyType): readonly NetBoxObject[] {
    return this.#objects.get(path) ?? [];
  }

  get(type: AnyType, id: unknown): NetBoxObject | undefined {
    let index = this.#byId.get(type.path);
    if (index === undefined) {
      index = new Map(this.all(type).map((object) => [object.id, object]));
      this.#byId.set(type.path, index);
    }
    return index.get(id);
  }

  /** Those that a filter finds by a value, by id. */
  having(
    type: AnyType,
    filter: Pick<QueryFilter<never>, "name" | "of">,
    value: string,
  ): readonly NetBoxObject[] {
    let indexes = this.#indexes.get(type.path);
    if (indexes === undefined) {
      indexes = new Map();
      this.#indexes.set(type.path, indexes);
    }
    let index = indexes.get(filter.name);
    if (index === undefined) {
      index = indexOf(this.all(type), filter.of);
      indexes.set(filter.name, index);
    }
    const found = index.get(value);
    if (found === undefined) return [];
    return Array.isArray(found) ? found : [found];
  }
}

/** A single object is not put into a list: most values have one. */
function indexOf(
  objects: readonly NetBoxObject[],
  of: (object: NetBoxObject) => string | undefined,
): Index {
  const index = new Map<string, NetBoxObject | NetBoxObject[]>();
  for (const object of objects) {
    const value = of(object);
    if (value === undefined) continue;
    const found = index.get(value);
    if (found === undefined) index.set(value, object);
    else if (Array.isArray(found)) found.push(object);
    else index.set(value, [found, object]);
  }
  return index;
}
