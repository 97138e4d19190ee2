/** Use of the prefixes, and the list of addresses. */
import { canonicalHost, networkOf, splitCidr } from "../../../base/ip-address.ts";
import { compareNatural } from "../../../base/natural-order.ts";
import { counted, groupDigits } from "../../../terminal/tables.ts";
import type { InventoryAddress, RunInventory } from "../../inventory.ts";
import { stripSvg } from "../page/charts.ts";
import { type Html, markup, percent, scrollHtml } from "../page/markup.ts";
import { type Chapter, reportList } from "../page/page.ts";

/** The ones with the most addresses. */
const MOST_PREFIXES = 100;

export function addressesChapter({ addresses, prefixes }: RunInventory): Chapter {
  const uses = prefixUses(addresses, prefixes);
  const many = addresses.length === 1 ? "1 address" : `${groupDigits(addresses.length)} addresses`;
  return {
    id: "addresses",
    title: "Addresses",
    lead: addresses.length === 0
      ? "No addresses."
      : `${many} in ${counted(uses.length, "network")}. Each bar shows a network ` +
        "from its first to its last address; filled parts are in use.",
    body: [
      uses.length > 0 && usesHtml(uses),
      reportList({ id: "address-rows", heading: "All addresses", things: "addresses" }, addresses, [
        { title: "Address", kind: "code", cell: ({ address }) => address },
        { title: "Holder", cell: ({ holder }) => holder },
        { title: "Interface", kind: "code", cell: (row) => row.interface },
      ]),
    ],
  };
}

function usesHtml(uses: readonly PrefixUse[]): Html {
  const shown = uses.length <= MOST_PREFIXES
    ? uses
    : uses.toSorted((a, b) => b.used - a.used).slice(0, MOST_PREFIXES);
  const hidden = uses.length - shown.length;
  const table = markup`<table class="prefixes">
<thead><tr><th scope="col">Network</th><th scope="col">Use</th><th scope="col" class="number">Used</th>
<th scope="col" class="number">Of</th><th scope="col">In NetBox</th></tr></thead>
<tbody>${shown.map(useHtml)}</tbody></table>`;
  return markup`${scrollHtml("Use of networks", table)}${
    hidden > 0 &&
    markup`<p class="more">${groupDigits(hidden)} networks with fewer addresses are not shown.</p>`
  }`;
}

function useHtml({ prefix, isMapped, used, room, parts }: PrefixUse): Html {
  return markup`<tr><th scope="row" class="code">${
    prefix ?? "in no network"
  }</th><td class="taken">${parts.length > 0 && stripSvg(parts)}</td><td class="number">${
    groupDigits(used)
  }</td><td class="number">${
    room !== undefined && room > 0 &&
    markup`${groupDigits(room)} <small>${percent(used / room)}</small>`
  }</td><td>${isMapped ? "as a prefix" : ""}</td></tr>`;
}

export interface PrefixUse {
  /** "10.20.10.0/24"; undefined: addresses in no network. */
  readonly prefix: string | undefined;
  /** Is it a prefix in NetBox, because a node has an interface in it? */
  readonly isMapped: boolean;
  readonly used: number;
  /** IPv4: number of host addresses. */
  readonly room: number | undefined;
  /** IPv4: use of equal parts of the network, 0–1. */
  readonly parts: readonly number[];
}

/** By family and address. An address counts in the smallest network that contains it. */
export function prefixUses(
  addresses: readonly InventoryAddress[],
  prefixes: readonly string[],
): PrefixUse[] {
  const found = addresses.flatMap(({ address }) => parse(address) ?? []);
  const mapped = new Set(prefixes.flatMap((prefix) => parse(prefix)?.network ?? []));
  const networks = new Set([...mapped, ...found.flatMap(({ network }) => network ?? [])]);
  const lengths = [...new Set([...networks].map(lengthOf))].sort((a, b) => b - a);
  const smallest = (host: string): string | undefined => {
    for (const length of lengths) {
      const network = networkOf(host, length);
      if (network !== undefined && networks.has(network)) return network;
    }
    return undefined;
  };
  const hosts = Map.groupBy(new Set(found.map(({ host }) => host)), smallest);
  const strays = hosts.get(undefined) ?? [];
  const none = { prefix: undefined, isMapped: false, room: undefined, parts: [] };
  return [
    ...[...networks].sort(byFamilyAndAddress)
      .map((prefix) => ({
        ...useOf(prefix, hosts.get(prefix) ?? []),
        isMapped: mapped.has(prefix),
      })),
    ...(strays.length === 0 ? [] : [{ ...none, used: strays.length }]),
  ];
}

/** "10.0.0.5/24" → the host and its network, which a single address (/32, /128) does not have. */
function parse(cidr: string) {
  const [text, length] = splitCidr(cidr);
  const host = canonicalHost(text);
  if (host === undefined) return undefined;
  const network = networkOf(host, length);
  const isSingle = network !== undefined && lengthOf(network) === (isIpv6(host) ? 128 : 32);
  return { host, network: isSingle ? undefined : network };
}

function isIpv6(text: string): boolean {
  return text.includes(":");
}

function lengthOf(network: string): number {
  return Number(splitCidr(network)[1]);
}

function byFamilyAndAddress(a: string, b: string): number {
  return Number(isIpv6(a)) - Number(isIpv6(b)) || compareNatural(a, b);
}

/** One for each address of a /24. */
const MOST_PARTS = 256;

function useOf(prefix: string, hosts: readonly string[]): Omit<PrefixUse, "isMapped"> {
  const used = hosts.length;
  if (isIpv6(prefix)) return { prefix, used, room: undefined, parts: [] };
  const length = lengthOf(prefix);
  const size = 2 ** (32 - length);
  const parts = Array.from({ length: Math.min(size, MOST_PARTS) }, () => 0);
  const ofPart = size / parts.length;
  for (const host of hosts) {
    const part = Math.floor((numberOf(host) - numberOf(prefix)) / ofPart);
    parts[part] = (parts[part] ?? 0) + 1 / ofPart;
  }
  // Both addresses of a /31 are hosts. Source: RFC 3021.
  return { prefix, used, room: length === 31 ? 2 : size - 2, parts };
}

/** "10.0.0.5", "10.0.0.0/24" → 32 bits. */
function numberOf(ipv4: string): number {
  return splitCidr(ipv4)[0].split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
}
