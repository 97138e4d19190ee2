/** The objects of a NetBox in memory, with indexes that are made when they are first needed. */
import {
  type NetBoxObject,
  type ObjectType,
  partOf,
  type QueryFilter,
} from "./types/object-type.ts";

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
type Index<Key> = ReadonlyMap<Key, NetBoxObject | NetBoxObject[]>;

export class NetBoxObjects {
  static readonly NONE = new NetBoxObjects(new Map());
  /** Path of the type → its objects, by id. */
  readonly #objects: ReadonlyMap<string, readonly NetBoxObject[]>;
  /** Path → id → object. */
  readonly #byId = new Map<string, ReadonlyMap<unknown, NetBoxObject>>();
  /** Path → name of a filter → index. */
  readonly #indexes = new Map<string, Map<string, Index<string>>>();
  /** Path → the object whose stub was asked for last. */
  readonly #stubs = new Map<string, Found>();
  /** Path and key → id of the owner → its parts. */
  readonly #parts = new Map<string, Index<number>>();

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

  /** The last one of each type is kept: the parts of a machine come one after the other. */
  stubOf(type: ObjectType<never>, object: NetBoxObject): object | undefined {
    const last = this.#stubs.get(type.path);
    if (last?.object === object) return last.stub;
    const stub = type.stubOf?.(object, this);
    if (stub !== undefined) this.#stubs.set(type.path, { object, stub });
    return stub;
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
    return listOf(index.get(value));
  }

  /** Parts of an object, by id. `key`: where they name it. */
  partsOf(type: AnyType, key: string, { id }: NetBoxObject): readonly NetBoxObject[] {
    const name = `${type.path} ${key}`;
    let index = this.#parts.get(name);
    if (index === undefined) {
      index = indexOf(this.all(type), (object) => {
        const owner = partOf(object, key, "id");
        return typeof owner === "number" ? owner : undefined;
      });
      this.#parts.set(name, index);
    }
    return listOf(index.get(id));
  }
}

function listOf(found: NetBoxObject | NetBoxObject[] | undefined): readonly NetBoxObject[] {
  if (found === undefined) return [];
  return Array.isArray(found) ? found : [found];
}

/** A single object is not put into a list: most values have one. */
function indexOf<Key>(
  objects: readonly NetBoxObject[],
  of: (object: NetBoxObject) => Key | undefined,
): Index<Key> {
  const index = new Map<Key, NetBoxObject | NetBoxObject[]>();
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
