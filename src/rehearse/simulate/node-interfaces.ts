/** Name and options → one row of an interfaces file, as Proxmox spells its kind. */
import type { Random } from "../random.ts";
import type { SiteNode } from "./site.ts";

export type InterfaceRow = Record<string, unknown>;

/** Without an address of its own. */
export const MANUAL = { families: ["inet"], method: "manual", method6: "manual" } as const;

/** Since PVE 9, with the names that the kernel would also take. */
export function nic(of: { node: SiteNode; random: Random }, iface: string): InterfaceRow {
  return {
    ...MANUAL,
    iface,
    type: "eth",
    active: 1,
    exists: 1,
    altnames: of.node.release.major >= 9 ? [`enx${of.random.hex(12)}`] : undefined,
  };
}

export function bond(iface: string, slaves: string): InterfaceRow {
  return {
    ...MANUAL,
    iface,
    type: "bond",
    active: 1,
    autostart: 1,
    bond_miimon: "100",
    bond_mode: "802.3ad",
    bond_xmit_hash_policy: "layer3+4",
    slaves,
  };
}

export function bridge(iface: string, ports: string): InterfaceRow {
  return {
    ...MANUAL,
    iface,
    type: "bridge",
    active: 1,
    autostart: 1,
    bridge_fd: "0",
    bridge_ports: ports,
    bridge_stp: "off",
  };
}

export function vlan(iface: string, raw: { device: string; id: string }): InterfaceRow {
  return {
    ...MANUAL,
    iface,
    type: "vlan",
    active: 1,
    autostart: 1,
    exists: null,
    "vlan-id": raw.id,
    "vlan-raw-device": raw.device,
  };
}
