/**
 * Parses the NIC entries of guest configs.
 *
 * "virtio=BC:24:11:2C:FE:01,bridge=vmbr0,tag=10" → { mac, vlanId: 10, … }
 * "name=eth0,hwaddr=BC:24:…,ip=10.0.0.60/24,tag=30" → { name: "eth0", mac, vlanId: 30, ip, … }
 * Source: PVE/QemuServer/Network.pm ($net_fmt), PVE/LXC/Config.pm ($netconf_desc).
 */
import type { GuestKind } from "./endpoints.ts";
import type { GuestConfig } from "./rows.ts";
import {
  type DataRow,
  flag,
  integer,
  parsePropertyString,
  parseVlanId,
  text,
  textOrNone,
} from "./values.ts";

export interface Net {
  /** "virtio"; a container's is "veth". */
  readonly model: string;
  /** LXC only: the interface's name in the container. */
  readonly name: string | undefined;
  /** "BC:24:11:2C:FE:01" */
  readonly mac: string | undefined;
  /** The config has an all-zero MAC: QEMU then picks one itself. */
  readonly hasZeroMac: boolean;
  readonly bridge: string | undefined;
  /** 1–4094: the access VLAN. */
  readonly vlanId: number | undefined;
  /** "2;5-7;30": the tagged VLANs, as written. */
  readonly trunks: string | undefined;
  /** undefined: unknown. */
  readonly isDisconnected: boolean | undefined;
  /** Bytes; undefined when it follows the bridge. */
  readonly mtu: number | undefined;
  /** LXC only: CIDR, "dhcp", "manual", as written. */
  readonly ip: string | undefined;
  /** LXC only: CIDR, "auto", "dhcp", "manual", as written. */
  readonly ip6: string | undefined;
  /** Keys whose values could not be parsed; they are left off. */
  readonly unparsable: readonly string[];
}

const MODELS = new Set(
  ("e1000 e1000-82540em e1000-82544gc e1000-82545em e1000e i82551 i82557b i82559er ne2k_isa " +
    "ne2k_pci pcnet rtl8139 virtio vmxnet3").split(" "),
);
const MAC_REGEXP = /^[0-9A-F]{2}(?::[0-9A-F]{2}){5}$/;
const ZERO_MAC = "00:00:00:00:00:00";
const MAX_MTU_BYTES = { qemu: 65_520, lxc: 65_535 } as const;

/** undefined for a text that is not a NIC. */
export function parseNet(kind: GuestKind, text: string): Net | undefined {
  const pairs = parsePropertyString(text, "model");
  if (pairs === undefined) return undefined;
  if (kind === "lxc") {
    return ["name", "hwaddr", "bridge"].some((key) => pairs.has(key))
      ? readPairs(kind, pairs)
      : undefined;
  }
  const models = [...pairs.keys()].filter((key) => MODELS.has(key));
  if (pairs.has("model")) models.push(pairs.get("model") ?? "");
  const [model = "", second] = models;
  return second === undefined && MODELS.has(model) ? readPairs(kind, pairs, model) : undefined;
}

function readPairs(kind: GuestKind, pairs: ReadonlyMap<string, string>, model?: string): Net {
  const unparsable: string[] = [];
  // A file that was edited by hand may have the model alone ("virtio"): without a MAC, but correct.
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
  // Only a container's NIC has them; a blank one is not given.
  const own = (key: string): string | undefined =>
    (kind === "lxc" ? pairs.get(key) : undefined) || undefined;
  return {
    model: model ?? "veth",
    name: own("name"),
    mac,
    hasZeroMac,
    bridge: pairs.get("bridge") || undefined,
    vlanId,
    mtu: mtu === 1 ? undefined : mtu,
    ip: own("ip"),
    ip6: own("ip6"),
    trunks: pairs.get("trunks") || undefined,
    isDisconnected,
    unparsable,
  };
}

/** "bc:24:11:2c:fe:01" → "BC:24:11:2C:FE:01"; undefined for other texts and for an all-zero MAC. */
export function parseMac(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const mac = value.trim().toUpperCase();
  return mac === ZERO_MAC || !MAC_REGEXP.test(mac) ? undefined : mac;
}

export function isZeroMac(value: unknown): boolean {
  return typeof value === "string" && value.trim() === ZERO_MAC;
}

/** The lowest bit of the first byte marks a group address. Source: IEEE 802. */
export function isMulticastMac(mac: string): boolean {
  return Number.parseInt(mac.slice(0, 2), 16) % 2 === 1;
}

/** In bytes; 1 means "as the bridge". */
function parseMtu(kind: GuestKind, value: string): number | undefined {
  const mtu = integer(value);
  return mtu !== undefined && mtu >= 1 && mtu <= MAX_MTU_BYTES[kind] ? mtu : undefined;
}

/**
 * "1", "enabled=1,type=virtio" → true; absent → false; undefined: unknown.
 * Source: PVE/QemuServer.pm, $agent_fmt.
 */
export function isAgentEnabled(config: GuestConfig): boolean | undefined {
  const agent = textOrNone(config.agent);
  if (typeof agent !== "string") return agent === null ? false : undefined;
  const pairs = parsePropertyString(agent, "enabled");
  return pairs && flag(pairs.get("enabled") ?? false);
}

/** The keys of a container's NIC that have its addresses, by family. */
export const ADDRESS_KEYS = { 4: "ip", 6: "ip6" } as const;

export type AddressKey = (typeof ADDRESS_KEYS)[keyof typeof ADDRESS_KEYS];

/** "net0": a NIC, among the keys of a config. */
export function isNicKey(key: string): boolean {
  return /^net\d+$/.test(key);
}

/** The NICs of a guest's config that can be parsed. */
export function nicsOf(
  kind: GuestKind,
  config: DataRow,
): { readonly key: string; readonly net: Net }[] {
  return Object.keys(config).filter(isNicKey).flatMap((key) => {
    const net = parseNet(kind, text(config[key]) ?? "");
    return net === undefined ? [] : [{ key, net }];
  });
}

/** Written instead of an address. */
const DYNAMIC_REGEXP = /^(?:dhcp|manual|auto)$/i;

/** May a container have an address that its config does not show? */
export function hasOpenAddress(config: DataRow): boolean {
  return nicsOf("lxc", config).some(({ net }) =>
    Object.values(ADDRESS_KEYS).some((key) => isOpen(net, key, config["ostype"]))
  );
}

/**
 * May a container's NIC have addresses of this family that its config does not show? With DHCP ("dhcp"), SLAAC ("auto")
 * and the container's own network configuration ("manual"), yes. Proxmox VE leaves that configuration alone when neither
 * family is given, and always when `ostype` is unmanaged; else it writes it, and a family that is not given has none.
 * Source: pve-container, PVE/LXC/Config.pm ($netconf_desc), PVE/LXC/Setup/*.pm (setup_network), Unmanaged.pm.
 */
export function isOpen(
  nic: { readonly [Key in AddressKey]?: string | undefined },
  key: AddressKey,
  ostype?: unknown,
): boolean {
  const value = nic[key];
  const isLeftAlone = (!nic.ip && !nic.ip6) || text(ostype) === "unmanaged";
  // A blank value counts as not given.
  return value ? DYNAMIC_REGEXP.test(value) : isLeftAlone;
}
