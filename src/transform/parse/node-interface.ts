/** Names and ports of a node's network configuration. Source: PVE/INotify.pm; proxmox.md §5. */
import { parseVlanId } from "./net.ts";
import { MAX_INTEGER } from "./size.ts";
import { count, number, text } from "../../snapshot/scalar.ts";

/**
 * The VLAN ID of an interface of type vlan: `vlanid` (in no release read), else `vlan-id` (a string),
 * else "vmbr0.20" → 20, else "vlan30" with a raw device → 30.
 */
export function vlanIdOf(row: Readonly<Record<string, unknown>>): number | undefined {
  const name = text(row["iface"]) ?? "";
  const hasRawDevice = text(row["vlan-raw-device"]) !== undefined;
  const written = text(row["vlanid"]) ?? text(row["vlan-id"]) ?? /\.(\d+)$/.exec(name)?.[1] ??
    (hasRawDevice ? /^vlan(\d+)$/.exec(name)?.[1] : undefined);
  return parseVlanId(written);
}

/** The device below: "vmbr0.20" → "vmbr0"; "eno1:1" → "eno1"; else `vlan-raw-device`. */
export function parentOf(row: Readonly<Record<string, unknown>>): string | undefined {
  const name = text(row["iface"]) ?? "";
  return text(row["vlan-raw-device"]) ?? /^(.+)\.\d+$/.exec(name)?.[1] ??
    /^(.+):\d+$/.exec(name)?.[1];
}

/** "eno1 eno2" → ["eno1", "eno2"]; "none" and "" → []. */
export function portsOf(value: unknown): string[] {
  return (text(value) ?? "").split(/[\s,;]+/).filter((port) => port !== "" && port !== "none");
}

/** Source: netbox dcim/constants.py, INTERFACE_MTU_MAX. */
const MAX_MTU_BYTES = 65_536;
const KBPS_PER_MBPS = 1000;

/** "9000" → 9000 bytes; undefined when there is none, or none that NetBox takes. */
export function mtuOf(value: unknown): number | undefined {
  const mtu = count(value);
  return mtu !== undefined && mtu >= 1 && mtu <= MAX_MTU_BYTES ? mtu : undefined;
}

/** Mbps → kbps. Source: netbox dcim/models/device_components.py, Interface.speed: 32 bits. */
export function speedKbps(value: unknown): number | undefined {
  const kbps = Math.round((number(value) ?? 0) * KBPS_PER_MBPS);
  return kbps > 0 && kbps <= MAX_INTEGER ? kbps : undefined;
}
