/**
 * Reads a row of a node's network answer: VLAN, parent device, ports and MAC address.
 * Source: PVE/INotify.pm.
 */
import { isMulticastMac, isZeroMac, parseMac } from "./nics.ts";
import type { NetworkRow } from "./rows.ts";
import { list, parseVlanId, splitList, text } from "./values.ts";

/**
 * The VLAN ID of an interface of type vlan: `vlanid` (not in the releases seen), else `vlan-id` (a string),
 * else "vmbr0.20" → 20, else "vlan30" with a raw device → 30.
 */
export function vlanIdOf(row: NetworkRow): number | undefined {
  const name = text(row.iface) ?? "";
  const hasRawDevice = text(row["vlan-raw-device"]) !== undefined;
  const written = text(row.vlanid) ?? text(row["vlan-id"]) ?? /\.(\d+)$/.exec(name)?.[1] ??
    (hasRawDevice ? /^vlan(\d+)$/.exec(name)?.[1] : undefined);
  return parseVlanId(written);
}

/** The parent device: `vlan-raw-device`, else "vmbr0.20" → "vmbr0", "eno1:1" → "eno1". */
export function parentOf(row: NetworkRow): string | undefined {
  const name = text(row.iface) ?? "";
  return text(row["vlan-raw-device"]) ?? /^(.+)\.\d+$/.exec(name)?.[1] ??
    /^(.+):\d+$/.exec(name)?.[1];
}

/** "eno1 eno2" → ["eno1", "eno2"]; "none" and "" → []. */
export function portsOf(value: unknown): string[] {
  return splitList(text(value) ?? "").filter((port) => port !== "none");
}

export interface PortMac {
  readonly mac?: string;
  /** An `hwaddress` that an interface cannot have, and why. */
  readonly refused?: {
    readonly written: string;
    readonly reason: "multicast-mac" | "unparsable" | "zero-mac";
  };
}

const HWADDRESS_REGEXP = /^hwaddress\s+(?:ether\s+)?(.*)$/;
const ENX_REGEXP = /^enx([0-9a-f]{12})$/;

/**
 * The MAC address of an interface: the first "hwaddress ether a0:42:3f:01:02:03", which ifupdown2 sets; else the
 * permanent address of the NIC, which udev puts into its name or an alternative name: "enxa0423f010203".
 * Source: ifupdown2, addons/address.py (_get_hwaddress); systemd.net-naming-scheme(7).
 */
export function macOf(row: NetworkRow): PortMac {
  const [written] = allTexts(row.options, row.options6)
    .flatMap((line) => HWADDRESS_REGEXP.exec(line)?.[1] ?? []);
  const set = unicastMac(written);
  const [permanent] = allTexts(row.iface, row.altnames).flatMap((name) => {
    const digits = ENX_REGEXP.exec(name)?.[1];
    return unicastMac(digits?.match(/../g)?.join(":")) ?? [];
  });
  const mac = set ?? permanent;
  return {
    ...(mac === undefined ? {} : { mac }),
    ...(written === undefined || set !== undefined
      ? {}
      : { refused: { written, reason: refusalOf(written) } }),
  };
}

/** Other names of the interface. Source: PVE/Network.pm, altname_mapping. */
export function altnamesOf(row: NetworkRow): string[] {
  return allTexts(row.altnames);
}

function allTexts(...values: readonly unknown[]): string[] {
  return values.flatMap((value) => list(value) ?? [value]).flatMap((value) => text(value) ?? []);
}

function unicastMac(value: string | undefined): string | undefined {
  const mac = parseMac(value);
  return mac === undefined || isMulticastMac(mac) ? undefined : mac;
}

function refusalOf(written: string): NonNullable<PortMac["refused"]>["reason"] {
  if (isZeroMac(written)) return "zero-mac";
  return parseMac(written) === undefined ? "unparsable" : "multicast-mac";
}
