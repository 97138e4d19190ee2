/** A guest's config → which further questions about the guest are worth asking. */
import { parsePropertyString } from "./property-string.ts";
import type { GuestConfig } from "./rows.ts";
import { flag, text } from "./scalar.ts";

/** "1", "enabled=1,type=virtio" → true; absent → false. Source: PVE/QemuServer.pm, $agent_fmt. */
export function isAgentEnabled(config: GuestConfig): boolean {
  const agent = text(config.agent);
  if (agent === undefined) return false;
  return flag(parsePropertyString(agent, "enabled")?.get("enabled")) === true;
}

const NIC_REGEXP = /^net\d+$/;
const DYNAMIC_REGEXP = /^(?:dhcp|manual|auto)$/i;

/** Does a container get an address from elsewhere than its config? Source: PVE/LXC/Config.pm, $netconf_desc. */
export function hasDynamicAddress(config: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(config).some(([key, value]) => {
    const nic = NIC_REGEXP.test(key) ? parsePropertyString(text(value) ?? "", "name") : undefined;
    return [nic?.get("ip"), nic?.get("ip6")].some((address) => isDynamicAddress(address));
  });
}

/** `ip` or `ip6` of a NIC: "dhcp", "auto" (SLAAC) or "manual" (the guest's own doing). */
export function isDynamicAddress(address: string | undefined): boolean {
  return address !== undefined && DYNAMIC_REGEXP.test(address);
}
