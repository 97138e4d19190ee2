/** A guest's config → which further questions about the guest are worth asking. */
import { parsePropertyString } from "./property-string.ts";
import type { GuestConfig } from "./rows.ts";
import { flag, text, textOrNone } from "./scalar.ts";

/**
 * "1", "enabled=1,type=virtio" → true; absent → false; undefined: it cannot be told.
 * Source: PVE/QemuServer.pm, $agent_fmt.
 */
export function isAgentEnabled(config: GuestConfig): boolean | undefined {
  const agent = textOrNone(config.agent);
  if (typeof agent !== "string") return agent === null ? false : undefined;
  const pairs = parsePropertyString(agent, "enabled");
  return pairs && flag(pairs.get("enabled") ?? false);
}

/** The keys of a container's NIC that hold its addresses, by family. */
export const ADDRESS_KEYS = { 4: "ip", 6: "ip6" } as const;

export type AddressKey = (typeof ADDRESS_KEYS)[keyof typeof ADDRESS_KEYS];

const NIC_REGEXP = /^net\d+$/;
/** What stands in place of an address. */
const DYNAMIC_REGEXP = /^(?:dhcp|manual|auto)$/i;

/** Does the config of a container leave an address open? */
export function hasOpenAddress(config: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(config).some(([key, value]) => {
    const pairs = NIC_REGEXP.test(key) ? containerNic(text(value) ?? "") : undefined;
    if (pairs === undefined) return false;
    const nic = { ip: pairs.get("ip"), ip6: pairs.get("ip6") };
    return Object.values(ADDRESS_KEYS).some((key) => isOpen(nic, key, config["ostype"]));
  });
}

/** "name=eth0,bridge=vmbr0" → pairs; undefined for a text that describes no NIC of a container. */
export function containerNic(text: string): ReadonlyMap<string, string> | undefined {
  const pairs = parsePropertyString(text, "model");
  const isNic = pairs !== undefined && ["name", "hwaddr", "bridge"].some((key) => pairs.has(key));
  return isNic ? pairs : undefined;
}

/**
 * May a container's NIC have addresses of this family that its config does not tell? Those of DHCP ("dhcp"), of SLAAC
 * ("auto") and of the container's own set-up ("manual"), which Proxmox VE leaves alone as well when neither family is
 * given; when one is, it writes the set-up, and the NIC has no address of the other. Where `ostype` is unmanaged, it
 * writes nothing.
 * Source: pve-container, PVE/LXC/Config.pm ($netconf_desc), PVE/LXC/Setup/*.pm (setup_network), Unmanaged.pm.
 */
export function isOpen(
  nic: { readonly [Key in AddressKey]?: string | undefined },
  key: AddressKey,
  ostype?: unknown,
): boolean {
  const value = nic[key];
  const isLeftAlone = (!nic.ip && !nic.ip6) || text(ostype) === "unmanaged";
  // Nothing is written in a blank one.
  return value ? DYNAMIC_REGEXP.test(value) : isLeftAlone;
}
