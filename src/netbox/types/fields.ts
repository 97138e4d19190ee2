/**
 * Kinds of fields: the shape of a value, and how to compare it with what NetBox's REST API shows.
 * Source: NetBox, api/serializers_/ of each app.
 */
import { isOwnCustomField } from "../names.ts";
import { isSameAddress } from "../../base/ip-address.ts";
import {
  type FieldResult,
  idOf,
  type SentValue,
  type Shown,
  type Unjudged,
  unjudgedField,
  withId,
} from "./field-result.ts";
import {
  type NetBoxObject,
  type ObjectType,
  partOf,
  type Reference,
  referenceTo,
  textOf,
} from "./object-type.ts";
import {
  ANY_TEXT,
  arrayOf,
  CLEARED,
  either,
  type Empty,
  FLAG,
  INT64,
  type Int64,
  notSent,
  NUMBER,
  optional,
  POSITIVE,
  type Shape,
  type Shapes,
  slugged,
  stub,
  TEXT,
  type ValueOf,
  words,
} from "./shape.ts";

/** A row of a type's table. */
export interface Field<Value = unknown> extends Shape<Value> {
  /** Keys of NetBox's object that are compared; absent: the field's own name. */
  readonly reads?: readonly string[];
  /** Other objects that have to be found first. */
  needs?(value: Value): readonly Reference[];
  /** No result: NetBox has what was sent. */
  compare(sent: SentValue<Value>): readonly FieldResult[];
}

/** Keys of NetBox's objects that fields are compared with. */
export function comparedKeys(fields: EntityFields): readonly string[] {
  return Object.entries(fields).flatMap(([name, { reads }]) => reads ?? [name]);
}

export type EntityFields = Shapes & Readonly<Record<string, Field>>;

/** Identifies the object: with another value it is another object. */
export function identity<Value>(shape: Shape<Value>): Field<Value> {
  return { ...shape, reads: [], compare: () => [] };
}

export function textField(shape: Shape<string> = TEXT): Field<string> {
  return compared(shape, { sent: textOf, netbox: textOf });
}

export function numberField(): Field<number> {
  return compared(POSITIVE, { sent: Number, netbox: numberOf });
}

export function integerField(): Field<Int64> {
  return compared(INT64, { sent: Number, netbox: numberOf });
}

export function flagField(): Field<boolean> {
  return compared(FLAG, { sent: (value) => value, netbox: (shown) => shown === true });
}

/** { value: "active", label: "Active" } */
export function choiceField<const Word extends string>(...all: readonly Word[]): Field<Word> {
  return compared(words(...all), {
    sent: textOf,
    netbox: (shown) => textOf(partOf(shown, "value")),
  });
}

/** An object by its name: { id: 3, name: "HQ", … } */
export function named<Value extends { readonly name: string } | Empty>(
  shape: Shape<Value>,
): Field<Value> {
  return compared(shape, {
    sent: (value) => textOf(value.name),
    netbox: (shown) => textOf(partOf(shown, "name")),
  });
}

/** { id: 9, mac_address: "BC:24:11:40:69:5D", … } */
export function macAddressField(): Field<{ mac_address: string }> {
  return compared(stub({ mac_address: TEXT }), {
    sent: ({ mac_address }) => mac_address.toUpperCase(),
    netbox: (shown) => textOf(partOf(shown, "mac_address"))?.toUpperCase() ?? null,
  });
}

/** null, or an object such as { id: 50, … }. The field is sent only to clear it. */
export function cleared(): Field<Empty> {
  return compared(CLEARED, {
    sent: () => null,
    netbox: (shown) => textOf(partOf(shown, "address") ?? partOf(shown, "display")),
  });
}

/** An address or a network with its mask, however IPv6 is spelled. */
export function addressField(): Field<string> {
  return compared(TEXT, {
    sent: textOf,
    netbox: textOf,
    isSame: (netbox, sent) =>
      typeof netbox === "string" && typeof sent === "string"
        ? isSameAddress(netbox, sent)
        : netbox === sent,
  });
}

interface Comparison<Value> {
  sent(value: Value): Shown;
  netbox(shown: unknown): Shown;
  isSame?(netbox: Shown, sent: Shown): boolean;
}

function compared<Value>(
  shape: Shape<Value>,
  { sent, netbox, isSame = Object.is }: Comparison<NoInfer<Value>>,
): Field<Value> {
  return {
    ...shape,
    compare({ field, value, object }) {
      if (!Object.hasOwn(object, field)) return [absent(field)];
      const pair = { netbox: netbox(object[field]), sent: sent(value) };
      return isSame(pair.netbox, pair.sent) ? [] : [{ field, ...pair }];
    },
  };
}

function absent(field: string): Unjudged {
  return { field, reason: "no-field", sentence: `this release of NetBox shows no "${field}"` };
}

/**
 * A list of texts that Diode replaces: what NetBox has beyond it is lost with the next push.
 * Source: diode-netbox-plugin, api/differ.py, which merges tags alone.
 */
export function replacedTexts(): Field<readonly string[]> {
  return {
    ...arrayOf(TEXT),
    compare({ field, value, object }) {
      const netbox = listIn(object[field], textOf);
      if (netbox === undefined) return [absent(field)];
      const lost = netbox.filter((name) => !value.includes(name));
      const isSame = lost.length === 0 && value.every((name) => netbox.includes(name));
      return isSame ? [] : [{ field, netbox, sent: value, ...(lost.length > 0 && { lost }) }];
    },
  };
}

/** A slug is sent only where Diode would take one name for another. */
export const SLUGGED = { name: TEXT, slug: optional(TEXT) };
export type SluggedRef = { name: string; slug?: string };

const TAG_STUB = slugged("tag", stub(SLUGGED, "tag"));
export type TagRef = ValueOf<typeof TAG_STUB>;
export const TAGS = arrayOf(TAG_STUB);

/** [{ id: 10, name: "discovered", slug: "discovered", … }]; more in NetBox is no difference. */
export function tags(): Field<readonly TagRef[]> {
  return {
    ...TAGS,
    compare({ field, value, object }) {
      const netbox = listIn(object[field], nameIn);
      return netbox === undefined ? [absent(field)] : compareTags({ field, netbox, sent: value });
    },
  };
}

export function compareTags({ field, netbox, sent }: {
  readonly field: string;
  readonly netbox: readonly string[];
  readonly sent: readonly TagRef[];
}): readonly FieldResult[] {
  const names = sent.map(({ name }) => name);
  const more = netbox.filter((name) => !names.includes(name));
  return [
    ...(names.every((name) => netbox.includes(name)) ? [] : [{ field, netbox, sent: names }]),
    ...(more.length === 0 ? [] : [{ field, values: more }]),
  ];
}

/** The tags of an object that NetBox was asked for. */
export function tagNamesOf(object: NetBoxObject | undefined): readonly string[] {
  return listIn(object?.["tags"], nameIn) ?? [];
}

function listIn(
  shown: unknown,
  read: (item: unknown) => string | null,
): readonly string[] | undefined {
  return Array.isArray(shown) ? shown.map(read).filter((item) => item !== null) : undefined;
}

function nameIn(shown: unknown): string | null {
  return textOf(partOf(shown, "name"));
}

const CUSTOM_FIELD_VALUE = either(
  either(stub({ text: ANY_TEXT }), stub({ integer: INT64 })),
  // Of the user's own fields.
  either(
    either(stub({ decimal: NUMBER }), stub({ boolean: FLAG })),
    stub({ multiple_selection: arrayOf(TEXT) }),
  ),
);
export type CustomFieldValue = ValueOf<typeof CUSTOM_FIELD_VALUE>;
export type CustomFields = Readonly<Record<string, CustomFieldValue>>;

const CUSTOM_FIELDS: Shape<CustomFields> = {
  definition: { mapOf: CUSTOM_FIELD_VALUE },
  refersTo: "custom-field",
};

/** { proxmox_vmid: "105", proxmox_ha_state: null } */
export function customFields(): Field<CustomFields> {
  return {
    ...CUSTOM_FIELDS,
    compare: ({ field, value, object }) =>
      Object.entries(value).flatMap(([name, typed]): FieldResult[] => {
        const whole = `${field}.${name}`;
        const shown = partOf(object, field, name);
        if (shown === undefined) {
          const unknown = isOwnCustomField(name) ? "" : ", or a survey kept no value of it";
          const sentence = `NetBox has no custom field "${name}" here${unknown}`;
          return [{ field: whole, reason: "no-custom-field", sentence }];
        }
        const { sent, netbox } = customValues(typed, shown);
        return isSameShown(sent, netbox) ? [] : [{ field: whole, netbox, sent }];
      }),
  };
}

/** Of one custom field. */
function customValues(value: CustomFieldValue, shown: unknown): { sent: Shown; netbox: Shown } {
  if ("integer" in value || "decimal" in value) {
    const sent = Number("integer" in value ? value.integer : value.decimal);
    return { sent, netbox: numberOf(shown) };
  }
  if ("boolean" in value) return { sent: value.boolean, netbox: shown === true };
  if ("text" in value) return { sent: textOf(value.text), netbox: selectedText(shown) };
  return {
    sent: value.multiple_selection,
    netbox: listIn(shown, selectedText) ?? plainText(shown),
  };
}

/** A selection has no order. */
function isSameShown(a: Shown, b: Shown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  return a.length === b.length && a.every((item) => b.includes(item));
}

/**
 * NetBox shows the choice of a selection with its label: { value: "gold", label: "Gold" }.
 * Source: netbox extras/api/customfields.py, CustomFieldsDataField.
 */
function selectedText(shown: unknown): string | null {
  return textOf(partOf(shown, "value")) ?? plainText(shown);
}

interface Link<Value, Identity> {
  readonly type: ObjectType<Identity>;
  sent(value: Exclude<Value, Empty>): string;
  /** The key that NetBox shows of the object. */
  readonly shown: string;
}

/** An object by its id, where a name alone does not identify it. */
export function linked<Value extends object, Identity extends object>(
  shape: Shape<Value>,
  { type, sent, shown }: Link<Value, Identity>,
): Field<Value> {
  const referenceOf = (value: Value): Reference => referenceTo(type, value as object as Identity);
  return {
    ...shape,
    needs: (value) => isSent(value) ? [referenceOf(value)] : [],
    compare({ field, value, object, resolve }) {
      const id = partOf(object[field], "id");
      const netbox = id === undefined ? null : withId(String(partOf(object[field], shown)), id);
      if (!isSent(value)) return netbox === null ? [] : [{ field, netbox, sent: null }];
      const found = resolve(referenceOf(value));
      if (found.state === "unclear") return [unjudgedField(found, field)];
      if (found.state === "found" && found.object.id === id) return [];
      return [{ field, netbox, sent: withId(sent(value), idOf(found)) }];
    },
  };
}

/** A list of objects by their ids. Diode replaces it: what NetBox has beyond it is lost with the next push. */
export function linkedList<Value extends object, Identity extends object>(
  shape: Shape<Value>,
  { type, sent, shown }: Link<Value, Identity>,
): Field<readonly Value[]> {
  const referenceOf = (value: Value): Reference => referenceTo(type, value as object as Identity);
  return {
    ...arrayOf(shape),
    needs: (values) => values.map(referenceOf),
    compare({ field, value, object, resolve }) {
      const items = object[field];
      if (!Array.isArray(items)) return [absent(field)];
      const netbox = items.map((item) => {
        const id = partOf(item, "id");
        return { id, text: withId(String(partOf(item, shown)), id) };
      });
      const wanted = value.map((each) => ({ each, found: resolve(referenceOf(each)) }));
      const unclear = wanted.find(({ found }) => found.state === "unclear")?.found;
      if (unclear?.state === "unclear") return [unjudgedField(unclear, field)];
      const ids = new Set<unknown>(wanted.map(({ found }) => idOf(found)));
      const lost = netbox.filter(({ id }) => !ids.has(id)).map(({ text }) => text);
      const isSame = lost.length === 0 && !ids.has(undefined) && ids.size === netbox.length;
      return isSame ? [] : [{
        field,
        netbox: netbox.map(({ text }) => text),
        sent: wanted.map(({ each, found }) =>
          withId(sent(each as Exclude<Value, Empty>), idOf(found))
        ),
        ...(lost.length > 0 && { lost }),
      }];
    },
  };
}

/** An empty stub clears the relation. */
function isSent<Value extends object>(value: Value): value is Exclude<Value, Empty> {
  return Object.keys(value).length > 0;
}

/** NetBox may show a decimal as a text. */
function numberOf(shown: unknown): Shown {
  if (textOf(shown) === null) return null;
  const value = Number(shown);
  return Number.isNaN(value) ? plainText(shown) : value;
}

/** A custom field may have been created with another type. */
function plainText(shown: unknown): string | null {
  return typeof shown === "object" && shown !== null ? JSON.stringify(shown) : textOf(shown);
}

/** Fields of nearly every type. */
export const COMMON = { tags: tags(), custom_fields: notSent(customFields()) };
