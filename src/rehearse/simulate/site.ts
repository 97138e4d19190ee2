/** The plan of a simulated site: nodes, guests per node, rare cases, and addresses. */
import { createRandom, type Random, weightedRows } from "../random.ts";
import type { NetworkDepth } from "../settings.ts";
import models from "./node-models.json" with { type: "json" };

/** Limits of the address plan below. */
export const MAX_GUESTS = 2_000_000;
export const MAX_NODES = 10_000;

/** Differs between two sites, so that they can be transformed together without duplicates. */
interface Addressing {
  /** The first /22 in use of every /16: 0–63. */
  readonly subnet: number;
  /** Offset of the MAC addresses: 24 bits. */
  readonly macMask: number;
}

/** An address, and its network. */
interface Place {
  readonly ipv4: string;
  readonly gateway: string;
  /** Prefix length of the IPv4 network; IPv6 has 64. */
  readonly prefix: number;
  /** undefined: a network without IPv6, which most are. */
  readonly ipv6: string | undefined;
  readonly gateway6: string | undefined;
}

/** The address of a NIC of a guest. */
export interface Lease extends Place {
  /** VLAN id, 1–4094; undefined is the native VLAN. */
  readonly vid: number | undefined;
  readonly bridge: string;
}

/** Each of the up to three NICs of a guest is on one of 40 networks; each network has a /16. */
const NETWORKS = 40;
const NIC_CLASSES = [
  { octet: 16, vid: 100, bridge: "vmbr0" },
  { octet: 80, vid: 1200, bridge: "vmbr0" },
  { octet: 144, vid: 3040, bridge: "vmbr1" },
] as const;

/** Hosts of one /22 from .11 up; gateways have the numbers below. */
const HOSTS = 1000;
const FIRST_HOST = 11;
const SUBNETS = 64;

/** Second octets of the networks of nodes. */
export const NODE_NETWORKS = {
  management: 250,
  storage: 251,
  migration: 252,
  tunnel: 253,
} as const;

/** The address of NIC 0–2 of a guest. */
export function guestLease(addressing: Addressing, nic: { guest: number; number: number }): Lease {
  const { octet, vid, bridge } = NIC_CLASSES[nic.number] ?? NIC_CLASSES[0];
  const host = Math.floor(nic.guest / NETWORKS);
  // Every forty guests use each network once, in a shifting order.
  const network = (nic.guest + host * 17) % NETWORKS;
  const place = placeOf(addressing, { octet: octet + network, host });
  return {
    ...place,
    ...(network % 3 === 1 ? {} : { ipv6: undefined, gateway6: undefined }),
    vid: network % 13 === 0 ? undefined : vid + network,
    bridge,
  };
}

/** Host 0, 1, 2 … → an address in a /22 of the /16. */
export function placeOf(addressing: Addressing, at: { octet: number; host: number }): Place {
  const subnet = (addressing.subnet + Math.floor(at.host / HOSTS)) % SUBNETS;
  const host = FIRST_HOST + (at.host % HOSTS);
  const third = subnet * 4;
  // No group is 0, so the text is canonical (RFC 5952).
  const network6 = `2001:db8:${at.octet.toString(16)}:${(subnet + 1).toString(16)}`;
  return {
    ipv4: `10.${at.octet}.${third + (host >> 8)}.${host & 255}`,
    gateway: `10.${at.octet}.${third}.1`,
    prefix: 22,
    ipv6: `${network6}::${host.toString(16)}`,
    gateway6: `${network6}::1`,
  };
}

/** "BC:24:11:2E:C5:4A": the prefix of Proxmox and 24 bits that are unique in the site. */
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

export interface SimulateOptions {
  /** 1–10,000. */
  readonly nodes: number;
  /** 0–2,000,000. */
  readonly guests: number;
  /** The same seed gives the same bytes. */
  readonly seed: number;
  /** "full": with SDN, trunks and more; the default is "mapped". */
  readonly networks?: NetworkDepth;
}

export interface Site {
  readonly seed: number;
  readonly hasFullNetworks: boolean;
  /** undefined: a standalone node. */
  readonly clusterName: string | undefined;
  readonly nodes: readonly SiteNode[];
  readonly addressing: Addressing;
  isRare(what: Rarity, guest: number): boolean;
}

export interface SiteNode {
  /** 1, 2, 3 … */
  readonly number: number;
  readonly name: string;
  readonly online: boolean;
  readonly release: Omit<(typeof models.releases)[number], "weight">;
  /** `cores` and `threads` are those of all sockets together. */
  readonly hardware: Omit<(typeof models.hardware)[number], "weight">;
  /** Numbers of its guests, ascending; the first guest of the site is 0. */
  readonly guests: readonly number[];
}

/** TABLE: rare case → one guest in so many, evenly spread, so that small sites have them, too. */
const RARITIES = {
  "config-denied": 653,
  "config-moved": 1999,
  "config-timeout": 853,
  "duplicate-address": 499,
  "duplicate-name": 199,
  "long-name": 701,
  nameless: 149,
  trunks: 61,
  unparsable: 401,
} as const;

type Rarity = keyof typeof RARITIES;

/** Data: node-models.json. */
const RELEASES = weightedRows(models.releases);
const HARDWARE = weightedRows(models.hardware);

/** Sites with fewer nodes have all nodes online. */
const FLEET = 20;
const OFFLINE_SHARE = 0.03;

export function planSite(options: SimulateOptions): Site {
  const random = createRandom(options.seed, "site");
  const offline = drawOffline(random, options.nodes);
  const guests: number[][] = Array.from({ length: options.nodes }, () => []);
  for (let guest = 0; guest < options.guests; guest += 1) {
    guests[random.below(options.nodes)]?.push(guest);
  }
  const nodes = guests.map((numbers, index) => ({
    number: index + 1,
    name: `pve-${String(index + 1).padStart(4, "0")}`,
    online: !offline.has(index),
    release: random.weighted(RELEASES),
    hardware: random.weighted(HARDWARE),
    guests: numbers,
  }));
  const offsets = Object.fromEntries(
    Object.entries(RARITIES).map(([what, every]) => [what, random.below(every)]),
  ) as Record<Rarity, number>;
  const addresses = createRandom(options.seed, "addressing");
  return {
    seed: options.seed,
    hasFullNetworks: options.networks === "full",
    clusterName: options.nodes === 1 ? undefined : `sim-${options.seed}`,
    nodes,
    addressing: { subnet: addresses.below(SUBNETS), macMask: addresses.below(2 ** 24) },
    isRare: (what, guest) => (guest + offsets[what]) % RARITIES[what] === 0,
  };
}

/** The first node answers the API, so it is always online. */
function drawOffline(random: Random, nodes: number): ReadonlySet<number> {
  const count = nodes < FLEET ? 0 : Math.max(1, Math.round(nodes * OFFLINE_SHARE));
  const offline = new Set<number>();
  while (offline.size < count) offline.add(random.between(1, nodes - 1));
  return offline;
}
