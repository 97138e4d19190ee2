/** The objects of a NetBox model as NetBox's REST API shows them: every key, objects in them as they are now. */
import type { NetBoxObject } from "../../src/netbox/types/object-type.ts";
import { contentTypeOf } from "../../src/netbox/types/object-type.ts";
import { SURVEYED, type SurveyedType } from "../../src/netbox/types/surveyed.ts";
import type { ServedObjects } from "../../src/rehearse/netbox/writes.ts";
import type { ModelNetBox, Shown } from "./applied.ts";

/** TABLE: key → what NetBox shows of a new object; null for all others. */
const EMPTY: Readonly<Record<string, unknown>> = {
  tags: [],
  object_types: [],
  tagged_vlans: [],
  comments: "",
  description: "",
  label: "",
  role: null,
  enabled: true,
  required: false,
  start_on_boot: { value: "off" },
  status: { value: "active" },
};
/** Keys of an object that NetBox shows in others. */
const NESTED = ["name", "model", "address", "vid", "slug", "manufacturer"];

/** Path → its objects at the time of reading. What a server changes of them changes the model. */
export function restObjects(model: ModelNetBox): ServedObjects {
  let known: Known | undefined;
  // The server reads it in one go for each request; a test may change the model between two.
  const nowKnown = (): Known => {
    if (known === undefined) {
      known = new Known(model);
      queueMicrotask(() => {
        known?.writeBack();
        known = undefined;
      });
    }
    return known;
  };
  const paths: Record<string, readonly NetBoxObject[]> = {};
  for (const type of SURVEYED) {
    Object.defineProperty(paths, type.type.path, {
      enumerable: true,
      get: () => nowKnown().objectsOf(type),
    });
  }
  return paths;
}

class Known {
  readonly #model: ModelNetBox;
  /** Ids of a model are unique over all types. */
  readonly #byId: ReadonlyMap<number, Shown>;
  readonly #shown = new Map<SurveyedType, readonly NetBoxObject[]>();
  /** As they were read: key → JSON of its value. */
  readonly #before = new Map<NetBoxObject, Readonly<Record<string, string>>>();

  constructor(model: ModelNetBox) {
    this.#model = model;
    this.#byId = new Map(
      SURVEYED.flatMap(({ name }) => model.all(name)).map((row) => [row.id, row]),
    );
  }

  objectsOf(surveyed: SurveyedType): readonly NetBoxObject[] {
    const shown = this.#shown.get(surveyed) ??
      this.#model.all(surveyed.name).map((row) => this.#show(surveyed, row));
    this.#shown.set(surveyed, shown);
    for (const object of shown) {
      if (!this.#before.has(object)) this.#before.set(object, texts(object));
    }
    return shown;
  }

  /** The server changes objects and lists in place. */
  writeBack(): void {
    for (const [{ name }, shown] of this.#shown) {
      const left = new Set(shown.map(({ id }) => id));
      for (const row of this.#model.all(name)) {
        if (this.#byId.has(row.id) && !left.has(row.id)) this.#model.remove(name, row);
      }
      for (const object of shown) {
        const row = this.#model.all(name).find(({ id }) => id === object.id);
        const before = this.#before.get(object) ?? {};
        const changed = Object.entries(texts(object)).filter(([key, text]) => before[key] !== text);
        if (row === undefined) this.#model.add(name, structuredClone(object) as Shown);
        else for (const [key] of changed) row[key] = object[key];
      }
    }
  }

  #show({ keys, type }: SurveyedType, row: Shown): NetBoxObject {
    const shown: Record<string, unknown> = {};
    for (const key of keys) shown[key] = EMPTY[key] ?? null;
    for (const [key, value] of Object.entries(row)) shown[key] = this.#nested(value) ?? shown[key];
    shown["display"] = row["name"] ?? row["address"] ?? row["prefix"] ?? row["model"];
    shown["custom_fields"] = this.#customFields(contentTypeOf(type), row);
    return { ...shown, id: row.id };
  }

  /** NetBox shows every custom field of the type. */
  #customFields(contentType: string, row: Shown): object {
    const names = this.#model.all("custom-field").filter(({ object_types: types }) =>
      (types as string[]).includes(contentType)
    ).map(({ name }) => [String(name), null]);
    return { ...Object.fromEntries(names), ...row["custom_fields"] as object };
  }

  #nested(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((part) => this.#nested(part));
    if (typeof value !== "object" || value === null) return value;
    const parts = Object.entries(value).map(([key, part]) => [key, this.#nested(part)]);
    return { ...Object.fromEntries(parts), ...this.#now((value as Partial<Shown>).id) };
  }

  #now(id: number | undefined): object {
    const row = id === undefined ? undefined : this.#byId.get(id);
    if (row === undefined) return {};
    return Object.fromEntries(NESTED.flatMap((key) => key in row ? [[key, row[key]]] : []));
  }
}

function texts(object: NetBoxObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, JSON.stringify(value)]),
  );
}
