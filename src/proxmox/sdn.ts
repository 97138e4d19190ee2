/**
 * Reads SDN: zones, their VNets, and the subnets of these, as they are in force. Rows, and values of rows, that cannot
 * be read are listed beside them.
 * Source: pve-network, PVE/Network/SDN/Zones/*Plugin.pm, VnetPlugin.pm, SubnetPlugin.pm, Subnets.pm.
 */
import { canonicalHost, networkOf, splitCidr } from "../base/ip-address.ts";
import { type Answer, incompleteOf, NO_ANSWER, type NotRead, rowsOf, valueOf } from "./answers.ts";
import { PATHS, vnetQuestion } from "./endpoints.ts";
import { mtuOf } from "./hardware.ts";
import type { AnswerSource } from "./listing.ts";
import type { SubnetRow, VnetRow, ZoneRow } from "./rows.ts";
import {
  count,
  flag,
  isBlank,
  list,
  parsePropertyString,
  parseVlanId,
  record,
  splitList,
  text,
} from "./values.ts";

/** TABLE: type of a zone → what the tag of its VNets is. */
const KINDS = {
  /** A bridge on each node, without a connection to other nodes. */
  simple: "none",
  vlan: "vlan",
  /** VLANs inside of the VLAN of the zone. */
  qinq: "vlan",
  vxlan: "vni",
  /** VXLAN with a VRF. */
  evpn: "vni",
  /** Faucet, and types of newer releases. */
  other: "unknown",
} as const;

export type ZoneKind = keyof typeof KINDS;

/** Where a row or a value was read from, as left-out.json names it: path and JSON pointer. */
export interface SdnPlace {
  readonly path: string;
  readonly pointer: string;
}

export interface Zone {
  readonly at: SdnPlace;
  readonly name: string;
  readonly kind: ZoneKind;
  /** As Proxmox VE calls it: "faucet". */
  readonly type: string;
  /** Of a QinQ zone: the outer VLAN. */
  readonly serviceVlanId?: number;
  /** Of a VLAN or QinQ zone: the bridge that carries the VLANs. */
  readonly bridge?: string;
  /** Of an EVPN zone: the VNI of its VRF. */
  readonly vrfVni?: number;
  /** Of an EVPN zone: route targets that are imported, such as "65000:100". */
  readonly importTargets: readonly string[];
  readonly mtu?: number;
  /** Empty: all nodes. */
  readonly nodes: readonly string[];
}

export interface Vnet {
  readonly at: SdnPlace;
  /** The name of its bridge, which the NICs of guests name. */
  readonly name: string;
  readonly zoneName: string;
  /** undefined: not listed, so it is gone, or hidden from the token. */
  readonly zone: Zone | undefined;
  /** undefined: its zone is not listed, and so the meaning of its tag is unknown. */
  readonly kind: ZoneKind | undefined;
  /** In a VLAN or QinQ zone, where a VNet may be without one. */
  readonly vlanId?: number;
  /** In a VXLAN or EVPN zone. */
  readonly vni?: number;
  readonly alias?: string;
  /** Guests may send tagged frames. */
  readonly isVlanAware: boolean;
  readonly subnets: readonly Subnet[];
  /** Why its subnets are not known. */
  readonly subnetsGap?: NotRead;
}

export interface Subnet {
  readonly at: SdnPlace;
  /** "zone1-10.0.0.0-24" */
  readonly id: string;
  /** Canonical: "10.0.0.0/24". */
  readonly cidr: string;
  readonly vnet: string;
  /** Canonical, without a mask. */
  readonly gateway?: string;
  /** Nodes translate source addresses of this subnet. */
  readonly isSnat: boolean;
  readonly dhcpRanges: readonly DhcpRange[];
}

export interface DhcpRange {
  readonly at: SdnPlace;
  readonly start: string;
  readonly end: string;
}

/** A row, or a value of one, that cannot be read. The row itself may still be in use. */
export interface UnreadSdn {
  readonly at: SdnPlace;
  /** "sdn-zone/dc1", "sdn-vnet/web", "sdn-subnet/dc1-10.0.0.0-24". */
  readonly what: string;
  readonly detail: string;
}

export interface Sdn {
  /** By name, in the order of the answer. */
  readonly zones: ReadonlyMap<string, Zone>;
  readonly vnets: ReadonlyMap<string, Vnet>;
  readonly unread: readonly UnreadSdn[];
  /** Path of a listing → why it was not read. */
  readonly gaps: ReadonlyMap<string, NotRead>;
}

/** undefined: it was not captured. A release without SDN has neither zones nor VNets. */
export function readSdn(answers: AnswerSource): Sdn | undefined {
  const [zoneAnswer, vnetAnswer] = [answers.get(PATHS.sdnZones), answers.get(PATHS.sdnVnets)];
  if (zoneAnswer === undefined && vnetAnswer === undefined) return undefined;
  const reader = new SdnReader();
  const zones = byName(reader.rows(PATHS.sdnZones, zoneAnswer).flatMap((row) => reader.zone(row)));
  const vnets = reader.rows(PATHS.sdnVnets, vnetAnswer).flatMap((row) => reader.vnet(row, zones))
    .map((vnet): Vnet => ({ ...vnet, ...reader.subnets(vnet, answers) }));
  return { zones, vnets: byName(vnets), unread: reader.unread, gaps: reader.gaps };
}

/** The VNets of a listing. */
export function vnetNames(answer: Answer | undefined): string[] {
  const rows: readonly VnetRow[] = valueOf(rowsOf(answer)) ?? [];
  return [...new Set(rows.flatMap(({ vnet }) => text(vnet) ?? []))];
}

function byName<Item extends { readonly name: string }>(items: readonly Item[]): Map<string, Item> {
  return new Map(items.map((item) => [item.name, item]));
}

/** A row of a listing, and where it is. */
interface Located<Row> {
  readonly row: Row;
  readonly at: SdnPlace;
}

type BareVnet = Omit<Vnet, "subnets" | "subnetsGap">;

class SdnReader {
  readonly unread: UnreadSdn[] = [];
  readonly gaps = new Map<string, NotRead>();
  /** "sdn-zone/dc1": a second row of that name is not read. */
  readonly #seen = new Set<string>();

  rows(path: string, answer: Answer | undefined): Located<Record<string, unknown>>[] {
    const reading = rowsOf(answer);
    if ("value" in reading) {
      return reading.value.map((row, i) => ({ row, at: { path, pointer: `/data/${i}` } }));
    }
    const isFact = answer !== undefined && incompleteOf(path, answer) === undefined &&
      reading.reason !== "unparsable";
    if (!isFact) this.gaps.set(path, reading);
    return [];
  }

  zone({ row, at }: Located<ZoneRow>): Zone[] {
    const [name, type] = [text(row.zone), text(row.type)];
    const what = `sdn-zone/${name ?? "?"}`;
    if (name === undefined || type === undefined) {
      return this.#refuse(what, at, "a zone needs a name and a type");
    }
    if (!this.#isFirst(what, at)) return [];
    const kind = Object.hasOwn(KINDS, type) ? type as ZoneKind : "other";
    const value = <Value>(key: keyof ZoneRow, read: (written: unknown) => Value | undefined) =>
      this.#value({ row, at }, { what, key, read });
    return [{
      at,
      name,
      kind,
      type,
      ...(kind === "qinq" ? given("serviceVlanId", value("tag", parseVlanId)) : {}),
      ...(KINDS[kind] === "vlan" ? given("bridge", value("bridge", text)) : {}),
      ...(kind === "evpn" ? given("vrfVni", value("vrf-vxlan", vniOf)) : {}),
      importTargets: kind === "evpn" ? splitList(text(row["rt-import"]) ?? "") : [],
      ...given("mtu", value("mtu", mtuOf)),
      nodes: splitList(text(row.nodes) ?? ""),
    }];
  }

  vnet({ row, at }: Located<VnetRow>, zones: ReadonlyMap<string, Zone>): BareVnet[] {
    const [name, zoneName] = [text(row.vnet), text(row.zone)];
    const what = `sdn-vnet/${name ?? "?"}`;
    if (name === undefined || zoneName === undefined) {
      return this.#refuse(what, at, "a VNet needs a name and a zone");
    }
    if (!this.#isFirst(what, at)) return [];
    const zone = zones.get(zoneName);
    const kind = zone?.kind;
    const tagIs = kind === undefined ? "unknown" : KINDS[kind];
    const tag = <Value>(read: (written: unknown) => Value | undefined) =>
      this.#value({ row, at }, { what, key: "tag", read });
    if (tagIs === "none") tag(() => undefined);
    return [{
      at,
      name,
      zoneName,
      zone,
      kind,
      ...(tagIs === "vlan" ? given("vlanId", tag(parseVlanId)) : {}),
      ...(tagIs === "vni" ? given("vni", tag(vniOf)) : {}),
      ...given("alias", this.#value({ row, at }, { what, key: "alias", read: text })),
      isVlanAware: flag(row.vlanaware) ?? false,
    }];
  }

  subnets(vnet: BareVnet, answers: AnswerSource): Pick<Vnet, "subnets" | "subnetsGap"> {
    const question = vnetQuestion("sdnSubnets", vnet.name);
    if (question === undefined) {
      return { subnets: [], subnetsGap: { ...NO_ANSWER, detail: "no VNet can have this name" } };
    }
    const { path } = question;
    const rows = this.rows(path, answers.get(path));
    const gap = this.gaps.get(path);
    return {
      subnets: rows.flatMap((row) => this.#subnet(row, vnet.name)),
      ...(gap === undefined ? {} : { subnetsGap: gap }),
    };
  }

  #subnet({ row, at }: Located<SubnetRow>, vnet: string): Subnet[] {
    const id = text(row.subnet);
    const what = `sdn-subnet/${id ?? "?"}`;
    const cidr = networkOf(...splitCidr(text(row.cidr) ?? cidrIn(id ?? "")));
    if (id === undefined || cidr === undefined) {
      return this.#refuse(what, at, "a subnet needs an ID, and a network that can have prefixes");
    }
    if (!this.#isFirst(what, at)) return [];
    const ranges = this.#value({ row, at }, { what, key: "dhcp-range", read: list }) ?? [];
    const gateway = this.#value({ row, at }, { what, key: "gateway", read: hostIn });
    return [{
      at,
      id,
      cidr,
      vnet,
      ...given("gateway", gateway),
      isSnat: flag(row.snat) ?? false,
      dhcpRanges: ranges.flatMap((range, i) => {
        const place = { ...at, pointer: `${at.pointer}/dhcp-range/${i}` };
        const bounds = boundsOf(range);
        return bounds === undefined
          ? this.#refuse(what, place, "not a DHCP range")
          : [{ at: place, ...bounds }];
      }),
    }];
  }

  /** The value of a key; one that is there and cannot be read is recorded. */
  #value<Value>(
    { row, at }: Located<object>,
    { what, key, read }: {
      readonly what: string;
      readonly key: string;
      readonly read: (written: unknown) => Value | undefined;
    },
  ): Value | undefined {
    const written = (row as Record<string, unknown>)[key];
    if (isBlank(written)) return undefined;
    const value = read(written);
    if (value === undefined) {
      const pointer = `${at.pointer}/${key}`;
      this.#refuse(what, { ...at, pointer }, `${key} ${JSON.stringify(written)}`);
    }
    return value;
  }

  #isFirst(what: string, at: SdnPlace): boolean {
    const isFirst = !this.#seen.has(what);
    if (isFirst) this.#seen.add(what);
    else this.#refuse(what, at, "a second row of this name");
    return isFirst;
  }

  #refuse(what: string, at: SdnPlace, detail: string): [] {
    this.unread.push({ at, what, detail });
    return [];
  }
}

/** An optional key: no key at all for undefined. */
function given<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: Value };
}

/** 24 bits (RFC 7348). */
const MAX_VNI = 2 ** 24 - 1;

function vniOf(value: unknown): number | undefined {
  const vni = count(value);
  return vni !== undefined && vni >= 1 && vni <= MAX_VNI ? vni : undefined;
}

/** "zone1-2001:db8::-64" → "2001:db8::/64" */
function cidrIn(id: string): string {
  const [, network = "", mask = ""] = id.split("-");
  return `${network}/${mask}`;
}

function hostIn(value: unknown): string | undefined {
  return canonicalHost(text(value) ?? "");
}

/** An object since the first release that has ranges; in the file it is a property string. */
function boundsOf(range: unknown): { readonly start: string; readonly end: string } | undefined {
  const pairs = parsePropertyString(text(range) ?? "", "");
  const bounds = record(range) ?? (pairs && Object.fromEntries(pairs));
  const [start, end] = [hostIn(bounds?.["start-address"]), hostIn(bounds?.["end-address"])];
  return start === undefined || end === undefined ? undefined : { start, end };
}
