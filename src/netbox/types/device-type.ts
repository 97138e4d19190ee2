/**
 * Manufacturers, device types and device roles: sent as parts of a device, with their tags. NetBox shows
 * them in a device without tags, so they are looked up.
 */
import { compareTags, type Field, SLUGGED, tagNamesOf, type TagRef, TAGS } from "./fields.ts";
import { unjudgedField } from "./field-result.ts";
import {
  NAMED,
  type Named,
  type ObjectType,
  partOf,
  type Reference,
  referenceTo,
  stubAt,
  textOf,
  valueAt,
} from "./object-type.ts";
import { optional, type Shape, slugged, STUB, stub, TEXT, type ValueOf } from "./shape.ts";

const TAGGED = { ...SLUGGED, tags: optional(TAGS) };
const MANUFACTURER_STUB = slugged("manufacturer", stub(TAGGED));
export const DEVICE_ROLE_STUB = slugged(
  "device-role",
  stub({ ...TAGGED, parent: optional(STUB) }),
);
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
  ...NAMED,
  model: "Manufacturer",
  path: "dcim/manufacturers",
  plural: "manufacturers",
  reads: ["name", "slug", "tags"],
};

export const NETBOX_DEVICE_TYPE: ObjectType<Pick<DeviceTypeRef, "manufacturer" | "model">> = {
  model: "DeviceType",
  path: "dcim/device-types",
  plural: "device types",
  reads: ["model", "slug", "manufacturer", "tags"],
  filters: [{ name: "model", value: ({ model }) => model, of: valueAt("model") }],
  stubOf: (object, known) => ({
    ...stubAt("manufacturer", { object, type: NETBOX_MANUFACTURER, known }),
    model: object["model"],
  }),
  // Two manufacturers may have a model of one name.
  is: ({ model, manufacturer }, object) =>
    object["model"] === model && partOf(object, "manufacturer", "name") === manufacturer.name,
};

export const NETBOX_DEVICE_ROLE: ObjectType<Named> = {
  ...NAMED,
  model: "DeviceRole",
  path: "dcim/device-roles",
  plural: "device roles",
  reads: ["name", "slug", "parent", "tags"],
  stubOf: (object, known) => ({
    name: object["name"],
    ...stubAt("parent", { object, type: NETBOX_DEVICE_ROLE, known }),
  }),
};

/** { id: 1, model: "Proxmox Node", manufacturer: { name: "Proxmox", … }, … } */
export function deviceType(): Field<DeviceTypeRef> {
  return withTags(DEVICE_TYPE_STUB, {
    nameIn: (shown) => typeText(partOf(shown, "manufacturer", "name"), partOf(shown, "model")),
    tagged: (type) => {
      const { manufacturer: maker } = type;
      return [
        { at: "tags", tags: type.tags, of: referenceTo(NETBOX_DEVICE_TYPE, type) },
        { at: "manufacturer.tags", tags: maker.tags, of: referenceTo(NETBOX_MANUFACTURER, maker) },
      ];
    },
  });
}

/** { id: 1, name: "Hypervisor", … } */
export function deviceRole(): Field<DeviceRoleRef> {
  return withTags(DEVICE_ROLE_STUB, {
    nameIn: (shown) => textOf(partOf(shown, "name")),
    tagged: (role) => [{ at: "tags", tags: role.tags, of: referenceTo(NETBOX_DEVICE_ROLE, role) }],
  });
}

/** Tags that are sent within a field, and the object that has them in NetBox. */
interface Tagged {
  readonly at: string;
  readonly tags: readonly TagRef[] | undefined;
  readonly of: Reference;
}

interface WithTags<Value> {
  /** Of the value that was sent, and of what NetBox shows. */
  nameIn(shown: unknown): string | null;
  tagged(value: Value): readonly Tagged[];
}

/** An object that is known by its name; where NetBox shows it within a device, its tags are missing. */
function withTags<Value>(
  shape: Shape<Value>,
  { nameIn, tagged }: WithTags<NoInfer<Value>>,
): Field<Value> {
  return {
    ...shape,
    needs: (value) => tagged(value).map(({ of }) => of),
    compare({ field, value, object, resolve }) {
      const [netbox, sent] = [nameIn(object[field]), nameIn(value)];
      if (netbox !== sent) return [{ field, netbox, sent }];
      return tagged(value).flatMap(({ at, tags, of }) => {
        if (tags === undefined) return [];
        const found = resolve(of);
        const whole = `${field}.${at}`;
        if (found.state === "unclear") return [unjudgedField(found, whole)];
        const known = found.state === "found" ? found.object : undefined;
        return compareTags({ field: whole, netbox: tagNamesOf(known), sent: tags });
      });
    },
  };
}

function typeText(manufacturer: unknown, model: unknown): string | null {
  return model === undefined ? null : `${textOf(manufacturer)} ${textOf(model)}`;
}
