/** A small cluster with SDN: `lab(sdnLab({ zones: [{ zone: "lan", type: "vlan" }], vnets: [...], guests: [...] }))`. */
import { PATHS } from "../../src/proxmox/endpoints.ts";
import type { Answer } from "../../src/proxmox/answers.ts";
import type { SettingTexts } from "../../src/transform/settings.ts";
import type { Lab, LabGuest } from "./lab.ts";
import { ok } from "./snapshot-builder.ts";

type Rows = readonly Readonly<Record<string, unknown>>[];

export const FULL: SettingTexts = { SITE_NAME: "HQ", NETWORK_DEPTH: "full" };

export interface SdnParts {
  readonly zones?: Rows | Answer;
  readonly vnets?: Rows | Answer;
  /** By VNet; all others have none. */
  readonly subnets?: Readonly<Record<string, Rows | Answer>>;
}

/** One zone of each kind, called as its kind, with a VNet. */
export const ZONES: Rows = [
  { zone: "vlan", type: "vlan", bridge: "vmbr0" },
  { zone: "qinq", type: "qinq", bridge: "vmbr0", tag: 200 },
  { zone: "vxlan", type: "vxlan" },
  { zone: "evpn", type: "evpn", "vrf-vxlan": 50000 },
  { zone: "simple", type: "simple" },
];
export const VNETS: Rows = [
  { vnet: "office", zone: "vlan", tag: 110, alias: "Office" },
  { vnet: "carrier", zone: "qinq" },
  { vnet: "cust", zone: "qinq", tag: 10 },
  { vnet: "overlay", zone: "vxlan", tag: 30010 },
  { vnet: "web", zone: "evpn", tag: 50010, alias: "web tier" },
  { vnet: "nat", zone: "simple" },
];

export function sdnLab(
  { zones = ZONES, vnets = VNETS, subnets = {}, ...rest }: SdnParts & Lab,
): Lab {
  const answer = (given: Rows | Answer): Answer =>
    Array.isArray(given) ? ok(given) : given as Answer;
  const names = Array.isArray(vnets) ? vnets.map(({ vnet }: Rows[number]) => String(vnet)) : [];
  return {
    nodes: { pve1: {} },
    host: "10.0.0.1",
    ...rest,
    more: {
      [PATHS.sdnZones]: answer(zones),
      [PATHS.sdnVnets]: answer(vnets),
      ...Object.fromEntries(
        names.map((name) => [PATHS.sdnSubnets(name), answer(subnets[name] ?? [])]),
      ),
      ...rest.more,
    },
  };
}

/** A container whose config has one NIC, such as "bridge=office,tag=5". */
export function on(net: string, { vmid = 101, ip = "", ...more }: Partial<LabGuest> & {
  readonly ip?: string;
} = {}): LabGuest {
  const mac = `BC:24:11:00:${String(vmid).slice(-2)}:01`;
  const net0 = [`name=eth0`, `hwaddr=${mac}`, net, ...(ip === "" ? [] : [`ip=${ip}`])].join(",");
  return { vmid, kind: "lxc", config: { net0, hostname: `ct${vmid}` }, ...more };
}
