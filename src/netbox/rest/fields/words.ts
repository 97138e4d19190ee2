/** The words of the tables: one for each way in which NetBox's REST API shows a value. */
import { isSameAddress } from "../../../base/ip-address.ts";
import type { CustomFields, Empty, MACAddressRef, SiteRef, TagRef } from "../../types/schema.ts";
import type { Shown } from "../findings.ts";
import { partOf, SITE_SCOPE, textOf } from "../part.ts";
import { compared, type FieldRow, listed, type Outcome, replaced } from "./field.ts";

/** The object was found by it: one that has another value is another object. */
export function identity(how: string): FieldRow<unknown> {
  return { reads: [], how: `found by it: ${how}`, judge: () => [] };
}

export function text(key: string): FieldRow<string> {
  return compared(key, "a text", { sent: textOf, held: textOf });
}

/** 64-bit integers are texts in an entity, and NetBox may show a decimal as a text, too. */
export function number(key: string): FieldRow<number | string> {
  return compared(key, "a number", { sent: Number, held: numberOf });
}

export function flag(key: string): FieldRow<boolean> {
  return compared(key, "true or false", {
    sent: (value) => value,
    held: (shown) => shown === true,
  });
}

/** { value: "active", label: "Active" } */
export function choice(key: string): FieldRow<string> {
  return compared(key, "a choice, by its value", {
    sent: textOf,
    held: (shown) => textOf(partOf(shown, "value")),
  });
}

/** { id: 3, name: "HQ", … } */
export function named(key: string): FieldRow<{ readonly name: string } | Empty> {
  return compared(key, "an object, by its name", {
    sent: ({ name }) => textOf(name),
    held: (shown) => textOf(partOf(shown, "name")),
  });
}

/** scope_type: "dcim.site", scope: { id: 1, name: "HQ", … } */
export function scopeSite(): FieldRow<SiteRef> {
  return {
    reads: ["scope_type", "scope"],
    how: "a scope, by its type and its name",
    judge({ field, value: { name }, object }) {
      const type = textOf(object["scope_type"]);
      const held = textOf(partOf(object, "scope", "name"));
      if (type === SITE_SCOPE && held === name) return [];
      const netbox = type === null || type === SITE_SCOPE ? held : `${type} ${held}`;
      return [{ field, netbox, sent: name }];
    },
  };
}

/** { id: 9, mac_address: "BC:24:11:40:69:5D", … } */
export function macAddress(key: string): FieldRow<MACAddressRef> {
  return compared(key, "a MAC address object", {
    sent: ({ mac_address }) => mac_address.toUpperCase(),
    held: (shown) => textOf(partOf(shown, "mac_address"))?.toUpperCase() ?? null,
  });
}

/** null, or an object such as { id: 50, … }; the entity has the field only to clear it. */
export function cleared(key: string): FieldRow<Empty> {
  return compared(key, "an object, or nothing", {
    sent: () => null,
    held: (shown) => textOf(partOf(shown, "display")),
  });
}

/** An address or a network. */
export function address(key: string): FieldRow<string> {
  return compared(key, "with its mask, however IPv6 is spelled", {
    sent: textOf,
    held: textOf,
    isSame: isSameAddressText,
  });
}

export function replacedNames(key: string): FieldRow<readonly string[]> {
  return replaced(key, "a list of names", { sent: (values) => values, held: textOf });
}

/** [{ id: 10, name: "discovered", slug: "discovered", … }] */
export function tags(): FieldRow<readonly TagRef[]> {
  return listed("tags", "a list of tags, by their names", { sent: tagNames, held: tagName });
}

export function tagNames(tags: readonly TagRef[]): readonly string[] {
  return tags.map(({ name }) => name);
}

export function tagName(shown: unknown): string | null {
  return textOf(partOf(shown, "name"));
}

/** { proxmox_vmid: "105", proxmox_ha_state: null } */
export function customFields(): FieldRow<CustomFields> {
  return {
    reads: ["custom_fields"],
    how: "each by its name",
    judge: ({ field, value, object }) =>
      Object.entries(value).flatMap(([name, typed]): Outcome[] => {
        const whole = `${field}.${name}`;
        const shown = partOf(object, "custom_fields", name);
        if (shown === undefined) {
          const sentence = `NetBox has no custom field "${name}" here`;
          return [{ field: whole, reason: "no-custom-field", sentence }];
        }
        const isNumber = "integer" in typed;
        const sent = isNumber ? Number(typed.integer) : textOf(typed.text);
        const netbox = isNumber ? numberOf(shown) : plainText(shown);
        return sent === netbox ? [] : [{ field: whole, netbox, sent }];
      }),
  };
}

function isSameAddressText(held: Shown, sent: Shown): boolean {
  if (typeof held !== "string" || typeof sent !== "string") return held === sent;
  return isSameAddress(held, sent);
}

function numberOf(shown: unknown): Shown {
  if (textOf(shown) === null) return null;
  const value = Number(shown);
  return Number.isNaN(value) ? plainText(shown) : value;
}

/** A custom field may have been made with another type. */
function plainText(shown: unknown): string | null {
  return typeof shown === "object" && shown !== null ? JSON.stringify(shown) : textOf(shown);
}
