/** What a guest runs, by its agent or else the ostype of its config; and what a node runs. */
import { isAgentEnabled } from "../proxmox/nics.ts";
import type { GuestConfig, Osinfo } from "../proxmox/rows.ts";
import { text, textOrNone } from "../proxmox/values.ts";
import { ostypePlatform } from "./mapping/values.ts";
import type { Policy } from "./settings.ts";

/** "Ubuntu 24.04"; null: read, and empty; undefined: not read, or to be kept as it is. */
export function guestPlatform(
  config: GuestConfig | undefined,
  osinfo: Osinfo | undefined,
  policy: Policy,
): string | null | undefined {
  const name = text(osinfo?.name);
  if (name !== undefined) {
    const version = text(osinfo?.["version-id"]);
    return version === undefined || version === "N/A" ? name : `${name} ${version}`;
  }
  if (config === undefined) return undefined;
  const isSilent = osinfo === undefined && isAgentEnabled(config) !== false;
  if (isSilent && policy.platformWithoutAgent === "keep") return undefined;
  const ostype = textOrNone(config.ostype);
  const named = typeof ostype === "string" ? ostypePlatform(ostype) : ostype;
  // Without an answer that can be read, what the agent said before may still be true.
  const isUnreadable = textOrNone(osinfo?.name) === undefined;
  return named === null && (isSilent || isUnreadable) ? undefined : named;
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
