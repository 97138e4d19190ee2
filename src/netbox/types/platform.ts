/** dcim.Platform: the operating system of a guest, or the release of a node. */
import { cutName, MAX_LONG_NAME } from "../names.ts";
import { NETBOX_MANUFACTURER } from "./device-type.ts";
import { COMMON, identity, SLUGGED, textField } from "./fields.ts";
import { hasName, NAMED, type Named, partOf, stubAt } from "./object-type.ts";
import { type EntityType } from "./entity-type.ts";
import { type ObjectOf, optional, slugged, STUB, stub, type ValueOf } from "./shape.ts";

export const PLATFORM_STUB = slugged(
  "platform",
  stub({ ...SLUGGED, manufacturer: optional(STUB) }, "platform"),
);
export type PlatformRef = ValueOf<typeof PLATFORM_STUB>;

const FIELDS = {
  name: textField(),
  slug: optional(textField()),
  manufacturer: optional(identity(STUB)),
  ...COMMON,
};
export type Platform = ObjectOf<typeof FIELDS>;

export const NETBOX_PLATFORM = {
  model: "Platform",
  path: "dcim/platforms",
  plural: "platforms",
  fields: FIELDS,
  ...NAMED,
  sortedBy: ({ name }: Named) => [name],
  reads: ["name", "slug", "manufacturer"],
  is: (platform: PlatformRef, object) =>
    hasName(platform, object) &&
    partOf(object, "manufacturer", "name") === partOf(platform.manufacturer, "name"),
  stubOf: (object, known) => ({
    name: object["name"],
    ...stubAt("manufacturer", { object, type: NETBOX_MANUFACTURER, known }),
  }),
  resembles: hasName,
} satisfies EntityType<Named>;

export function platformRef(name: string): PlatformRef {
  return { name: cutName(name, MAX_LONG_NAME) };
}
