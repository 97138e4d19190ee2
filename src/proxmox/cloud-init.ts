/**
 * The addresses that cloud-init is to give the NICs of a virtual machine: `ipconfig0` is that of `net0`.
 * Source: qemu-server, PVE/QemuServer/Network.pm ($ipconfig_fmt, parse_ipconfig).
 */
import type { AddressKey } from "./nics.ts";
import { type DataRow, parsePropertyString, text } from "./values.ts";

const KEY_REGEXP = /^ipconfig(\d+)$/;

export interface IpConfig {
  /** "ipconfig0" */
  readonly key: string;
  /** "net0" */
  readonly nic: string;
  /** By family, as written: a CIDR, "dhcp", "auto"; undefined: cannot be parsed. */
  readonly addresses: { readonly [Key in AddressKey]?: string } | undefined;
}

/** All of a config, in the order of its keys. */
export function ipConfigsOf(config: DataRow): IpConfig[] {
  return Object.keys(config).flatMap((key) => {
    const number = KEY_REGEXP.exec(key)?.[1];
    if (number === undefined) return [];
    return [{ key, nic: `net${number}`, addresses: addressesIn(text(config[key])) }];
  });
}

/** Without an address of either family, both are left to DHCP. */
function addressesIn(written: string | undefined): IpConfig["addresses"] {
  const pairs = written === undefined ? undefined : parsePropertyString(written, "");
  if (pairs === undefined) return undefined;
  const [ip, ip6] = [pairs.get("ip"), pairs.get("ip6")];
  if (!ip && !ip6) {
    const hasGateway = Boolean(pairs.get("gw") || pairs.get("gw6"));
    return hasGateway ? undefined : { ip: "dhcp", ip6: "dhcp" };
  }
  return { ...(ip && { ip }), ...(ip6 && { ip6 }) };
}
