/** Use of the prefixes, and the list of addresses. */
import { counted, groupDigits } from "../../../terminal/tables.ts";
import ipaddr from "ipaddr.js";
import { compareNatural } from "../../../base/natural-order.ts";
import type { InventoryAddress, RunInventory } from "../../inventory.ts";
import { listHtml, type ReportList } from "../page/list.ts";
import { type Html, markup, percent, px } from "../page/markup.ts";
import type { Chapter } from "../page/page.ts";

/** The ones with the most addresses. */
const MOST_PREFIXES = 100;

export function addressesChapter({ addresses, prefixes }: RunInventory): Chapter {
  const uses = prefixUses(addresses, prefixes);
  const list = addressList(addresses);
  const many = addresses.length === 1 ? "1 address" : `${groupDigits(addresses.length)} addresses`;
  return {
    id: "addresses",
    title: "Addresses",
    lead: addresses.length === 0
      ? "No addresses."
      : `${many} in ${counted(uses.length, "network")}. Each bar shows a network ` +
        "from its first to its last address; filled parts are in use.",
    body: markup`${uses.length > 0 && usesHtml(uses)}${
      addresses.length > 0 && markup`<h3>All addresses</h3>${listHtml(list)}`
    }`,
    lists: addresses.length === 0 ? [] : [list],
  };
}

function usesHtml(uses: readonly PrefixUse[]): Html {
  const shown = uses.length <= MOST_PREFIXES
    ? uses
    : uses.toSorted((a, b) => b.used - a.used).slice(0, MOST_PREFIXES);
  const hidden = uses.length - shown.length;
  return markup`<div class="scroll" role="region" aria-label="Use of networks" tabindex="0"><table class="prefixes">
<thead><tr><th scope="col">Network</th><th scope="col">Use</th><th scope="col" class="number">Used</th>
<th scope="col" class="number">Of</th><th scope="col">In NetBox</th></tr></thead>
<tbody>${shown.map(useHtml)}</tbody></table></div>
${
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

function addressList(addresses: readonly InventoryAddress[]): ReportList<InventoryAddress> {
  return {
    id: "address-rows",
    things: "addresses",
    rows: addresses,
    columns: [
      { title: "Address", kind: "code", cell: ({ address }) => address },
      { title: "Holder", cell: ({ holder }) => holder },
      { title: "Interface", kind: "code", cell: (row) => row.interface },
    ],
  };
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

interface Network {
  readonly text: string;
  readonly start: ipaddr.IPv4 | ipaddr.IPv6;
  readonly length: number;
  readonly isMapped: boolean;
}

/** One for each address of a /24. */
const MOST_PARTS = 256;

/** By family and address. An address counts in the smallest network that contains it. */
export function prefixUses(
  addresses: readonly InventoryAddress[],
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

/** Network text → network. A single address is not a network. */
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
  // Both addresses of a /31 are hosts. Source: RFC 3021.
  return { prefix: text, isMapped, used, room: length === 31 ? 2 : size - 2, parts };
}

function numberOf(ipv4: string): number {
  return ipaddr.IPv4.parse(ipv4).octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

function byFamilyAndAddress({ prefix: a = "" }: PrefixUse, { prefix: b = "" }: PrefixUse): number {
  return Number(a.includes(":")) - Number(b.includes(":")) || compareNatural(a, b);
}

/** Shades, from the lightest to full. */
const SHADES = 5;
/** Between two parts, in percent. */
const GAP = 0.1;

/** A bar for a network, filled where addresses are in use. */
export function stripSvg(parts: readonly number[]): Html {
  const width = 100 / parts.length;
  const rects = parts.flatMap((share, i) =>
    share === 0
      ? []
      : markup`<rect class="s${Math.max(1, Math.min(SHADES, Math.ceil(share * SHADES)))}" x="${
        px(i * width)
      }%" width="${px(Math.max(width - GAP, GAP))}%"/>`
  );
  return markup`<svg class="strip" aria-hidden="true">${rects}</svg>`;
}
