/** What a row of a node's network answer stands on. Source: PVE/INotify.pm; proxmox.md §5. */
import { count, text } from "./scalar.ts";

type Row = Readonly<Record<string, unknown>>;

const MAX_VLAN_ID = 4094;

/**
 * The VLAN ID of an interface of type vlan: `vlanid` (in no release read), else `vlan-id` (a string),
 * else "vmbr0.20" → 20, else "vlan30" with a raw device → 30.
 */
export function vlanIdOf(row: Row): number | undefined {
  const name = text(row["iface"]) ?? "";
  const hasRawDevice = text(row["vlan-raw-device"]) !== undefined;
  const written = text(row["vlanid"]) ?? text(row["vlan-id"]) ?? /\.(\d+)$/.exec(name)?.[1] ??
    (hasRawDevice ? /^vlan(\d+)$/.exec(name)?.[1] : undefined);
  return parseVlanId(written);
}

/** 1–4094 (IEEE 802.1Q). */
export function parseVlanId(value: unknown): number | undefined {
  const id = count(value);
  return id !== undefined && id >= 1 && id <= MAX_VLAN_ID ? id : undefined;
}

/** The device below: "vmbr0.20" → "vmbr0"; "eno1:1" → "eno1"; else `vlan-raw-device`. */
export function parentOf(row: Row): string | undefined {
  const name = text(row["iface"]) ?? "";
  return text(row["vlan-raw-device"]) ?? /^(.+)\.\d+$/.exec(name)?.[1] ??
    /^(.+):\d+$/.exec(name)?.[1];
}

/** "eno1 eno2" → ["eno1", "eno2"]; "none" and "" → []. */
export function portsOf(value: unknown): string[] {
  return (text(value) ?? "").split(/[\s,;]+/).filter((port) => port !== "" && port !== "none");
}
