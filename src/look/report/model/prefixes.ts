/** Addresses and prefixes → how each prefix is used. */
import ipaddr from "ipaddr.js";
import { compareNatural } from "../../../kernel/natural-order.ts";
import type { FleetAddress } from "./fleet.ts";

export interface PrefixUse {
  /** "10.20.10.0/24"; undefined: addresses that stand in no prefix. */
  readonly prefix: string | undefined;
  /** A node has an interface in it, so that NetBox gets it as a prefix. */
  readonly isMapped: boolean;
  readonly used: number;
  /** Of IPv4: how many hosts it has room for. */
  readonly room: number | undefined;
  /** Of IPv4: share of each of its equal parts that is used, 0–1. */
  readonly parts: readonly number[];
}

interface Network {
  readonly text: string;
  readonly start: ipaddr.IPv4 | ipaddr.IPv6;
  readonly length: number;
  readonly isMapped: boolean;
}

/** How many parts a prefix is drawn in: one each address of a /24. */
const MOST_PARTS = 256;

/** In order of family and address. An address counts in the smallest network that it stands in. */
export function prefixUses(
  addresses: readonly FleetAddress[],
  prefixes: readonly string[],
): PrefixUse[] {
  const found = addresses.flatMap(({ address }) => parse(address) ?? []);
  const networks = networksOf(prefixes, found);
  const lengths = [...new Set([...networks.values()].map(({ length }) => length))]
    .sort((a, b) => b - a);
  const byNetwork = Map.groupBy(found, ({ host }) => {
    const length = lengths.find((each) => networks.has(networkText(host, each)));
    return length === undefined ? undefined : networks.get(networkText(host, length));
  });
  const uses = [...networks.values()].map((network) =>
    useOf(network, byNetwork.get(network) ?? [])
  );
  const strays = byNetwork.get(undefined) ?? [];
  const sorted = uses.sort(byFamilyAndAddress);
  if (strays.length === 0) return sorted;
  const used = new Set(strays.map(({ host }) => host.toString())).size;
  return [...sorted, { prefix: undefined, isMapped: false, used, room: undefined, parts: [] }];
}

interface Parsed {
  readonly host: ipaddr.IPv4 | ipaddr.IPv6;
  readonly length: number;
}

function parse(cidr: string): Parsed | undefined {
  if (!ipaddr.isValidCIDR(cidr)) return undefined;
  const [host, length] = ipaddr.parseCIDR(cidr);
  return { host, length };
}

/** By their texts. A single address is no network. */
function networksOf(prefixes: readonly string[], found: readonly Parsed[]): Map<string, Network> {
  const networks = new Map<string, Network>();
  const add = ({ host, length }: Parsed, isMapped: boolean): void => {
    if (length === widthOf(host)) return;
    const text = networkText(host, length);
    if (networks.has(text)) return;
    networks.set(text, { text, start: startOf(host, length), length, isMapped });
  };
  for (const prefix of prefixes.flatMap((text) => parse(text) ?? [])) add(prefix, true);
  for (const address of found) add(address, false);
  return networks;
}

function networkText(host: Parsed["host"], length: number): string {
  return length > widthOf(host) ? "" : `${startOf(host, length).toString()}/${length}`;
}

function widthOf(host: Parsed["host"]): number {
  return host.kind() === "ipv4" ? 32 : 128;
}

function startOf(host: Parsed["host"], length: number): Parsed["host"] {
  const cidr = `${host.toString()}/${length}`;
  return host.kind() === "ipv4"
    ? ipaddr.IPv4.networkAddressFromCIDR(cidr)
    : ipaddr.IPv6.networkAddressFromCIDR(cidr);
}

function useOf({ text, start, length, isMapped }: Network, found: readonly Parsed[]): PrefixUse {
  const hosts = new Set(found.map(({ host }) => host.toString()));
  const used = hosts.size;
  if (start.kind() === "ipv6") {
    return { prefix: text, isMapped, used, room: undefined, parts: [] };
  }
  const size = 2 ** (32 - length);
  const parts = Array.from({ length: Math.min(size, MOST_PARTS) }, () => 0);
  const ofPart = size / parts.length;
  for (const host of hosts) {
    const offset = numberOf(host) - numberOf(start.toString());
    const part = Math.floor(offset / ofPart);
    parts[part] = (parts[part] ?? 0) + 1 / ofPart;
  }
  // Of a /31 both are hosts. Source: RFC 3021.
  return { prefix: text, isMapped, used, room: length === 31 ? 2 : size - 2, parts };
}

function numberOf(ipv4: string): number {
  return ipaddr.IPv4.parse(ipv4).octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

function byFamilyAndAddress({ prefix: a = "" }: PrefixUse, { prefix: b = "" }: PrefixUse): number {
  return Number(a.includes(":")) - Number(b.includes(":")) || compareNatural(a, b);
}
