/** dcim.Platform: of nodes and of guests, once per name. */
import type { Platform } from "../../netbox/types/platform.ts";
import { SLUG_RULE } from "../slugs.ts";
import type { TaggedSource } from "../sources.ts";
import { METADATA, NO_CUSTOM_FIELDS, rowBuilder, skip, type Table, USERS } from "./table.ts";

export interface PlatformSource extends TaggedSource {
  readonly name: string;
  readonly slug: string | undefined;
}

const platform = rowBuilder<PlatformSource>();

export const PLATFORM: Table<PlatformSource, Platform> = {
  name: platform.from(
    ["nodeStatus.pveversion", "osinfo.name", "osinfo.version-id", "config.ostype", "config.agent"],
    "node: `Proxmox VE X.Y`; guest: the agent's name and version-id, else its ostype (see the table of OS types); at most 100 characters",
    (p) => p.name,
  ),
  slug: platform.from(
    ["nodeStatus.pveversion", "osinfo.name", "osinfo.version-id", "config.ostype", "config.agent"],
    SLUG_RULE,
    (p) => p.slug,
  ),
  tags: platform.from(
    ["stub.tags"],
    "the global tags and those of the hosts that have it",
    (p) => p.tags,
  ),
  ...skip("it would become part of the platform's identity in Diode", "manufacturer"),
  ...skip(USERS, "parent", "description", "comments", "owner"),
  ...skip(NO_CUSTOM_FIELDS, "custom_fields"),
  ...skip(METADATA, "metadata"),
};
