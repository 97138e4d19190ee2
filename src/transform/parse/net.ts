/**
 * "virtio=BC:24:11:2C:FE:01,bridge=vmbr0,tag=10" → { mac, vlanId: 10, … }
 * "name=eth0,hwaddr=BC:24:…,ip=10.0.0.60/24,tag=30" → { name: "eth0", mac, vlanId: 30, ip, … }
 * Source: PVE/QemuServer/Network.pm ($net_fmt), PVE/LXC/Config.pm ($netconf_desc).
 */
import type { GuestKind } from "../../snapshot/paths.ts";
import { parseVlanId } from "../../snapshot/node-interface.ts";
import { integer, parsePropertyString } from "../../snapshot/property-string.ts";
import { flag } from "../../snapshot/scalar.ts";
import { containerNic } from "../../snapshot/worth-asking.ts";

export interface Net {
  /** LXC only: the interface's name in the container. */
  readonly name?: string;
  /** Upper case, ":" between. */
  readonly mac?: string;
  /** The config gives an all-zero MAC, which identifies no NIC; QEMU then picks one by itself. */
  readonly hasZeroMac?: true;
  /** 1–4094: the access VLAN. */
  readonly vlanId?: number;
  readonly hasTrunks: boolean;
  /** undefined: it cannot be told. */
  readonly isDisconnected: boolean | undefined;
  /** Bytes; absent when it follows the bridge. */
  readonly mtu?: number;
  /** LXC only: CIDR, "dhcp", "manual", as written. */
  readonly ip?: string;
  /** LXC only: CIDR, "auto", "dhcp", "manual", as written. */
  readonly ip6?: string;
  /** The keys whose values are outside the grammar; each was left off. */
  readonly unparsable: readonly string[];
}

const MODELS = new Set(
  ("e1000 e1000-82540em e1000-82544gc e1000-82545em e1000e i82551 i82557b i82559er ne2k_isa " +
    "ne2k_pci pcnet rtl8139 virtio vmxnet3").split(" "),
);
const MAC_REGEXP = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i;
const ZERO_MAC = "00:00:00:00:00:00";
const MAX_MTU_BYTES = { qemu: 65_520, lxc: 65_535 } as const;

/** `undefined` when the text describes no NIC at all. */
export function parseNet(kind: GuestKind, text: string): Net | undefined {
  if (kind === "lxc") {
    const pairs = containerNic(text);
    return pairs && readPairs(kind, pairs);
  }
  const pairs = parsePropertyString(text, "model");
  if (pairs === undefined) return undefined;
  const models = [...pairs.keys()].filter((key) => MODELS.has(key));
  if (models.length + (pairs.has("model") ? 1 : 0) > 1) return undefined;
  const model = models[0] ?? pairs.get("model");
  return model !== undefined && MODELS.has(model) ? readPairs(kind, pairs, model) : undefined;
}

function readPairs(kind: GuestKind, pairs: ReadonlyMap<string, string>, model?: string): Net {
  const unparsable: string[] = [];
  // A hand-edited file may name the model alone ("virtio"): then there is no MAC, and no fault.
  const macKey = kind === "lxc" ? "hwaddr" : pairs.has("macaddr") ? "macaddr" : model ?? "";
  const read = <T>(key: string, parse: (value: string) => T | undefined): T | undefined => {
    const value = pairs.get(key);
    if (value === undefined) return undefined;
    const parsed = value === "" ? undefined : parse(value);
    if (parsed === undefined) unparsable.push(key === macKey ? "mac" : key);
    return parsed;
  };
  const hasZeroMac = isZeroMac(pairs.get(macKey));
  const mac = hasZeroMac ? undefined : read(macKey, parseMac);
  const vlanId = read("tag", (value) => parseVlanId(integer(value)));
  const mtu = read("mtu", (value) => parseMtu(kind, value));
  const isDisconnected = pairs.has("link_down") ? read("link_down", flag) : false;
  const name = kind === "lxc" ? pairs.get("name") : undefined;
  return {
    ...(name ? { name } : {}),
    ...(mac === undefined ? {} : { mac }),
    ...(hasZeroMac ? { hasZeroMac } : {}),
    ...(vlanId === undefined ? {} : { vlanId }),
    ...(mtu === undefined || mtu === 1 ? {} : { mtu }),
    ...(kind === "lxc" ? addressesOf(pairs) : {}),
    hasTrunks: (pairs.get("trunks") ?? "") !== "",
    isDisconnected,
    unparsable,
  };
}

function addressesOf(pairs: ReadonlyMap<string, string>): { ip?: string; ip6?: string } {
  const ip = pairs.get("ip");
  const ip6 = pairs.get("ip6");
  return { ...(ip ? { ip } : {}), ...(ip6 ? { ip6 } : {}) };
}

/** "bc:24:11:2c:fe:01" → "BC:24:11:2C:FE:01"; an all-zero MAC identifies nothing. */
export function parseMac(value: unknown): string | undefined {
  if (typeof value !== "string" || !MAC_REGEXP.test(value.trim())) return undefined;
  const mac = value.trim().toUpperCase();
  return mac === ZERO_MAC ? undefined : mac;
}

export function isZeroMac(value: unknown): boolean {
  return typeof value === "string" && value.trim() === ZERO_MAC;
}

/** The lowest bit of the first byte: a group address, which no interface has. Source: IEEE 802. */
export function isMulticastMac(mac: string): boolean {
  return Number.parseInt(mac.slice(0, 2), 16) % 2 === 1;
}

/** 1 means "as the bridge". */
function parseMtu(kind: GuestKind, value: string): number | undefined {
  const mtu = integer(value);
  return mtu !== undefined && mtu >= 1 && mtu <= MAX_MTU_BYTES[kind] ? mtu : undefined;
}
