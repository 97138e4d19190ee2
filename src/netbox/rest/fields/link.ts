/** Words for fields that name another object: whether it is that very one, its id tells. */
import type { ClusterRef, Empty, VLANRef } from "../../types/schema.ts";
import { type Found, unjudged } from "../findings.ts";
import type { Reference } from "../kinds.ts";
import { partOf, textOf } from "../part.ts";
import type { FieldRow } from "./field.ts";

/** { id: 2, vid: 20, name: "VLAN 20", … } */
export function vlan(key: string): FieldRow<VLANRef | Empty> {
  return linked(key, {
    reference: (value) => isEmpty(value) ? undefined : { kind: "vlan", identity: value },
    sent: (value) =>
      isEmpty(value)
        ? ""
        : value.site === undefined
        ? value.vid
        : `${value.vid} at ${value.site.name}`,
    held: (shown) => textOf(partOf(shown, "vid")),
  });
}

/** { id: 1, name: "brightwater", … } */
export function cluster(key: string): FieldRow<ClusterRef> {
  return linked(key, {
    reference: (value) => ({ kind: "cluster", identity: value }),
    sent: ({ name, scope_site }) =>
      scope_site === undefined ? name : `${name} at ${scope_site.name}`,
    held: (shown) => textOf(partOf(shown, "name")),
  });
}

interface Link<Value> {
  /** undefined: the value says that there is none. */
  readonly reference: (value: Value) => Reference | undefined;
  readonly sent: (value: Value) => string;
  readonly held: (shown: unknown) => string | null;
}

function linked<Value>(key: string, link: Link<Value>): FieldRow<Value> {
  return {
    reads: [key],
    how: "an object, by its id",
    needs: (value) => [link.reference(value) ?? []].flat(),
    judge({ field, value, object, resolve }) {
      const shown = object[key];
      const id = partOf(shown, "id");
      const netbox = id === undefined ? null : withId(link.held(shown), id);
      const reference = link.reference(value);
      if (reference === undefined) return netbox === null ? [] : [{ field, netbox, sent: null }];
      const found = resolve(reference);
      if (found.state === "unclear") return [unjudged(found, field)];
      if (found.state === "found" && found.object.id === id) return [];
      return [{ field, netbox, sent: withId(link.sent(value), idOf(found)) }];
    },
  };
}

function isEmpty(value: object): value is Empty {
  return Object.keys(value).length === 0;
}

export function idOf(found: Found): number | undefined {
  return found.state === "found" ? found.object.id : undefined;
}

/** Two objects may have one name. */
export function withId(name: string | null, id: unknown): string {
  return id === undefined ? String(name) : `${name} (id ${id})`;
}
