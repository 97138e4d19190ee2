/** dcim.Platform: of nodes and of guests, once per name; and the name of what a guest or a node runs. */
import type { Platform } from "../../netbox/types/platform.ts";
import { SLUG_RULE } from "../slugs.ts";
import type { TaggedSource } from "../sources.ts";
import {
  METADATA,
  NO_CUSTOM_FIELDS,
  owned,
  rowBuilder,
  SHARED_TAGS,
  skip,
  type Table,
  USERS,
} from "./table.ts";
import { isAgentEnabled } from "../../proxmox/nics.ts";
import type { GuestConfig, Osinfo } from "../../proxmox/rows.ts";
import { text, textOrNone } from "../../proxmox/values.ts";
import type { Policy } from "../policy.ts";
import { ostypePlatform } from "./values.ts";

export interface PlatformSource extends TaggedSource {
  readonly name: string;
  readonly slug: string | undefined;
}

const platform = rowBuilder<PlatformSource>();

export const PLATFORM: Table<PlatformSource, Platform> = {
  name: owned.key(platform.from(
    ["nodeStatus.pveversion", "osinfo.name", "osinfo.version-id", "config.ostype", "config.agent"],
    "node: `Proxmox VE X.Y`; guest: the agent's name and version-id, else its ostype (see the table of OS types); at most 100 characters",
    (p) => p.name,
  )),
  slug: owned.firstWriter(platform.from(
    ["nodeStatus.pveversion", "osinfo.name", "osinfo.version-id", "config.ostype", "config.agent"],
    SLUG_RULE,
    (p) => p.slug,
  )),
  tags: owned.union(platform.from(
    ["stub.tags"],
    SHARED_TAGS,
    (p) => p.tags,
  )),
  ...skip("it would become part of the platform's identity in Diode", "manufacturer"),
  ...skip(USERS, "parent", "description", "comments", "owner"),
  ...skip(NO_CUSTOM_FIELDS, "custom_fields"),
  ...skip(METADATA, "metadata"),
};

/** "Ubuntu 24.04"; null: read, and empty; undefined: not read, or to be kept as it is. */
export function guestPlatform(
  config: GuestConfig | undefined,
  osinfo: Osinfo | undefined,
  policy: Policy,
): string | null | undefined {
  const name = agentPlatform(osinfo);
  if (name !== undefined) return name;
  if (config === undefined) return undefined;
  const isSilent = osinfo === undefined && isAgentEnabled(config) !== false;
  if (isSilent && policy.platformWithoutAgent === "keep") return undefined;
  const ostype = textOrNone(config.ostype);
  const named = typeof ostype === "string" ? ostypePlatform(ostype) : ostype;
  // Without an answer that can be read, what the agent said before may still be true.
  const isUnreadable = textOrNone(osinfo?.name) === undefined;
  return named === null && (isSilent || isUnreadable) ? undefined : named;
}

/** "Ubuntu 24.04" of the agent's answer; undefined: it has no name. */
export function agentPlatform(osinfo: Osinfo | undefined): string | undefined {
  const name = text(osinfo?.name);
  const version = text(osinfo?.["version-id"]);
  return name === undefined || version === undefined || version === "N/A"
    ? name
    : `${name} ${version}`;
}

/** "Proxmox VE 8.4" of its status; undefined: the version cannot be parsed. */
export function nodePlatform(
  { pveversion }: { readonly pveversion?: unknown },
): string | undefined {
  const version = parsePveVersion(text(pveversion) ?? "");
  return version === undefined ? undefined : `Proxmox VE ${version}`;
}

/** "pve-manager/8.4.14/b502d23c55afcba1", "pve-manager/7.4-16/…" → "8.4", "7.4". Source: PVE/API2/Nodes.pm, status. */
export function parsePveVersion(pveversion: string): string | undefined {
  return /\bpve-manager\/(\d+\.\d+)/.exec(pveversion)?.[1];
}
