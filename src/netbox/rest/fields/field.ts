/** The form of a row: a field of an entity → how NetBox shows it, and whether it is as it was sent. */
import type { NetBoxObject } from "../client.ts";
import type { Resolve } from "../finder.ts";
import type { Difference, More, Shown, Unjudged } from "../findings.ts";
import type { Reference } from "../kinds.ts";

export type Outcome = Difference | Unjudged | More;

/** A value that was sent, and the object that should have it. */
export interface Held<Value> {
  /** As the entity calls it. */
  readonly field: string;
  readonly value: Value;
  readonly object: NetBoxObject;
  readonly resolve: Resolve;
}

export interface FieldRow<Value> {
  /** Keys of NetBox's object. */
  readonly reads: readonly string[];
  /** How NetBox shows it, for people. */
  readonly how: string;
  /** Other objects that have to be found before. */
  readonly needs?: (value: Value) => readonly Reference[];
  /** Nothing: it is as it was sent. */
  readonly judge: (held: Held<Value>) => readonly Outcome[];
}

/** A row for every field that an entity may have: the compiler demands it. */
export type FieldTable<Entity> = {
  readonly [
    Field in keyof Entity as SentOf<Entity, Field> extends never ? never : Field
  ]-?: FieldRow<SentOf<Entity, Field>>;
};
type SentOf<Entity, Field extends keyof Entity> = Exclude<Entity[Field], undefined>;

interface Reading<Value> {
  readonly sent: (value: Value) => Shown;
  readonly held: (shown: unknown) => Shown;
  readonly isSame?: (held: Shown, sent: Shown) => boolean;
}

/** One key, one value. */
export function compared<Value>(
  key: string,
  how: string,
  reading: Reading<Value>,
): FieldRow<Value> {
  const isSame = reading.isSame ?? Object.is;
  return {
    reads: [key],
    how,
    judge({ field, value, object }) {
      if (!Object.hasOwn(object, key)) return [absent(field, key)];
      const sent = reading.sent(value);
      const netbox = reading.held(object[key]);
      return isSame(netbox, sent) ? [] : [{ field, netbox, sent }];
    },
  };
}

interface ListReading<Value> {
  readonly sent: (value: Value) => readonly string[];
  /** Of each item. */
  readonly held: (shown: unknown) => string | null;
}

/** What we send must be there; more is no difference. */
export function listed<Value>(
  key: string,
  how: string,
  reading: ListReading<Value>,
): FieldRow<Value> {
  return {
    reads: [key],
    how: `${how}; more in NetBox is no difference`,
    judge({ field, value, object }) {
      const shown = object[key];
      if (!Array.isArray(shown)) return [absent(field, key)];
      const netbox = shown.map(reading.held).filter((name) => name !== null);
      return judgeList({ field, netbox, sent: reading.sent(value) });
    },
  };
}

/**
 * Diode replaces the list, so what NetBox has more of is lost with the next push.
 * Source: diode-netbox-plugin, api/differ.py, which merges tags alone.
 */
export function replaced<Value>(
  key: string,
  how: string,
  reading: ListReading<Value>,
): FieldRow<Value> {
  return {
    reads: [key],
    how: `${how}; more in NetBox is lost with the next push`,
    judge({ field, value, object }) {
      const shown = object[key];
      if (!Array.isArray(shown)) return [absent(field, key)];
      const netbox = shown.map(reading.held).filter((name) => name !== null);
      const sent = reading.sent(value);
      const lost = netbox.filter((name) => !sent.includes(name));
      if (lost.length > 0) return [{ field, netbox, sent, lost }];
      return sent.every((name) => netbox.includes(name)) ? [] : [{ field, netbox, sent }];
    },
  };
}

/** The order aside. */
export function judgeList(
  { field, netbox, sent }: {
    readonly field: string;
    readonly netbox: readonly string[];
    readonly sent: readonly string[];
  },
): readonly Outcome[] {
  const more = netbox.filter((name) => !sent.includes(name));
  return [
    ...(sent.every((name) => netbox.includes(name)) ? [] : [{ field, netbox, sent }]),
    ...(more.length === 0 ? [] : [{ field, values: more }]),
  ];
}

function absent(field: string, key: string): Unjudged {
  return { field, reason: "no-field", sentence: `this release of NetBox shows no "${key}"` };
}
