/**
 * All objects of a target folder in memory. Equal parts are shared, such as the tags and the tenant of
 * many machines: without that, a million objects need more than twice the memory.
 */
import { NetBoxObjects } from "../netbox/objects.ts";
import type { NetBoxObject } from "../netbox/types/object-type.ts";
import { SURVEYED } from "../netbox/types/surveyed.ts";
import type { TargetFolder } from "./target-files.ts";

/** @throws AppError "input" when a file was changed. */
export async function readTarget(
  folder: Pick<TargetFolder, "objects">,
): Promise<NetBoxObjects> {
  const pool = new SharedValues();
  const byPath = new Map<string, readonly NetBoxObject[]>();
  for (const { name, type } of SURVEYED) {
    const all: NetBoxObject[] = [];
    for await (const objects of folder.objects(name)) {
      for (const object of objects) all.push(pool.shareParts(object));
    }
    byPath.set(type.path, all);
  }
  return new NetBoxObjects(byPath);
}

/** Bounds the memory that the pool itself needs: most parts are shared by objects that are close. */
const MAX_SHARED = 50_000;

/** One value for all that are equal. */
class SharedValues {
  readonly #values = new Map<string, unknown>();

  /** Changes the object: its parts become the shared ones. */
  shareParts(object: NetBoxObject): NetBoxObject {
    const parts = object as Record<string, unknown>;
    for (const key in parts) {
      const value = parts[key];
      if (typeof value === "string" || typeof value === "object" && value !== null) {
        parts[key] = this.#shared(value);
      }
    }
    return object;
  }

  #shared(value: string | object): unknown {
    const key = typeof value === "string" ? value : JSON.stringify(value);
    const known = this.#values.get(key);
    if (typeof known === typeof value) return known;
    if (this.#values.size >= MAX_SHARED) this.#values.clear();
    this.#values.set(key, value);
    return value;
  }
}
