/** dcim.Platform: the operating system of a guest, or the release of a node. */
import { cutName, MAX_LONG_NAME } from "../names.ts";
import { COMMON, SLUGGED, textField } from "./fields.ts";
import { hasName, lacks, NAMED, type Named } from "./object-type.ts";
import { type EntityType } from "./entity-type.ts";
import { type ObjectOf, optional, slugged, stub, type ValueOf } from "./shape.ts";

export const PLATFORM_STUB = slugged("platform", stub(SLUGGED, "platform"));
export type PlatformRef = ValueOf<typeof PLATFORM_STUB>;

const FIELDS = {
  name: textField(),
  slug: optional(textField()),
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
  is: (platform, object) => hasName(platform, object) && lacks(object, "manufacturer"),
  resembles: hasName,
} satisfies EntityType<Named>;

export function platformRef(name: string): PlatformRef {
  return { name: cutName(name, MAX_LONG_NAME) };
}
