/** extras.Tag: the global tags, the host's, and every tag of a guest. */
import type { Tag } from "../../netbox/types/tag.ts";
import { SLUG_RULE } from "../slugs.ts";
import type { SharedSource } from "../sources.ts";
import { METADATA, owned, rowBuilder, skip, type Table, USERS } from "./table.ts";

export interface TagSource extends SharedSource {
  readonly name: string;
  readonly slug: string | undefined;
  /** Only of the global tags and the host's. */
  readonly color: string | undefined;
}

const tag = rowBuilder<TagSource>();

export const TAG: Table<TagSource, Tag> = {
  name: owned.key(tag.from(
    ["setting.PROXMOX_HOST", "resources.tags", "config.tags"],
    "proxmox-ve, discovered, proxmox-{PROXMOX_HOST}, and each guest tag (split at `;`, in old configs also `,` and blanks)",
    (t) => t.name,
  )),
  slug: owned.firstWriter(tag.from(
    ["setting.PROXMOX_HOST", "resources.tags", "config.tags"],
    SLUG_RULE,
    (t) => t.slug,
  )),
  color: owned.firstWriter(tag.own(
    "proxmox-ve `e57000`, discovered `198754`, proxmox-{PROXMOX_HOST} `fd7e14`; guest tags keep theirs",
    (t) => t.color,
  )),
  ...skip(USERS, "description", "weight", "object_types"),
  ...skip(METADATA, "metadata"),
};
