/** Numbers of guests, NICs and nodes → addresses that nobody else in the site has. */
import { createRandom } from "../random.ts";

/** How many guests and nodes the ranges below have room for. */
export const MAX_GUESTS = 2_000_000;
export const MAX_NODES = 10_000;

/** What two sites differ in, so that transforming them together is no heap of duplicates. */
export interface Addressing {
  /** The first /22 in use of every /16: 0–63. */
  readonly subnet: number;
  /** Scatters the MAC addresses: 24 bits. */
  readonly macMask: number;
}

/** An address on a network, and that network. */
export interface Lease {
  /** VLAN id, 1–4094; undefined is the native VLAN. */
  readonly vid: number | undefined;
  readonly bridge: string;
  readonly ipv4: string;
  readonly gateway: string;
  /** Bits of the IPv4 network. */
  readonly prefix: number;
  /** undefined on networks without IPv6, which are most. */
  readonly ipv6: string | undefined;
  readonly gateway6: string | undefined;
}

/** Each of a guest's three possible NICs is on one of 40 networks, each of them within a /16 of its own. */
const NETWORKS = 40;
const NIC_CLASSES = [
  { octet: 16, vid: 100, bridge: "vmbr0" },
  { octet: 80, vid: 1200, bridge: "vmbr0" },
  { octet: 144, vid: 3040, bridge: "vmbr1" },
] as const;

/** The hosts of one /22: .11 and up, so that gateways and the like have their room below. */
const HOSTS = 1000;
const FIRST_HOST = 11;
const SUBNETS = 64;

/** Second octets of the networks that nodes are on. */
export const NODE_NETWORKS = {
  management: 250,
  storage: 251,
  migration: 252,
  tunnel: 253,
} as const;

export function planAddressing(seed: number): Addressing {
  const random = createRandom(seed, "addressing");
  return { subnet: random.below(SUBNETS), macMask: random.below(2 ** 24) };
}

/** The address that NIC 0–2 of a guest has wherever it has one. */
export function guestLease(addressing: Addressing, nic: { guest: number; number: number }): Lease {
  const { octet, vid, bridge } = NIC_CLASSES[nic.number] ?? NIC_CLASSES[0];
  const host = Math.floor(nic.guest / NETWORKS);
  // Within every forty guests each network comes once, in an order that shifts.
  const network = (nic.guest + host * 17) % NETWORKS;
  const place = placeOf(addressing, { octet: octet + network, host });
  const hasIpv6 = network % 3 === 1;
  return {
    vid: network % 13 === 0 ? undefined : vid + network,
    bridge,
    ipv4: place.ipv4,
    gateway: place.gateway,
    prefix: place.prefix,
    ipv6: hasIpv6 ? place.ipv6 : undefined,
    gateway6: hasIpv6 ? place.gateway6 : undefined,
  };
}

export interface Place {
  readonly ipv4: string;
  readonly gateway: string;
  /** Bits of the IPv4 network; that of IPv6 has 64. */
  readonly prefix: number;
  readonly ipv6: string;
  readonly gateway6: string;
}

/** Host 0, 1, 2 … of a /16 → an address in one of its /22. */
export function placeOf(addressing: Addressing, at: { octet: number; host: number }): Place {
  const subnet = (addressing.subnet + Math.floor(at.host / HOSTS)) % SUBNETS;
  const host = FIRST_HOST + (at.host % HOSTS);
  const third = subnet * 4;
  // Neither group is 0, so that the text is what RFC 5952 asks for.
  const network6 = `2001:db8:${at.octet.toString(16)}:${(subnet + 1).toString(16)}`;
  return {
    ipv4: `10.${at.octet}.${third + (host >> 8)}.${host & 255}`,
    gateway: `10.${at.octet}.${third}.1`,
    prefix: 22,
    ipv6: `${network6}::${host.toString(16)}`,
    gateway6: `${network6}::1`,
  };
}

/** "BC:24:11:2E:C5:4A": Proxmox's own prefix, and 24 bits that no other NIC of the site has. */
export function macAddress(addressing: Addressing, nic: { guest: number; number: number }): string {
  const number = nic.number * 2 ** 22 + nic.guest;
  // Multiplying by an odd number permutes the 24-bit numbers.
  const bits = ((number * 0x9e3779) % 2 ** 24) ^ addressing.macMask;
  const tail = bits.toString(16).padStart(6, "0").toUpperCase().match(/../g) ?? [];
  return ["BC", "24", "11", ...tail].join(":");
}

/** "BC:24:11:2E:C5:4A" → "fe80::be24:11ff:fe2e:c54a" (RFC 4291, appendix A). */
export function linkLocal(mac: string): string {
  const bytes = mac.split(":").map((pair) => Number.parseInt(pair, 16));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes;
  const groups = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f];
  return `fe80::${groups.map((group) => group.toString(16)).join(":")}`;
}
