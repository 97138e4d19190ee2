/**
 * Manufacturers, device types and device roles: sent as parts of a device, with their tags. NetBox shows
 * them in a device without tags, so they are looked up.
 */
import {
  compareTags,
  type Field,
  type FieldResult,
  type SentValue,
  SLUGGED,
  tagNamesOf,
  type TagRef,
  TAGS,
  unjudged,
} from "./fields.ts";
import {
  BY_NAME,
  hasName,
  type Named,
  type ObjectType,
  partOf,
  type Reference,
  referenceTo,
  textOf,
} from "./object-type.ts";
import { optional, slugged, stub, TEXT, type ValueOf } from "./shape.ts";

const TAGGED = { ...SLUGGED, tags: optional(TAGS) };
const MANUFACTURER_STUB = slugged("manufacturer", stub(TAGGED));
export const DEVICE_ROLE_STUB = slugged("device-role", stub(TAGGED));
export const DEVICE_TYPE_STUB = slugged(
  "device-type",
  stub({
    manufacturer: MANUFACTURER_STUB,
    model: TEXT,
    slug: optional(TEXT),
    tags: optional(TAGS),
  }),
);
export type DeviceRoleRef = ValueOf<typeof DEVICE_ROLE_STUB>;
export type DeviceTypeRef = ValueOf<typeof DEVICE_TYPE_STUB>;

export const NETBOX_MANUFACTURER: ObjectType<Named> = {
  model: "Manufacturer",
  path: "dcim/manufacturers",
  plural: "manufacturers",
  reads: ["name", "tags"],
  filters: [BY_NAME],
  is: hasName,
};

export const NETBOX_DEVICE_TYPE: ObjectType<Pick<DeviceTypeRef, "manufacturer" | "model">> = {
  model: "DeviceType",
  path: "dcim/device-types",
  plural: "device types",
  reads: ["model", "manufacturer", "tags"],
  filters: [{ name: "model", value: ({ model }) => model }],
  is: ({ model, manufacturer }, object) =>
    object["model"] === model && partOf(object, "manufacturer", "name") === manufacturer.name,
};

export const NETBOX_DEVICE_ROLE: ObjectType<Named> = {
  model: "DeviceRole",
  path: "dcim/device-roles",
  plural: "device roles",
  reads: ["name", "tags"],
  filters: [BY_NAME],
  is: hasName,
};

/** { id: 1, model: "Proxmox Node", manufacturer: { name: "Proxmox", … }, … } */
export function deviceType(): Field<DeviceTypeRef> {
  return {
    ...DEVICE_TYPE_STUB,
    needs: (value) => [
      referenceTo(NETBOX_DEVICE_TYPE, value),
      referenceTo(NETBOX_MANUFACTURER, value.manufacturer),
    ],
    compare(sent) {
      const { field, value, object } = sent;
      const shown = object[field];
      const netbox = typeText(partOf(shown, "manufacturer", "name"), partOf(shown, "model"));
      const text = typeText(value.manufacturer.name, value.model);
      if (netbox !== text) return [{ field, netbox, sent: text }];
      const { manufacturer } = value;
      return [
        ...tagOutcomes(value.tags, referenceTo(NETBOX_DEVICE_TYPE, value), {
          ...sent,
          field: `${field}.tags`,
        }),
        ...tagOutcomes(manufacturer.tags, referenceTo(NETBOX_MANUFACTURER, manufacturer), {
          ...sent,
          field: `${field}.manufacturer.tags`,
        }),
      ];
    },
  };
}

/** { id: 1, name: "Hypervisor", … } */
export function deviceRole(): Field<DeviceRoleRef> {
  return {
    ...DEVICE_ROLE_STUB,
    needs: (value) => [referenceTo(NETBOX_DEVICE_ROLE, value)],
    compare(sent) {
      const { field, value, object } = sent;
      const netbox = textOf(partOf(object, field, "name"));
      if (netbox !== value.name) return [{ field, netbox, sent: value.name }];
      return tagOutcomes(value.tags, referenceTo(NETBOX_DEVICE_ROLE, value), {
        ...sent,
        field: `${field}.tags`,
      });
    },
  };
}

function tagOutcomes(
  tags: readonly TagRef[] | undefined,
  reference: Reference,
  { field, resolve }: Pick<SentValue<unknown>, "field" | "resolve">,
): readonly FieldResult[] {
  if (tags === undefined) return [];
  const found = resolve(reference);
  if (found.state === "unclear") return [unjudged(found, field)];
  const object = found.state === "found" ? found.object : undefined;
  return compareTags({ field, netbox: tagNamesOf(object), sent: tags });
}

function typeText(manufacturer: unknown, model: unknown): string | null {
  return model === undefined ? null : `${textOf(manufacturer)} ${textOf(model)}`;
}
