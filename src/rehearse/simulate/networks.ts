/**
 * What `--networks full` adds to a site: SDN with guests on its VNets, trunks, serial numbers, cloud-init addresses of
 * further NICs, comments and ports with VLANs on nodes. It draws from streams of its own, so that all else stays as it is.
 */
import { Buffer } from "node:buffer";
import type { Answer } from "../../proxmox/answers.ts";
import { PATHS } from "../../proxmox/endpoints.ts";
import { createRandom } from "../random.ts";
import { type Lease, placeOf, type Site, type SiteNode } from "./site.ts";

type Row = Record<string, unknown>;

/** A VNet, its zone, and the /16 of its subnets, which the guests of the site use nowhere else. */
interface SimulatedVnet {
  readonly vnet: string;
  readonly zone: string;
  readonly tag?: number | string;
  readonly alias?: string;
  readonly vlanaware?: 1;
  readonly octet: number;
  readonly isSnat?: true;
  readonly hasIpv6?: true;
  /** The VNet has no subnet in SDN, whatever its guests use. */
  readonly isBare?: true;
}

/** A zone of each kind that a shop has. Source: pve-network, PVE/Network/SDN/Zones/*Plugin.pm. */
const ZONES: readonly Row[] = [
  { zone: "nat", type: "simple", ipam: "pve", dhcp: "dnsmasq" },
  { zone: "lan", type: "vlan", bridge: "vmbr1", ipam: "pve" },
  {
    "zone": "carrier",
    "type": "qinq",
    "bridge": "vmbr1",
    "tag": 3900,
    "vlan-protocol": "802.1ad",
    "ipam": "pve",
  },
  { zone: "carrier2", type: "qinq", bridge: "vmbr1", tag: "3901", ipam: "pve" },
  { zone: "overlay", type: "vxlan", ipam: "pve", mtu: 1450, peers: "10.253.0.12,10.253.0.13" },
  {
    "zone": "fabric",
    "type": "evpn",
    "controller": "evpnctl",
    "vrf-vxlan": 50_000,
    "rt-import": "65000:50001",
    "mtu": 1450,
    "ipam": "pve",
  },
  {
    "zone": "fabric2",
    "type": "evpn",
    "controller": "evpnctl",
    "vrf-vxlan": "50001",
    "mtu": 1450,
    "ipam": "pve",
  },
];

/** TABLE: `fabric` and `fabric2` have the same networks, in two VRFs. */
const VNETS: readonly SimulatedVnet[] = [
  { vnet: "nat1", zone: "nat", octet: 190, isSnat: true, hasIpv6: true },
  { vnet: "nat2", zone: "nat", octet: 191, isBare: true },
  { vnet: "office", zone: "lan", tag: 3500, octet: 192, alias: "Büro, 2. Stock" },
  { vnet: "printers", zone: "lan", tag: "3501", octet: 193 },
  { vnet: "hosting", zone: "lan", tag: 3502, octet: 194, vlanaware: 1, isBare: true },
  { vnet: "cust1", zone: "carrier", tag: 10, octet: 195 },
  { vnet: "custraw", zone: "carrier", octet: 196, isBare: true },
  { vnet: "cust2", zone: "carrier2", tag: 10, octet: 197 },
  { vnet: "vx1", zone: "overlay", tag: 30_001, octet: 198, hasIpv6: true },
  { vnet: "vx2", zone: "overlay", tag: 100, octet: 199, isBare: true },
  { vnet: "evweb", zone: "fabric", tag: "50010", octet: 200, hasIpv6: true, alias: "web tier" },
  { vnet: "evdb", zone: "fabric", tag: 50_020, octet: 201 },
  { vnet: "evtweb", zone: "fabric2", tag: 50_110, octet: 200, hasIpv6: true },
  { vnet: "evtdb", zone: "fabric2", tag: 50_120, octet: 201 },
  // Its zone was removed by hand.
  { vnet: "orphan", zone: "gone", tag: 400, octet: 202 },
];

/** Hosts of one /22, as in `placeOf`. */
const HOSTS_PER_SUBNET = 1000;
const VNET_SHARE = 0.3;

/** The address of the first NIC of a guest that is on a VNet; undefined: it is on a bridge of its node. */
export function vnetLease(site: Site, guest: number): Lease | undefined {
  if (!site.hasFullNetworks) return undefined;
  if (!createRandom(site.seed, `vnet/${guest}`).chance(VNET_SHARE)) return undefined;
  const vnet = VNETS[guest % VNETS.length];
  if (vnet === undefined) return undefined;
  const host = Math.floor(guest / VNETS.length);
  const place = placeOf(site.addressing, { octet: vnet.octet, host });
  const isIpv4Only = vnet.hasIpv6 === undefined;
  return {
    ...place,
    ...(isIpv4Only ? { ipv6: undefined, gateway6: undefined } : {}),
    // Inside of a VLAN-aware VNet, guests use VLANs of their own.
    vid: vnet.vlanaware === 1 && guest % 2 === 0 ? 5 : undefined,
    bridge: vnet.vnet,
  };
}

/** In the config of a virtual machine. */
export const TRUNKS = ["2;5-7", "100-139", "10;20;30", "2-4094"] as const;

/** More VLANs on the first NIC of a guest: "2;5-7". */
export function trunksOf(site: Site, guest: number): string | undefined {
  const random = createRandom(site.seed, `trunks/${guest}`);
  return site.hasFullNetworks && random.chance(0.08) ? random.pick(TRUNKS) : undefined;
}

/** The zones, the VNets, and the subnets of each. */
export function sdnAnswers(site: Site): [string, Answer][] {
  if (!site.hasFullNetworks) return [];
  const answered = (data: unknown): Answer => ({ status: 200, data });
  const vnets = VNETS.map(({ vnet, zone, tag, alias, vlanaware }) => ({
    vnet,
    zone,
    tag,
    alias,
    vlanaware,
    type: "vnet",
    digest: null,
  }));
  return [
    [PATHS.sdnZones, answered(ZONES.map((zone) => ({ ...zone, digest: null })))],
    [PATHS.sdnVnets, answered(vnets)],
    ...VNETS.map((vnet): [string, Answer] => [
      PATHS.sdnSubnets(vnet.vnet),
      answered(subnetRows(site, vnet)),
    ]),
  ];
}

/** One /22 for every thousand guests, and an IPv6 network beside each. */
function subnetRows(site: Site, vnet: SimulatedVnet): Row[] {
  if (vnet.isBare) return [];
  const guests = site.nodes.reduce((sum, node) => sum + node.guests.length, 0);
  const count = Math.max(1, Math.ceil(guests / VNETS.length / HOSTS_PER_SUBNET));
  return Array.from({ length: Math.min(count, 64) }, (_, number) => {
    const host = number * HOSTS_PER_SUBNET;
    const place = placeOf(site.addressing, { octet: vnet.octet, host });
    const ipv4 = subnetRow(vnet, {
      network: place.gateway.replace(/\d+$/, "0"),
      mask: String(place.prefix),
      gateway: place.gateway,
    });
    const ipv6 = subnetRow(vnet, {
      network: String(place.gateway6).replace(/1$/, ""),
      mask: "64",
      gateway: place.gateway6,
    });
    return vnet.hasIpv6 ? [ipv4, ipv6] : [ipv4];
  }).flat();
}

/** Source: PVE/Network/SDN/Subnets.pm, sdn_subnets_config. */
function subnetRow(
  { vnet, zone, isSnat }: SimulatedVnet,
  { network, mask, gateway }: Row & { readonly network: string; readonly mask: string },
): Row {
  const id = `${zone}-${network}-${mask}`;
  const isRanged = isSnat === true && mask !== "64";
  const start = network.replace(/\d+$/, "2");
  const end = network.replace(/\d+$/, "10");
  return {
    "cidr": `${network}/${mask}`,
    "dhcp-range": isRanged ? [{ "start-address": start, "end-address": end }] : [],
    "digest": null,
    gateway,
    id,
    mask,
    network,
    "snat": isSnat ? 1 : undefined,
    "subnet": id,
    "type": "subnet",
    vnet,
    zone,
  };
}

/** Config values of a virtual machine, beside those of every site. */
export function moreVmConfig(
  site: Site,
  { number, nics }: {
    readonly number: number;
    readonly nics: readonly { readonly slot: number; readonly lease: Lease }[];
  },
): Record<string, string> {
  if (!site.hasFullNetworks) return {};
  const random = createRandom(site.seed, `more/${number}`);
  const uuid = random.uuid();
  const serial = `SIM-${random.hex(8).toUpperCase()}`;
  // Proxmox VE encodes what has other characters than its property strings allow.
  const coded = Buffer.from(`${serial} / rack 7`).toString("base64");
  const smbios1 = random.chance(0.7)
    ? `uuid=${uuid},serial=${serial}`
    : `uuid=${uuid},serial=${coded},base64=1`;
  const addresses = nics.map(({ slot, lease: { ipv4, prefix, gateway, ipv6, gateway6 } }) => {
    const own = [`ip=${ipv4}/${prefix}`, `gw=${gateway}`];
    return [
      `ipconfig${slot}`,
      [...own, ...(ipv6 ? [`ip6=${ipv6}/64`, `gw6=${gateway6}`] : [])]
        .join(","),
    ] as const;
  });
  return {
    ...(random.chance(0.2) ? { smbios1 } : {}),
    ...(random.chance(0.15) ? Object.fromEntries(addresses) : {}),
  };
}

/** Of a virtual machine that was suspended to disk, which is listed as stopped. */
export function lockOf(
  site: Site,
  { number, kind, status }: Row & { readonly number: number },
): "suspended" | undefined {
  if (!site.hasFullNetworks || kind !== "qemu" || status !== "stopped") return undefined;
  return createRandom(site.seed, `lock/${number}`).chance(0.1) ? "suspended" : undefined;
}

/** The network of a node, with comments, listed VLANs on bridges, and ports of Open vSwitch with VLANs. */
export function moreNetworkRows(site: Site, node: SiteNode, rows: readonly Row[]): Row[] {
  if (!site.hasFullNetworks) return [...rows];
  const random = createRandom(site.seed, `ports/${node.number}`);
  const described = rows.map((row) => {
    const isBridge = row["bridge_vlan_aware"] === 1;
    return {
      ...row,
      ...(random.chance(0.3) && row["comments"] === undefined
        ? { comments: `rack 7, port ${random.between(1, 48)}\n` }
        : {}),
      ...(isBridge && random.chance(0.5)
        ? { bridge_vids: "10 20 100-139 3500-3502 3900-3901" }
        : {}),
      ...(row["type"] === "OVSBond"
        ? { ovs_options: "trunks=10,20,100,3500 vlan_mode=native-untagged" }
        : {}),
    };
  });
  if (!rows.some(({ type }) => type === "OVSBridge")) return described;
  const port = { ovs_bridge: "vmbr0", ovs_type: "OVSPort", type: "OVSPort", active: 1, exists: 1 };
  return [...described, {
    ...port,
    families: ["inet"],
    iface: "eno5np4",
    method: "manual",
    method6: "manual",
    ovs_tag: String(random.between(100, 139)),
    priority: rows.length + 3,
  }];
}

/** The answer of a guest agent that answers. */
export function hostNameAnswer(name: string | undefined, vmid: number): Answer {
  // Guests that have no name in Proxmox VE have one of their own; some know their domain.
  const own = (name ?? `localhost-${vmid}`).toLowerCase();
  const hostName = vmid % 3 === 0 && !own.includes(".") ? `${own}.sim.example` : own;
  return { status: 200, data: { result: { "host-name": hostName } } };
}
